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

/** What every visit begins with is one file: forty small ones cost a phone in the tram more than their bytes. */
const start = /src\/routes\/(\+layout\.svelte|\+page\.svelte|Home\.svelte)$/;

export default defineConfig({
	build: { rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', test: start }] } } } },
	plugins: [parts(), sveltekit()],
	// For npm run dev: the API of the server that make run started.
	server: { proxy: { '/api': 'http://localhost:8080' } }
});
