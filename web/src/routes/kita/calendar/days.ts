// Closing days as people think of them: a summer closure is one thing, though the calendar holds its days one by one.
import type { CalendarDay } from '$lib/api/types';
import { addDays } from '$lib/i18n/index.svelte';

/** What stands in the list: a holiday, or the kita's own days of one name that follow each other. */
export interface Entry {
	kind: 'holiday' | 'closing_day';
	name: string;
	from: string;
	to: string;
	days: CalendarDay[];
}

const weekend = (day: string) => [0, 6].includes(new Date(day + 'T12:00:00Z').getUTCDay());

/** openDays are the days from–to on which the kita is not shut yet: no weekends, nothing that shut holds. */
export function openDays(from: string, to: string, shut: ReadonlySet<string>): string[] {
	const open: string[] = [];
	for (let day = from; day <= to; day = addDays(day, 1)) if (!weekend(day) && !shut.has(day)) open.push(day);
	return open;
}

/** entries puts days of one name together when no open day lies between them. items are sorted by day. */
export function entries(items: CalendarDay[], english: boolean): Entry[] {
	const shut = new Set(items.map((d) => d.day));
	const list: Entry[] = [];
	for (const d of items) {
		const name = english ? d.name_en : d.name;
		const run = d.kind === 'closing_day' ? list.findLast((e) => e.kind === 'closing_day') : undefined;
		if (run?.name === name && !openDays(addDays(run.to, 1), addDays(d.day, -1), shut).length) {
			run.to = d.day;
			run.days.push(d);
		} else list.push({ kind: d.kind === 'holiday' ? 'holiday' : 'closing_day', name, from: d.day, to: d.day, days: [d] });
	}
	return list;
}
