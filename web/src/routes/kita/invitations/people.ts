// Everybody who can be invited to a kita, with the latest invitation each was given.
import { answer, api, everyPage } from '$lib/api';
import type { Group, Invitation } from '$lib/api/types';
import { session } from '$lib/session.svelte';
import { compare } from '$lib/i18n/index.svelte';

export interface Person {
	id: string;
	name: string;
	sortedBy: string;
	staff: boolean;
	role?: 'leader' | 'educator';
	email: string;
	signedIn: boolean;
	/** Nobody renews their own password this way. */
	myself: boolean;
	/** Names of a guardian's children. */
	children: string[];
	/** The groups that their children are in today. */
	groups: string[];
	invitation?: Invitation;
}

export interface People {
	people: Person[];
	groups: Group[];
}

export type State = 'none' | 'valid' | 'used' | 'expired' | 'revoked';

export function stateOf(i: Invitation | undefined, now: number): State {
	if (!i) return 'none';
	if (i.used_at) return 'used';
	if (i.revoked_at) return 'revoked';
	return Date.parse(i.expires_at) > now ? 'valid' : 'expired';
}

export async function loadPeople(kita: string): Promise<People> {
	const query = { kita_id: kita, limit: 100 };
	const [guardians, staff, children, groups, invitations] = await Promise.all([
		everyPage((after) => answer(api.GET('/api/v1/guardians', { params: { query: { ...query, after } } }))),
		everyPage((after) => answer(api.GET('/api/v1/staff', { params: { query: { ...query, after } } }))),
		everyPage((after) => answer(api.GET('/api/v1/children', { params: { query: { ...query, after } } }))),
		answer(api.GET('/api/v1/groups', { params: { query: { kita_id: kita } } })),
		everyPage((after) => answer(api.GET('/api/v1/invitations', { params: { query: { ...query, after } } })))
	]);
	const latest = new Map<string, Invitation>();
	// The list begins with the latest.
	for (const i of invitations) {
		const of = i.guardian_id ?? i.staff_id;
		if (of && !latest.has(of)) latest.set(of, i);
	}
	const child = new Map(children.map((c) => [c.id, c]));
	const mine = new Set(session.me?.memberships.map((m) => m.person_id));
	const person = (p: { id: string; first_name: string; last_name: string; email?: string; signed_in?: boolean }) => ({
		id: p.id,
		name: `${p.first_name} ${p.last_name}`,
		sortedBy: `${p.last_name} ${p.first_name}`,
		email: p.email ?? '',
		signedIn: p.signed_in ?? false,
		myself: mine.has(p.id),
		invitation: latest.get(p.id)
	});
	const people: Person[] = [
		...guardians
			// Who is seen without this is not for this leader to invite.
			.filter((g) => g.signed_in !== undefined)
			.map((g) => {
				const own = g.children.filter((c) => !c.banned).flatMap((c) => child.get(c.child_id) ?? []);
				return { ...person(g), staff: false, children: own.map((c) => c.first_name), groups: own.flatMap((c) => c.group?.id ?? []) };
			}),
		...staff.map((s) => ({ ...person(s), staff: true, role: s.role, children: [], groups: [] }))
	];
	return { people: people.sort((a, b) => compare(a.sortedBy, b.sortedBy)), groups: groups.items.filter((g) => !g.archived_at) };
}
