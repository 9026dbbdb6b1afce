// A family's reports: from two months ago to as far ahead as one can report.
import { answer, api, everyPage } from '$lib/api';
import type { Absence } from '$lib/api/types';
import { addDays, localDay } from '$lib/i18n/index.svelte';

/** How far the list looks back, in days. */
export const BACK = 60;

export function askMyAbsences(): Promise<Absence[]> {
	const today = localDay(new Date());
	const query = { from: addDays(today, -BACK), to: addDays(today, 3 * 366), limit: 100 };
	return everyPage((after) => answer(api.GET('/api/v1/absences', { params: { query: { ...query, after } } })));
}
