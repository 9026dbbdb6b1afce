import { readFileSync } from 'node:fs';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';

/** What a parent's first visit shows: from the letter to the start page, and what leads on from there. */
const first = new Set(['common', 'nav', 'offline', 'sign_in', 'invite', 'welcome', 'push', 'home', 'inbox', 'notice', 'absence', 'kind', 'reason', 'role']);

/** A catalogue is one file to write and two to load: `de.json?part=first`, and `de.json?part=rest` for whoever needs it (lib/i18n). */
function parts(): Plugin {
	return {
		name: 'parts-of-texts',
		enforce: 'pre',
		load(id) {
			const [file = '', part] = id.split('?part=');
			if (!part || !file.endsWith('.json')) return;
			this.addWatchFile(file);
			const sections = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
			const own = Object.fromEntries(sections.filter(([name]) => first.has(name) === (part === 'first')));
			return { code: `export default ${JSON.stringify(own)}`, moduleType: 'js' };
		}
	};
}

/**
 * Lucide's icons as they are drawn here: in their own size of line and colour, hidden from screen readers (the words stand beside them).
 * Its component puts each together anew, attribute by attribute; on a slow phone that was a third of the time a list took.
 */
function stillIcons(): Plugin {
	const drawn = /@lucide\/svelte\/dist\/icons\/[\w-]+\.svelte$/;
	return {
		name: 'still-icons',
		enforce: 'pre',
		transform(code, id) {
			if (!drawn.test(id)) return;
			const data = code.match(/const iconData = ({.*});/)?.[1];
			if (!data) this.error(`${id} does not look like an icon any more`);
			const { node } = JSON.parse(data) as { node: [tag: string, attributes: Record<string, string>][] };
			const shapes = node.map(([tag, a]) => `<${tag} ${Object.entries(a).map(([k, v]) => `${k}="${v}"`).join(' ')} />`);
			return {
				code: `<script lang="ts">let { size = 24, ...rest } = $props();</script>
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" width={size} height={size} {...rest}>${shapes.join('')}</svg>`,
				map: null
			};
		}
	};
}

/** What every visit begins with is one file: forty small ones cost a phone in the tram more than their bytes. */
const start = /src\/routes\/(\+layout\.svelte|\+page\.svelte|Home\.svelte)$/;

export default defineConfig({
	build: { rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', test: start }] } } } },
	plugins: [parts(), stillIcons(), sveltekit()],
	// For npm run dev: the API of the server that make run started.
	server: { proxy: { '/api': 'http://localhost:8080' } }
});
