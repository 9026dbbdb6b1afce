// What the team needs to know of today: who is away, and the names of who is not.
import { answer, api } from '$lib/api';
import type { Absence, AbsenceOptions, Child, Group, Roll, Today } from '$lib/api/types';
import { language } from '$lib/i18n/index.svelte';
import { live, type Live } from '$lib/live.svelte';
import { askChildren, byFirstName } from '$lib/roll';

/** One group's day, with the names of those who come. */
export interface Morning extends Roll {
	/** '' for the children who are in no group. */
	id: string;
	mine: boolean;
	here: Child[];
}

/** Kita days are asked for once; every part of the screen reads them here. */
export class KitaDay {
	readonly today: Live<Today>;
	readonly children: Live<Child[]>;
	readonly groups: Live<Group[]>;
	readonly options: Live<AbsenceOptions>;

	/** Own groups first, then by name, as they came; children without a group last, when there are any. */
	mornings = $derived.by<Morning[]>(() => {
		const day = this.today.data;
		if (!day) return [];
		const own = new Set(this.groups.data?.filter((g) => g.mine).map((g) => g.id));
		const morning = (r: Roll): Morning => {
			const id = r.group?.id ?? '';
			const away = new Set(r.absent.map((a) => a.child_id));
			return { ...r, id, mine: own.has(id), here: (this.children.data ?? []).filter((c) => (c.group?.id ?? '') === id && !away.has(c.id)).sort(byFirstName) };
		};
		const all = day.groups.map(morning).sort((a, b) => Number(b.mine) - Number(a.mine));
		return day.not_placed.of ? [...all, morning(day.not_placed)] : all;
	});
	expected = $derived(this.mornings.reduce((n, m) => n + m.expected, 0));
	of = $derived(this.mornings.reduce((n, m) => n + m.of, 0));

	constructor(readonly kita: string) {
		const query = { kita_id: kita };
		this.today = live(`today.${kita}`, () => answer(api.GET('/api/v1/absences/today', { params: { query } })), ['absences', 'children', 'groups', 'kitas']);
		this.children = live(`children.${kita}`, () => askChildren(kita), ['children', 'groups']);
		this.groups = live(`groups.${kita}`, async () => (await answer(api.GET('/api/v1/groups', { params: { query } }))).items, ['groups']);
		this.options = live(`options.${kita}`, () => answer(api.GET('/api/v1/absences/options', { params: { query } })), ['kitas']);
	}

	reload() {
		void this.today.load();
	}

	/** The word for an illness of the list. */
	illness(code: string): string {
		const i = this.options.data?.illnesses.find((x) => x.code === code);
		return i ? (language() === 'de' ? i.de : i.en) : code;
	}
}

export const change = (id: string, body: { from?: string; to?: string; reason?: Absence['reason']; illness?: string; note?: string }) =>
	answer(api.PATCH('/api/v1/absences/{id}', { params: { path: { id } }, body }));
