import { compare } from '$lib/i18n/index.svelte';

export interface Mark {
	id: string;
	name: string;
	colour: string;
	icon: string;
}

/** groupsOf is each group once, by name. */
export function groupsOf(marks: (Mark | undefined)[]): Mark[] {
	const seen = new Map<string, Mark>();
	for (const m of marks) if (m) seen.set(m.id, m);
	return [...seen.values()].sort((a, b) => compare(a.name, b.name));
}
