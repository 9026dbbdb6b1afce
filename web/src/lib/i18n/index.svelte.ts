// The texts of the app. One file a language in lib/texts; a new file is a new language, nothing else has to be told.
import type de from '../texts/de.json';
import { speak } from '../api';

/** A text, or its forms by number (CLDR's plural categories; `other` is always there). */
type Text = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
type Catalogue = Record<string, Record<string, Text>>;
type German = typeof de;

/** Every key there is: `section.name`. German has all of them, by the compiler; a test holds the others to it. */
export type Key = { [S in keyof German & string]: `${S}.${keyof German[S] & string}` }[keyof German & string];
export type Values = Record<string, string | number>;

// In two parts (vite.config.ts): a parent's first visit waits for the first alone.
const files = import.meta.glob<Catalogue>('../texts/*.json', { query: '?part=first', import: 'default' });
const rests = import.meta.glob<Catalogue>('../texts/*.json', { query: '?part=rest', import: 'default' });

/** The languages that have a catalogue, German first. */
export const languages = Object.keys(files)
	.map((path) => path.replace(/^.*\/|\.json$/g, ''))
	.sort((a, b) => Number(b === 'de') - Number(a === 'de') || a.localeCompare(b));

const fallback = 'de';
let current = $state.raw<{ tag: string; texts: Catalogue; whole: boolean }>({ tag: '', texts: {}, whole: false });
let asked = 0;
let latest: Promise<void> = Promise.resolve();

/** Keeps the choice of a device on which nobody is signed in yet. It is no secret. */
const MEMORY = 'morgenkreis.language';

/** matching is the first of the wanted languages that has a catalogue, else German. */
export function matching(wanted: readonly string[]): string {
	for (const w of wanted) {
		const base = w.toLowerCase().split('-')[0] ?? '';
		if (languages.includes(base)) return base;
	}
	return fallback;
}

/** use loads a language and shows the whole app in it. One without a catalogue gives the device's next best. It ends when a language is
 * shown: this one, or the one that was asked for after it. */
export function use(...wanted: string[]): Promise<void> {
	return (latest = load(wanted));
}

async function load(wanted: string[]) {
	const tag = matching([...wanted, ...navigator.languages]);
	// Who asked last is heard, whichever file comes first.
	const mine = ++asked;
	if (current.tag !== tag) {
		const { whole } = current;
		const [first, rest] = await Promise.all([files[`../texts/${tag}.json`]?.(), whole ? rests[`../texts/${tag}.json`]?.() : undefined]);
		if (mine !== asked) return latest;
		current = { tag, texts: { ...first, ...rest }, whole };
	}
	document.documentElement.lang = tag;
	document.documentElement.dir = direction(tag);
	speak(tag);
	try {
		localStorage.setItem(MEMORY, tag);
	} catch {
		// A private window may refuse; then the device's own language is asked each time.
	}
}

/** whole loads the texts that a parent's first visit does without: for the screens of staff, and the rarer ones. */
export async function whole(): Promise<void> {
	const { tag, whole: all } = current;
	if (all || !tag) return;
	const rest = await rests[`../texts/${tag}.json`]?.();
	if (current.tag === tag) current = { tag, texts: { ...current.texts, ...rest }, whole: true };
	else await whole();
}

/** found is a text, undefined when there is none; one of the rest is blank until the rest is there, and then shown. */
function found(section: string, name: string): Text | undefined {
	if (!current.texts[section] && !current.whole) {
		void whole();
		return '';
	}
	return current.texts[section]?.[name];
}

/** start shows the language that was chosen on this device, or that the device speaks. */
export function start() {
	let kept: string | null = null;
	try {
		kept = localStorage.getItem(MEMORY);
	} catch {
		// As above.
	}
	return use(...(kept ? [kept] : []));
}

export function language(): string {
	return current.tag;
}

const rightToLeft = new Set(['ar', 'fa', 'he', 'ku', 'ps', 'ur']);

