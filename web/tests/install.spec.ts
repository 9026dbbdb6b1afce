// "Put it on your home screen" where the browser can do it by itself: its offer, which comes once and at any time.
import type { Page } from '@playwright/test';
import { expect, test } from './house';

/** offer is what Chrome does when the app can be installed; the person will answer its question so. */
const offer = (page: Page, outcome: 'accepted' | 'dismissed') =>
	page.evaluate((outcome) => {
		const w = window as unknown as { asked?: number };
		const prompt = async () => {
			w.asked = (w.asked ?? 0) + 1;
			return { outcome };
		};
		const e = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), { prompt });
		window.dispatchEvent(e);
		// Else Chrome shows a bar of its own.
		return e.defaultPrevented;
	}, outcome);
const asked = (page: Page) => page.evaluate(() => (window as unknown as { asked?: number }).asked ?? 0);

const go = (page: Page) => page.getByRole('button', { name: 'Installieren' });
const pictures = (page: Page) => page.getByText('Tippen Sie im Browser auf die drei Punkte.');
/** From the start page, without loading anew. */
const toWelcome = (page: Page) => page.locator('main a[href="/welcome"]').click();

test('the offer that came on another page is one tap in "welcome", and yes goes on to the notifications', async ({ as }) => {
	const page = await as('eltern', '/');
	await expect(page.locator('main a[href="/welcome"]')).toBeVisible();
	expect(await offer(page, 'accepted')).toBe(true);
	await toWelcome(page);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Auf den Startbildschirm');
	await expect(pictures(page)).toHaveCount(0);
	expect(await asked(page)).toBe(0);
	await go(page).click();
	await expect(page).toHaveURL(/step=push/);
	expect(await asked(page)).toBe(1);
});

test('who says no sees how to do it by hand, and may be offered it again', async ({ as }) => {
	const page = await as('eltern', '/welcome');
	await expect(pictures(page)).toBeVisible();
	await offer(page, 'dismissed');
	await go(page).click();
	await expect(pictures(page)).toBeVisible();
	await expect(go(page)).toHaveCount(0);
	await expect(page).not.toHaveURL(/step=push/);
	expect(await asked(page)).toBe(1);

	await offer(page, 'accepted');
	await go(page).click();
	await expect(page).toHaveURL(/step=push/);
	expect(await asked(page)).toBe(2);
});

test('installed by the browser’s own menu: the step is done', async ({ as }) => {
	const page = await as('eltern', '/welcome');
	await expect(pictures(page)).toBeVisible();
	await offer(page, 'dismissed');
	await expect(go(page)).toBeVisible();
	await page.evaluate(() => window.dispatchEvent(new Event('appinstalled')));
	await expect(go(page)).toHaveCount(0);
	await expect(pictures(page)).toHaveCount(0);
	await page.getByRole('button', { name: 'Weiter' }).click();
	await expect(page).toHaveURL(/step=push/);
	expect(await asked(page)).toBe(0);
});

test.describe('on a desktop', () => {
	test.use({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/159.0.0.0 Safari/537.36' });
	test('there is a step for it only where the browser offers it', async ({ as, house }) => {
		const page = await as('eltern', '/welcome');
		await expect(page.getByRole('button', { name: 'Mitteilungen einschalten' })).toBeVisible();
		await page.goto(house.url + '/');
		await expect(page.locator('main a[href="/welcome"]')).toBeVisible();
		await offer(page, 'accepted');
		await toWelcome(page);
		await expect(go(page)).toBeVisible();
	});
});
