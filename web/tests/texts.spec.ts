// The catalogues: every language says everything, and means the same values by it.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';

type Text = string | Record<string, string>;
const read = (file: string) => JSON.parse(readFileSync('src/lib/texts/' + file, 'utf8')) as Record<string, Record<string, Text>>;
const german = read('de.json');

const forms = (t: Text) => (typeof t === 'string' ? { other: t } : t);
const values = (t: string) => Array.from(t.matchAll(/\{(\w+)\}/g), (m) => m[1]).sort();

for (const file of readdirSync('src/lib/texts')) {
	const tag = file.replace('.json', '');
	const texts = read(file);
	test(`${tag} has every text, with its values and its plurals`, () => {
		const wrong: string[] = [];
		for (const [section, names] of Object.entries(german))
			for (const [name, text] of Object.entries(names)) {
				const own = texts[section]?.[name];
				if (own === undefined) {
					wrong.push(`${section}.${name} is missing`);
					continue;
				}
				const want = new Set(values(forms(text)['other'] ?? ''));
				for (const [form, t] of Object.entries(forms(own))) {
					if (!t.trim()) wrong.push(`${section}.${name} (${form}) is empty`);
					// "one" may leave the number out, and nothing else.
					const got = new Set(values(t));
					if (form !== 'other') {
						want.delete('n');
						got.delete('n');
					} else if (values(forms(text)['other'] ?? '').includes('n')) want.add('n');
					if ([...want].sort().join() !== [...got].sort().join()) wrong.push(`${section}.${name} (${form}): {${[...got]}} for {${[...want]}}`);
				}
				if (typeof own !== 'string') for (const c of new Intl.PluralRules(tag).resolvedOptions().pluralCategories) if (!(c in own)) wrong.push(`${section}.${name} has no form "${c}"`);
			}
		for (const [section, names] of Object.entries(texts)) for (const name of Object.keys(names)) if (german[section]?.[name] === undefined) wrong.push(`${section}.${name} is not in German`);
		expect(wrong).toEqual([]);
	});
}

test('every text is used, and no text stands in the code', () => {
	const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
		.filter((f) => /\.(svelte|ts)$/.test(f) && !f.includes('schema.d.ts'))
		.map((f) => ({ f, s: readFileSync('src/' + f, 'utf8') }));
	const code = sources.map((x) => x.s).join('\n');
	// Sections whose keys are put together: oneOf('kind', …), t(`step.${…}`); or that are taken as a whole: { import: 'push' }.
	const composed = new Set(Array.from(code.matchAll(/oneOf\(\s*'(\w+)'|`(\w+)\.[^`]*\$\{|import: '(\w+)'/g), (m) => m[1] ?? m[2] ?? m[3]));
	const unused = Object.entries(german).flatMap(([section, names]) =>
		composed.has(section) ? [] : Object.keys(names).map((n) => `${section}.${n}`).filter((key) => !code.includes(`'${key}'`) && !code.includes(`"${key}"`))
	);
	expect(unused, 'texts that nothing shows').toEqual([]);
	const spoken = sources
		.filter((x) => x.f.endsWith('.svelte'))
		.flatMap(({ f, s }) => {
			const markup = s.replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, '');
			// Words between tags, or in an attribute that is read out: letters that are not in braces.
			let plain = markup;
			for (let before = ''; before !== plain; ) [before, plain] = [plain, plain.replace(/\{[^{}]*\}/g, '')];
			return [...plain.matchAll(/>([^<>]*\p{L}{3,}[^<>]*)</gu), ...plain.matchAll(/\s(?:aria-label|title|alt|placeholder|label)="([^"]*\p{L}{3,}[^"]*)"/gu)]
				.map((m) => m[1]!.trim())
				// The name, a space, and how a code looks.
				.filter((w) => w && !/^(· )?Morgenkreis$|^&nbsp;$|^X{4}/.test(w))
				.map((w) => `${f}: ${w}`);
		});
	expect(spoken, 'texts that stand in the code').toEqual([]);
});
