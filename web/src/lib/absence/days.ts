// Which days a report can be about, worked out on the device: it has to hold in a cellar too, with what the kita said last.
import { answer, api } from '$lib/api';
import type { AbsenceOptions, CalendarDay, Kita } from '$lib/api/types';
import { addDays, language, localDay } from '$lib/i18n/index.svelte';

/** Desk is what one kita says about reports. */
export interface Desk {
	kita: Kita;
	options: AbsenceOptions;
	calendar: CalendarDay[];
}

/** askDesks gets the desks of some kitas, by their id. */
export async function askDesks(kitas: string[]): Promise<Record<string, Desk>> {
	const today = localDay(new Date());
	const span = { from: addDays(today, -31), to: addDays(today, 366) };
	const desks = await Promise.all(
		kitas.map(async (id) => {
			const [kita, options, calendar] = await Promise.all([
				answer(api.GET('/api/v1/kitas/{id}', { params: { path: { id } } })),
				answer(api.GET('/api/v1/absences/options', { params: { query: { kita_id: id } } })),
				answer(api.GET('/api/v1/calendar', { params: { query: { kita_id: id, ...span } } }))
			]);
			return [id, { kita, options, calendar: calendar.items }] as const;
		})
	);
	return Object.fromEntries(desks);
}

export const todayAt = (d: Desk, now: Date) => localDay(now, d.kita.time_zone);

/** Whether guardians are too late to say anything about today. */
export function cutOffPassed(d: Desk, now: Date): boolean {
	const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: d.kita.time_zone });
	return clock.format(now) >= d.kita.absence_cut_off;
}

const isWeekend = (day: string) => [0, 6].includes(new Date(day + 'T12:00:00Z').getUTCDay());

/** closedOn is why the kita is shut on a day; undefined when it is open. A weekend has no name. */
export function closedOn(d: Desk, day: string): { name: string } | undefined {
	const c = d.calendar.find((c) => c.day === day);
	if (c) return { name: language() === 'de' ? c.name : (c.name_en ?? c.name) };
	return isWeekend(day) ? { name: '' } : undefined;
}

/** nextOpen is the first open day from day on; empty when there is none for a year. */
export function nextOpen(d: Desk, day: string): string {
	for (let i = 0; i < 366; i++, day = addDays(day, 1)) if (!closedOn(d, day)) return day;
	return '';
}

/** firstDay is the first open day that can be reported now: staff are not bound by the cut-off. */
export function firstDay(d: Desk, by: 'guardian' | 'staff', now: Date): string {
	const today = todayAt(d, now);
	return nextOpen(d, by === 'guardian' && cutOffPassed(d, now) ? addDays(today, 1) : today);
}

/** The kita's closed days from–to that people would not think of by themselves: all but weekends. */
export function closedDays(d: Desk, from: string, to: string): { day: string; name: string }[] {
	return d.calendar.filter((c) => c.day >= from && c.day <= to && !isWeekend(c.day)).map((c) => ({ day: c.day, name: closedOn(d, c.day)?.name ?? '' }));
}

/** Whether a guardian may still take a report back: while all its open days can still be decided about. */
export function canWithdraw(d: Desk, from: string, to: string, now: Date): boolean {
	const open = nextOpen(d, from);
	return !open || open > to || open >= firstDay(d, 'guardian', now);
}

/** lastOfWeek is the last open day of day's week, day itself when there is no later one. */
export function lastOfWeek(d: Desk, day: string): string {
	let last = day;
	for (let n = addDays(day, 1); new Date(n + 'T12:00:00Z').getUTCDay() !== 1; n = addDays(n, 1)) if (!closedOn(d, n)) last = n;
	return last;
}