/** The direction in which a language is written. */
export function direction(tag: string): 'rtl' | 'ltr' {
	return rightToLeft.has(tag.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

/** t is a text in the language of the app. `{name}` is filled from values; `n` chooses among the forms of a number. */
export function t(key: Key, values: Values = {}): string {
	const [section = '', name = ''] = key.split('.');
	let text = found(section, name);
	if (text === undefined) return key;
	if (typeof text !== 'string') {
		const n = Number(values['n'] ?? 0);
		text = text[plural(n)] ?? text.other;
	}
	return text.replace(/\{(\w+)\}/g, (whole, k: string) => {
		const v = values[k];
		return v === undefined ? whole : typeof v === 'number' ? number(v) : v;
	});
}

/** oneOf is t for keys that are put together: `oneOf('kind', notice.kind)`. A word that has no text stays itself. */
export function oneOf(section: keyof German & string, name: string, values: Values = {}): string {
	return found(section, name) === undefined ? name : t(`${section}.${name}` as Key, values);
}

const made = new Map<string, unknown>();
/** Who reads English in a German kita still means the 11th of December by 11/12, and a day of 24 hours. */
const habits: Record<string, string> = { en: 'en-GB' };
/** Intl's objects are dear to make and free to keep. */
function kept<T>(name: string, make: (tag: string) => T): T {
	const key = current.tag + name;
	let f = made.get(key) as T | undefined;
	if (!f) made.set(key, (f = make(habits[current.tag] ?? current.tag)));
	return f;
}

const plural = (n: number) => kept('plural', (l) => new Intl.PluralRules(l)).select(n);

export const number = (n: number) => kept('number', (l) => new Intl.NumberFormat(l)).format(n);

/** "Mia, Ben und Lea" */
export const list = (names: readonly string[]) => kept('list', (l) => new Intl.ListFormat(l)).format(names);

/** compare sorts names as people of the language do: Bären before Bienen. */
export const compare = (a: string, b: string) => kept('collator', (l) => new Intl.Collator(l, { numeric: true })).compare(a, b);

function dates(o: Intl.DateTimeFormatOptions) {
	return kept('date' + JSON.stringify(o), (l) => new Intl.DateTimeFormat(l, o));
}

/** A day (YYYY-MM-DD) is the same everywhere: noon in UTC keeps it so. */
const noon = (day: string) => new Date(day + 'T12:00:00Z');

/** "Montag, 23. November" */
export const longDay = (day: string) => dates({ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(noon(day));
/** "Montag" */
export const weekday = (day: string) => dates({ weekday: 'long', timeZone: 'UTC' }).format(noon(day));
/** "Mo., 23.11." */
export const shortDay = (day: string) => dates({ weekday: 'short', day: 'numeric', month: 'numeric', timeZone: 'UTC' }).format(noon(day));
/** "23.11.2026" */
export const fullDay = (day: string) => dates({ day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' }).format(noon(day));
/** From–to days as people say them, each as shortDay writes it; one day as one. Intl's own range would write a month's days as "05.". */
export const days = (from: string, to: string) => (from === to ? shortDay(from) : `${shortDay(from)} – ${shortDay(to)}`);

/** The clock of an instant, in the zone of the device or the given one: "08:15". */
export const clock = (at: string, timeZone?: string) => dates({ hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(at));
/** "23. Nov., 08:15" */
export const moment = (at: string, timeZone?: string) => dates({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(at));
/** "Mo., 23. Nov. 2026, 08:15" */
export const longMoment = (at: string, timeZone?: string) =>
	dates({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(at));

/** How long ago, in the words of a person: "gerade eben", "vor 5 Minuten", "gestern", then the date. */
export function ago(at: string, now = Date.now()): string {
	const minutes = Math.round((now - Date.parse(at)) / 60_000);
	const words = kept('relative', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' }));
	if (minutes < 1) return t('common.just_now');
	if (minutes < 60) return words.format(-minutes, 'minute');
	if (minutes < 12 * 60) return words.format(-Math.round(minutes / 60), 'hour');
	const days = Math.round((Date.parse(localDay(new Date(now))) - Date.parse(localDay(new Date(at)))) / 86_400_000);
	return days < 7 ? words.format(-days, 'day') : fullDay(localDay(new Date(at)));
}

/** The day (YYYY-MM-DD) of an instant, in the zone of the device or the given one. */
export function localDay(at: Date, timeZone?: string): string {
	// Without a zone it is the device's, which Date knows by itself: lists ask for hundreds.
	if (!timeZone) return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
	return kept('day' + timeZone, () => new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone })).format(at);
}
const two = (n: number) => String(n).padStart(2, '0');

/** day moved by n days. */
export function addDays(day: string, n: number): string {
	const d = noon(day);
	d.setUTCDate(d.getUTCDate() + n);
	return d.toISOString().slice(0, 10);
}
