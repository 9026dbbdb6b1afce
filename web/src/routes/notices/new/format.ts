// Bold and lists in a text that is Markdown: what a button or a key changes, as one change of a selection.

/** Change puts text in place of the characters from–to, and selects what is named then. */
export interface Change {
	from: number;
	to: number;
	text: string;
	select: [from: number, to: number];
}

/** A line of a list: its indent and mark, and what it says. */
const item = /^(\s*[-*+] )(.*)$/;
const strong = /^\*\*(.+)\*\*$/;

/** bold makes the selection bold, or plain again when all of it is bold; the word at the cursor when nothing is selected. */
export function bold(value: string, from: number, to: number): Change {
	if (from === to) {
		from -= /[\p{L}\p{N}]*$/u.exec(value.slice(0, from))?.[0].length ?? 0;
		to += /^[\p{L}\p{N}]*/u.exec(value.slice(to))?.[0].length ?? 0;
	}
	// A space inside the marks would make them plain asterisks.
	while (from < to && /\s/.test(value[from]!)) from++;
	while (from < to && /\s/.test(value[to - 1]!)) to--;
	// What a double click selects has its marks outside.
	if (value.slice(0, from).endsWith('**') && value.slice(to).startsWith('**')) {
		const text = value.slice(from, to);
		return { from: from - 2, to: to + 2, text, select: [from - 2, from - 2 + text.length] };
	}
	if (from === to) return { from, to, text: '****', select: [from + 2, from + 2] };
	// Marks reach no further than their paragraph: every line gets its own, behind its dash.
	const lines = value
		.slice(from, to)
		.split('\n')
		.map((line) => {
			const [, mark = '', said = line] = item.exec(line) ?? [];
			return { mark, said: said.trim() };
		});
	const all = lines.every((l) => !l.said || strong.test(l.said));
	const text = lines.map(({ mark, said }) => mark + (!said ? '' : all ? said.slice(2, -2) : strong.test(said) ? said : `**${said}**`)).join('\n');
	// One word is selected without its marks, so that the next key replaces it and stays bold.
	const inside = !all && lines.length === 1 && !lines[0]!.mark ? 2 : 0;
	return { from, to, text, select: [from + inside, from + text.length - inside] };
}

/** list makes a list of the lines of the selection, or plain lines when all of them are one. */
export function list(value: string, from: number, to: number): Change {
	const start = value.lastIndexOf('\n', from - 1) + 1;
	// What ends at a line's beginning has nothing of that line.
	const last = to > from && value[to - 1] === '\n' ? to - 1 : to;
	const end = value.indexOf('\n', last) < 0 ? value.length : value.indexOf('\n', last);
	const lines = value.slice(start, end).split('\n');
	const single = lines.length === 1;
	const all = lines.every((l) => item.test(l) || (!single && !l.trim()));
	const text = lines.map((l) => (all ? l.replace(item, '$2') : item.test(l) || (!single && !l.trim()) ? l : `- ${l}`)).join('\n');
	const moved = text.length - (end - start);
	const cursor = Math.max(start, to + moved);
	return { from: start, to: end, text, select: from === to ? [cursor, cursor] : [start, start + text.length] };
}

/** onward is what Enter does in a list: the next line has its dash; an empty one ends the list. Nothing where there is no list. */
export function onward(value: string, from: number, to: number): Change | undefined {
	if (from !== to) return undefined;
	const start = value.lastIndexOf('\n', from - 1) + 1;
	const [, mark, said] = item.exec(value.slice(start, from)) ?? [];
	if (!mark) return undefined;
	const rest = value.slice(from).split('\n', 1)[0]!;
	if (!said!.trim() && !rest.trim()) return { from: start, to: from, text: '', select: [start, start] };
	const text = '\n' + mark;
	return { from, to, text, select: [from + text.length, from + text.length] };
}
