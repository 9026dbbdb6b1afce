// A guardian's own children: not those they look after when they also work at a kita.
import { answer, api, everyPage } from '$lib/api';
import type { Child } from '$lib/api/types';
import { session } from '$lib/session.svelte';

export async function askMyChildren(): Promise<Child[]> {
	const all = await everyPage((after) => answer(api.GET('/api/v1/children', { params: { query: { limit: 100, after } } })));
	const memberships = session.me?.memberships ?? [];
	if (memberships.every((m) => m.role === 'guardian')) return all;
	const records = await Promise.all(
		memberships.flatMap((m) => (m.role === 'guardian' && m.person_id ? [answer(api.GET('/api/v1/guardians/{id}', { params: { path: { id: m.person_id } } }))] : []))
	);
	const mine = new Set(records.flatMap((g) => g.children.map((c) => c.child_id)));
	return all.filter((c) => mine.has(c.id));
}
