// What the first page asks for. It is kept from hearing what happens afterwards, which may make it ask again; a stream would also never
// let the network rest.
import { deaf, expect, test } from './house';
import type { Page } from '@playwright/test';

/** What the page asks the server for, path and query, in order. */
function asked(page: Page): string[] {
	const paths: string[] = [];
	page.on('request', (r) => {
		const { pathname, search } = new URL(r.url());
		if (pathname.startsWith('/api/') || pathname.startsWith('/_app/')) paths.push(pathname + search);
	});
	return paths;
}

const HOME = ['/api/v1/session', '/api/v1/notices?limit=20', '/api/v1/notices?limit=20&only=unconfirmed', '/api/v1/children?mine=true&limit=100'];

test('a family’s start is asked for before the app is here, and once', async ({ house, as }) => {
	// Elsewhere first: the page that counts is the next.
	const page = await as('eltern', '/settings');
	await deaf(page);
	await page.waitForLoadState('networkidle');
	const paths = asked(page);
	let release = () => {};
	const held = new Promise<void>((r) => (release = r));
	await page.route('**/_app/immutable/**', async (route) => {
		await held;
		await route.fallback();
	});
	await page.goto(house.url + '/', { waitUntil: 'commit' });
	// Not a line of the app has run.
	await expect.poll(() => HOME.filter((p) => !paths.includes(p))).toEqual([]);
	release();
	await expect(page.locator('main a[href^="/n/"]').first()).toBeVisible();
	await page.waitForLoadState('networkidle');
	for (const path of HOME) expect(paths.filter((p) => p === path), path).toHaveLength(1);
});

test('the texts are fetched before the app is here, in the reader’s language', async ({ house, browser }) => {
	const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' });
	const page = await context.newPage();
	const paths = asked(page);
	/** The text files that a page asks for before a line of the app has run. */
	async function texts(button: string): Promise<string[]> {
		paths.length = 0;
		await page.goto(house.url + '/sign-in');
		await expect(page.getByRole('button', { name: button })).toBeVisible();
		const ahead = await page.evaluate(() => [...document.querySelectorAll<HTMLLinkElement>('head > script ~ link[rel=modulepreload]')].map((l) => new URL(l.href).pathname));
		const files = paths.filter((p) => p.startsWith('/_app/'));
		expect(new Set(files).size, 'nothing twice').toBe(files.length);
		return files.filter((f) => ahead.includes(f));
	}
	const english = await texts('Sign in');
	await context.addInitScript(() => localStorage.setItem('morgenkreis.language', 'de'));
	const german = await texts('Anmelden');
	// They differ in one file each.
	expect(english.filter((f) => !german.includes(f))).toHaveLength(1);
	expect(german.filter((f) => !english.includes(f))).toHaveLength(1);
	await context.close();
});

test('who works here starts without a family’s lists', async ({ house, as }) => {
	const page = await as('baeren', '/');
	await expect(page).toHaveURL(/\/today/);
	await deaf(page);
	const paths = asked(page);
	await page.goto(house.url + '/');
	await expect(page).toHaveURL(/\/today/);
	await page.waitForLoadState('networkidle');
	expect(paths).toContain('/api/v1/session');
	expect(paths.filter((p) => p.startsWith('/api/v1/notices?limit=20') || p.startsWith('/api/v1/children?mine='))).toEqual([]);
});
