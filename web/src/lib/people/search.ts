// Looking for people as people type: without accents, without umlauts, or with them written out.

/** Letters that do not come apart into a base and a mark. */
const letters: Record<string, string> = { ß: 'ss', ł: 'l', ø: 'o', đ: 'd', ı: 'i', æ: 'ae', œ: 'oe', þ: 'th', ð: 'd' };
const umlauts: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue' };

/** "Müller-Şahin" → "muller-sahin" */
const bare = (text: string) =>
	text
		.normalize('NFD')
		.replace(/\p{M}/gu, '')
		.replace(/[ßłøđıæœþð]/g, (c) => letters[c] ?? c);

/** "müller" → "mueller" */
const writtenOut = (text: string) => bare(text.normalize('NFC').replace(/[äöü]/g, (c) => umlauts[c] ?? c));

const lower = (text: string) => text.toLocaleLowerCase('de');

/** words is what somebody is found by: made once a person, looked through at each key press. */
export function words(...parts: (string | undefined)[]): string {
	const text = lower(parts.filter(Boolean).join(' '));
	const a = bare(text);
	const b = writtenOut(text);
	return a === b ? a : a + '\n' + b;
}

/** matching tells whether each word of a query is in somebody's words, at the beginning of a word or within it. */
export function matching(query: string): (words: string) => boolean {
	const wanted = lower(query)
		.split(/[\s,;]+/)
		.filter(Boolean)
		.map((w) => [bare(w), writtenOut(w)] as const);
	return (text) => wanted.every(([a, b]) => text.includes(a) || text.includes(b));
}
