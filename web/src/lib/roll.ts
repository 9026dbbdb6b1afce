// The children of a kita as its team looks for them: by name, in a hurry.
import { answer, api, everyPage } from './api';
import type { Child } from './api/types';
import { compare } from './i18n/index.svelte';

/** askChildren gets all children of a kita that the viewer works with. */
export const askChildren = (kita: string): Promise<Child[]> =>
	everyPage((after) => answer(api.GET('/api/v1/children', { params: { query: { kita_id: kita, limit: 100, after } } })));

export const fullName = (c: { first_name: string; last_name: string }) => `${c.first_name} ${c.last_name}`;

/** In a kita everybody is called by the first name. */
export const byFirstName = (a: { first_name: string; last_name: string }, b: { first_name: string; last_name: string }) => compare(fullName(a), fullName(b));

const plain = (s: string) => s.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** fits tells whether each word of wanted begins a part of name: "mul" finds "Anna Müller-Lenz", and so does "lenz an". */
export function fits(name: string, wanted: string): boolean {
	const parts = plain(name).split(/[\s-]+/);
	return plain(wanted)
		.split(/\s+/)
		.every((word) => parts.some((part) => part.startsWith(word)));
}

/** named answers the first names that stand in a text as words, also with an s ("Mias Jacke"), as the server looks for them. */
export function named(text: string, children: readonly Child[]): string[] {
	const words = new Set(text.split(/[^\p{L}]+/u));
	const found = children.flatMap((c) => c.first_name.split(/[^\p{L}]+/u)).filter((part) => part.length > 1 && (words.has(part) || words.has(part + 's')));
	return [...new Set(found)].sort(compare);
}
