// What can be set of a kita, as a form holds it.
import type { Kita } from '$lib/api/types';
import { compare, language, oneOf } from '$lib/i18n/index.svelte';

/** In the order in which the app speaks them best (kita.Languages). */
const spoken = ['de', 'en', 'tr', 'uk', 'ar', 'ru'];
const states = ['BW', 'BY', 'BE', 'BB', 'HB', 'HH', 'HE', 'MV', 'NI', 'NW', 'RP', 'SL', 'SN', 'ST', 'SH', 'TH'];
const regimes = ['dsgvo', 'kdg', 'dsg-ekd'];

export interface KitaDraft {
	name: string;
	phone: string;
	federal_state: string;
	language: string;
	opens: string;
	closes: string;
	absence_cut_off: string;
	educators_see_all: boolean;
	title_only: boolean;
	/** Minutes, as they are typed. */
	escalate_urgent_after: string;
	escalate_morning: string;
	regime: string;
}

/** A new kita begins as most have it (kita.WithDefaults). */
export const usual: KitaDraft = {
	name: '',
	phone: '',
	federal_state: '',
	language: 'de',
	opens: '07:00',
	closes: '17:00',
	absence_cut_off: '08:30',
	educators_see_all: false,
	title_only: false,
	escalate_urgent_after: '10',
	escalate_morning: '07:00',
	regime: 'dsgvo'
};

export function draftOf(k: Kita): KitaDraft {
	return {
		name: k.name,
		phone: k.phone,
		federal_state: k.federal_state,
		language: k.language,
		opens: k.opens,
		closes: k.closes,
		absence_cut_off: k.absence_cut_off,
		educators_see_all: k.educators_see_all,
		title_only: k.title_only,
		escalate_urgent_after: String(k.escalate_urgent_after),
		escalate_morning: k.escalate_morning,
		regime: k.regime
	};
}

/** sent is a draft as the server takes it, or only what differs from was. What is no number of minutes stays for the server to refuse. */
export function sent(now: KitaDraft, was?: KitaDraft) {
	const changed = Object.entries(now).filter(([k, v]) => !was || was[k as keyof KitaDraft] !== v);
	return Object.fromEntries(changed.map(([k, v]) => [k, k === 'escalate_urgent_after' ? Math.round(Number(v)) || 0 : v])) as Partial<Omit<KitaDraft, 'escalate_urgent_after'>> & {
		escalate_urgent_after?: number;
	};
}

export const stateOptions = () => states.map((value) => ({ value, label: oneOf('federal_state', value) })).sort((a, b) => compare(a.label, b.label));
export const regimeOptions = () => regimes.map((value) => ({ value, label: oneOf('regime', value) }));
export function languageOptions() {
	const names = new Intl.DisplayNames(language(), { type: 'language' });
	return spoken.map((value) => ({ value, label: names.of(value) ?? value }));
}
