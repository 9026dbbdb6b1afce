// What the screens about people share: where they come from, and how they are spoken of.
import { answer, api, everyPage, Refused } from '$lib/api';
import { session } from '$lib/session.svelte';
import { compare, localDay, t } from '$lib/i18n/index.svelte';
import type { Child, Group, Guardian, Staff } from '$lib/api/types';

export const relations = ['mother', 'father', 'parent', 'stepparent', 'grandparent', 'foster', 'legal_guardian', 'other'] as const;

/** The kita that the hat is worn in; who wears none there is told that nothing is here. */
export function kitaHere(): string {
	const kita = session.hat?.kita;
	if (!kita) throw new Refused(404, 'not_found', t('common.not_here'));
	return kita;
}

/** Whether who looks may change people's records. The server decides; this only offers it. */
export const leads = () => session.hat?.role === 'leader';

const whole = (archived: boolean, after?: string) => ({ kita_id: kitaHere(), archived: archived || undefined, limit: 100, after });

/** All children that the hat sees, with their group on the day (today when left out). */
export const everyChild = (o: { archived?: boolean; day?: string } = {}) =>
	everyPage<Child>((after) => answer(api.GET('/api/v1/children', { params: { query: { ...whole(!!o.archived, after), day: o.day } } })));
export const everyGuardian = (archived = false) =>
	everyPage<Guardian>((after) => answer(api.GET('/api/v1/guardians', { params: { query: whole(archived, after) } })));
export const everyColleague = (archived = false) => everyPage<Staff>((after) => answer(api.GET('/api/v1/staff', { params: { query: whole(archived, after) } })));
export const everyGroup = async (archived = false): Promise<Group[]> =>
	(await answer(api.GET('/api/v1/groups', { params: { query: { kita_id: kitaHere(), archived: archived || undefined } } }))).items ?? [];

/** The names under which this device keeps those lists. */
export const kept = (what: 'children' | 'guardians' | 'staff' | 'groups' | 'bans') => `${what} ${session.hat?.kita ?? ''}`;

interface Named {
	first_name: string;
	last_name: string;
}

export const nameOf = (p: Named) => `${p.first_name} ${p.last_name}`;
export const byName = (a: Named, b: Named) => compare(a.last_name, b.last_name) || compare(a.first_name, b.first_name);

/** "4 Jahre", below three "2 Jahre 5 Monate", '' before the birth. */
export function age(born: string, today = localDay(new Date())): string {
	const [y = 0, m = 0, d = 0] = born.split('-').map(Number);
	const [ty = 0, tm = 0, td = 0] = today.split('-').map(Number);
	const months = (ty - y) * 12 + tm - m - (td < d ? 1 : 0);
	if (born > today) return '';
	const years = Math.floor(months / 12);
	if (years >= 3) return t('people.years', { n: years });
	if (years === 0) return t('people.months', { n: months });
	return months % 12 ? `${t('people.years', { n: years })}, ${t('people.months', { n: months % 12 })}` : t('people.years', { n: years });
}

/** The first of August that comes next: a kita year begins. */
export function nextKitaYear(today = localDay(new Date())): string {
	const year = Number(today.slice(0, 4));
	return `${today < `${year}-08-01` ? year : year + 1}-08-01`;
}
