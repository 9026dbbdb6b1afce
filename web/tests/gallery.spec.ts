// The pictures of docs/screens: ten screens on a phone, light and dark. GALLERY=1 writes them (make screens); without it this
// looks whether each screen still opens and has its pictures.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bare, whole } from './browsers';
import { deaf, expect, test } from './house';
import { screens, show, type Screen } from './screens';

test.use(process.env['GALLERY'] ? whole : bare);

const folder = join('..', 'docs', 'screens');

/** In the order of the README: what a parent sees, an educator, a leader. */
const gallery: [name: string, fits: (s: Screen) => boolean][] = [
	['welcome', (s) => s.path === '/welcome?step=push'],
	['home', (s) => s.route === '' && s.who === 'eltern'],
	['notice', (s) => s.route === 'n/[id]' && s.who === 'eltern'],
	['report', (s) => s.route === 'absences/new' && s.who === 'eltern'],
	['today', (s) => s.route === 'today' && s.who === 'baeren'],
	['write', (s) => s.route === 'notices/new' && s.who === 'baeren'],
	['ledger', (s) => s.route === 'n/[id]' && s.who === 'leitung'],
	['child', (s) => s.route === 'children/[id]' && s.who === 'leitung'],
	['overview', (s) => s.route === 'kita/overview'],
	['invitations', (s) => s.route === 'kita/invitations']
];

for (const [name, fits] of gallery)
	test(`the picture of ${name}`, async ({ page, house }) => {
		const s = screens.find(fits);
		expect(s, `no screen for ${name}`).toBeTruthy();
		await page.emulateMedia({ reducedMotion: 'reduce' });
		// The network would not rest while the page listens.
		await deaf(page);
		await show(page, house, s!);
		await page.waitForLoadState('networkidle');
		await page.evaluate(() => scrollTo(0, 0));
		for (const colorScheme of ['light', 'dark'] as const) {
			const path = join(folder, `${name}-${colorScheme}.png`);
			if (process.env['GALLERY']) {
				await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
				await page.screenshot({ path, scale: 'css' });
			}
			expect(existsSync(path), path).toBe(true);
		}
	});
