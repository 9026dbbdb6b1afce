// What a family's start has to know of its children's day.
import { answer, api } from '$lib/api';
import { addDays } from '$lib/i18n/index.svelte';
import type { Absence, AbsenceOptions, CalendarDay } from '$lib/api/types';

export interface Day {
	/** By kita. */
	options: Record<string, AbsenceOptions>;
	calendar: Record<string, CalendarDay[]>;
	absences: Absence[];
}

/** How far ahead closing days are told, in days. */
const AHEAD = 35;

/** askDay asks for the day of some kitas, and for the absences of today: of some children, or of all whom the account knows of. */
export async function askDay(today: string, kitas: string[], children?: string[]): Promise<Day> {
	const each = async <T>(f: (kita_id: string) => Promise<T>) => Object.fromEntries(await Promise.all(kitas.map(async (id) => [id, await f(id)] as const)));
	const absences = (child_id?: string) => answer(api.GET('/api/v1/absences', { params: { query: { from: today, to: today, limit: 100, child_id } } }));
	const [options, calendar, pages] = await Promise.all([
		each((kita_id) => answer(api.GET('/api/v1/absences/options', { params: { query: { kita_id } } }))),
		each(async (kita_id) => (await answer(api.GET('/api/v1/calendar', { params: { query: { kita_id, from: today, to: addDays(today, AHEAD) } } }))).items),
		Promise.all(children ? children.map(absences) : [absences()])
	]);
	return { options, calendar, absences: pages.flatMap((p) => p.items) };
}

export interface Closed {
	from: string;
	to: string;
	name: string;
	kita: string;
}

const weekend = (day: string) => [0, 6].includes(new Date(day + 'T12:00:00Z').getUTCDay());

/** closedSoon are the closing days and holidays that fall on a weekday, days that follow each other (over a weekend too) under one name. */
export function closedSoon(calendar: Record<string, CalendarDay[]>, nameOf: (d: CalendarDay) => string): Closed[] {
	const found: Closed[] = [];
	for (const [kita, days] of Object.entries(calendar)) {
		let last: Closed | undefined;
		for (const d of days) {
			if (weekend(d.day)) continue;
			const name = nameOf(d);
			let next = last ? addDays(last.to, 1) : '';
			while (next && next < d.day && weekend(next)) next = addDays(next, 1);
			if (last && last.name === name && next === d.day) last.to = d.day;
			else found.push((last = { from: d.day, to: d.day, name, kita }));
		}
	}
	return found.sort((a, b) => (a.from < b.from ? -1 : 1));
}
