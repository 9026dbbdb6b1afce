// A notice in words: whom it is about, what it says without its form.
import { list } from '$lib/i18n/index.svelte';
import type { Child } from '$lib/api/types';

/** aboutWhom names those of my children that something is about, where there is more than one it could be about. */
export function aboutWhom(ids: readonly string[], mine: readonly Child[] | undefined): string {
	if (!mine || mine.length < 2) return '';
	return list(mine.filter((c) => ids.includes(c.id)).map((c) => c.first_name));
}

/** textOf is the words of a text in the server's safe HTML. */
export function textOf(html: string): string {
	const doc = new DOMParser().parseFromString(html, 'text/html');
	for (const e of doc.querySelectorAll('li')) e.prepend('- ');
	for (const e of doc.querySelectorAll('p, li, h1, h2, h3, h4, blockquote, br')) e.after('\n');
	return (doc.body.textContent ?? '').replace(/\n{3,}/g, '\n\n').trim();
}

/** excerptOf is how a text begins, in one line, at most n characters. For lists: it does not build a whole document for each of them. */
export function excerptOf(html: string, n: number): string {
	const e = document.createElement('template');
	// A paragraph's end is the end of a word; a picture's address or a tag is at most as long again as what is read.
	e.innerHTML = html.slice(0, 4 * n).replace(/<\/(p|li|h\d|blockquote)>|<br/g, ' $&');
	return (e.content.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, n);
}
