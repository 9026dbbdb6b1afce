// The same app in a newer version: what Vite would have built of changed sources. Every file whose name comes from its content has another
// name and is known by it everywhere, and the page says that it is the new one.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

const APP = resolve('embedded/app');

/** nextVersion builds the server with that app, and answers where it is. The folder is the caller's to remove. */
export function nextVersion(folder: string): string {
	const files = readdirSync(APP, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name));
	const plain = files.filter((f) => !/\.(br|gz)$/.test(f));
	const names = new Map(plain.filter((f) => f.includes('/_app/immutable/')).map((f) => [basename(f), basename(f).replace(/(\.\w+)$/, '_$1')]));
	const { version } = JSON.parse(readFileSync(join(APP, '_app/version.json'), 'utf8')) as { version: string };
	const any = new RegExp([...names.keys(), version].map((n) => n.replaceAll('.', '\\.')).join('|'), 'g');

	// go embeds what stands here in the place of what is there; '' is not there.
	const Replace: Record<string, string> = Object.fromEntries(files.map((f) => [f, '']));
	for (const f of plain) {
		const name = relative(APP, f);
		const there = join(folder, 'app', name);
		mkdirSync(join(there, '..'), { recursive: true });
		const text = /\.(js|css|html|json|webmanifest|svg)$/.test(name);
		const content = text ? readFileSync(f, 'utf8').replace(any, (n) => names.get(n) ?? version + '1') : readFileSync(f);
		writeFileSync(there, name === 'index.html' ? String(content).replace('<html ', '<html data-next ') : content);
		Replace[join(APP, '..', 'app', join(name, '..'), names.get(basename(name)) ?? basename(name))] = there;
	}
	writeFileSync(join(folder, 'overlay.json'), JSON.stringify({ Replace }));
	execFileSync('go', ['test', '-c', '-overlay', join(folder, 'overlay.json'), '-o', join(folder, 'morgenkreis'), './cmd/morgenkreis'], {
		cwd: '..',
		stdio: 'inherit',
		env: { ...process.env, CGO_ENABLED: '1' }
	});
	return join(folder, 'morgenkreis');
}
