// Puts into the built page what the browser can fetch before the app has asked for it: the start's files, and the texts in the
// reader's language. The app's page knows no names of files before everything is built, so this comes last (npm run build).
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const page = 'embedded/app/index.html';
const manifest = JSON.parse(readFileSync('.svelte-kit/output/client/.vite/manifest.json', 'utf8'));

/** The file that a module became. A name that is gone must not pass unnoticed. */
function built(module) {
	const entry = manifest[module];
	if (!entry) throw new Error(`the build has no ${module}`);
	return '/' + entry.file;
}

const texts = Object.fromEntries(
	Object.keys(manifest)
		.map((module) => [module.match(/texts\/(\w+)\.json\?part=first$/)?.[1], module])
		.filter(([tag]) => tag)
		.map(([tag, module]) => [tag, built(module)])
);
if (!texts.de) throw new Error('the build has no German texts');

let html = readFileSync(page, 'utf8');
const put = (placeholder, what) => {
	if (!html.includes(placeholder)) throw new Error(`the page has no ${placeholder}`);
	html = html.replace(placeholder, () => what);
};
put('{/* texts */}', JSON.stringify(texts));
// The root layout's error page (1) and the start page (2): the layout itself (0) is in SvelteKit's own list.
const nodes = [1, 2].map((n) => built(`.svelte-kit/generated/client-optimized/nodes/${n}.js`));
put('<!-- start -->', nodes.map((file) => `<link href="${file}" rel="modulepreload">`).join('\n\t\t'));

writeFileSync(page, html);
writeFileSync(page + '.gz', gzipSync(html, { level: 9 }));
writeFileSync(page + '.br', brotliCompressSync(html, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(html) } }));
