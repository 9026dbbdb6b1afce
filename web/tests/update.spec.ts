// What happens to an app that is open while the house gets a newer one: two real servers, one after the other, at one address.
import { test as plain, type Page } from '@playwright/test';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whole } from './browsers';
import { expect, NOW, PASSWORD } from './house';
import { nextVersion } from './next';
import { serve } from './server';

const isNext = (page: Page) => page.evaluate(() => document.documentElement.hasAttribute('data-next'));
const shells = (page: Page) => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('shell ')));

plain.use(whole);

plain('an open app goes on with its own files when a newer one takes over, and the next link brings the newer', async ({ context }) => {
	plain.setTimeout(240_000);
	const folder = mkdtempSync(join(tmpdir(), 'morgenkreis-next-'));
	const data = join(folder, 'data');
	cpSync(join(process.env['MORGENKREIS_APP_TESTS'] ?? '', 'demo'), data, { recursive: true });
	const program = nextVersion(folder);
	let server = await serve({ data, demo: true, at: NOW });
	const wrong: string[] = [];
	try {
		const r = await context.request.post(server.url + '/api/v1/session', { data: { login: 'eltern@sonnenschein.example', password: PASSWORD } });
		expect(r.status(), await r.text()).toBe(201);
		const page = await context.newPage();
		page.on('pageerror', (e) => wrong.push(e.message));
		await page.goto(server.url + '/');
		await expect(page.getByRole('heading', { name: 'Ihre Kinder heute' })).toBeVisible();
		await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
		await expect.poll(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller))).toBe(true);
		expect(await isNext(page)).toBe(false);
		const [old] = await shells(page);

		await server.stop();
		server = await serve({ data, demo: true, at: NOW, program, port: Number(new URL(server.url).port) });
		await page.evaluate(() => {
			navigator.serviceWorker.addEventListener('controllerchange', () => (document.body.dataset['changed'] = 'yes'));
			return navigator.serviceWorker.getRegistration().then((r) => r!.update()).then(() => undefined);
		});
		await expect(page.locator('body')).toHaveAttribute('data-changed', 'yes');
		// It tidies up while it is being activated, and that comes after.
		await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())!.active!.state)).toBe('activated');
		expect(await isNext(page)).toBe(false);

		// A tap on a notification leads to a screen that this page has not loaded yet. The house has its file no more.
		const asked: { path: string; fromWorker: boolean }[] = [];
		page.on('response', (r) => {
			const { pathname } = new URL(r.url());
			if (pathname.startsWith('/_app/immutable/')) asked.push({ path: pathname, fromWorker: r.fromServiceWorker() });
		});
		await page.evaluate(() => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { type: 'open', path: '/settings/display' } })));
		await expect(page.getByRole('radio', { name: 'Dunkel' })).toBeVisible();
		expect(await isNext(page)).toBe(false);
		expect(asked.length).toBeGreaterThan(0);
		expect(asked.filter((a) => !a.fromWorker)).toEqual([]);
		for (const { path } of asked) expect((await context.request.get(server.url + path)).status(), path).toBe(404);
		expect(await shells(page)).toHaveLength(2);

		// A link is a change of page anyway.
		await page.getByRole('navigation').getByRole('link', { name: 'Nachrichten' }).click();
		await expect(page.locator('html[data-next]')).toHaveCount(1);
		await expect(page).toHaveURL(server.url + '/notices');
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
		await expect(page.locator('.skeleton')).toHaveCount(0);
		// Opened the next time, nothing of the older one is left on the device.
		await page.close();
		const again = await context.newPage();
		await again.goto(server.url + '/');
		await expect(again.locator('html[data-next]')).toHaveCount(1);
		await expect.poll(() => shells(again)).toHaveLength(1);
		expect(await shells(again)).not.toContain(old);
		expect(wrong).toEqual([]);
	} finally {
		await server.stop();
		rmSync(folder, { recursive: true, force: true });
	}
});
