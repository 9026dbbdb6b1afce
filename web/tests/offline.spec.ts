import type { Page } from '@playwright/test';
import { whole } from './browsers';
import { expect, NOW, test } from './house';
import { one, posted, withPictures } from './family';
import { serve } from './server';

test.use(whole);

/** What lies on the device: every row of every store, and the names of the caches. */
const lying = (page: Page) =>
	page.evaluate(async () => {
		const open = indexedDB.open('morgenkreis');
		const db = await new Promise<IDBDatabase>((ok, no) => {
			open.onsuccess = () => ok(open.result);
			open.onerror = () => no(open.error);
		});
		let rows = '';
		for (const name of db.objectStoreNames) {
			const all = db.transaction(name).objectStore(name).getAll();
			rows += await new Promise<string>((ok) => (all.onsuccess = () => ok(all.result.length ? name + JSON.stringify(all.result) : '')));
		}
		db.close();
		return { rows, caches: (await caches.keys()).filter((c) => c.startsWith('account')) };
	});

const confirm = { name: 'Gelesen – bestätigen' };

test('without a network everything is there as it was, and says when that was', async ({ house, as, context }) => {
	const id = await withPictures(house, 2);
	const page = await as('eltern', '/n/' + id);
	await expect(page.locator('.pictures img')).toHaveCount(2);
	await page.getByRole('link', { name: 'Start' }).click();
	await expect(page.getByRole('region', { name: 'Ihre Kinder heute' })).toBeVisible();
	// The app is put by while the first page is read.
	await page.evaluate(async () => void (await navigator.serviceWorker.ready));
	await context.setOffline(true);
	await expect(page.getByText('Kein Netz. Sie sehen, was zuletzt da war.')).toBeVisible();
	const stand = page.getByText(/^Kein Netz\. Stand: 24\. Nov\., 08:1\d$/);

	await page.getByRole('navigation').getByRole('link', { name: /Nachrichten/ }).click();
	await expect(stand).toBeVisible();
	await page.getByRole('link', { name: 'Start' }).click();
	await expect(page.getByRole('heading', { name: 'Dienstag, 24. November' })).toBeVisible();
	await expect(stand).toBeVisible();
	await expect(page.getByRole('region', { name: 'Ihre Kinder heute' })).toContainText('Theo');
	await page.getByRole('link', { name: /Bilder vom Ausflug/ }).click();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bilder vom Ausflug');
	await expect(stand).toBeVisible();
	for (const img of await page.locator('.pictures img').all()) await expect(img).toHaveJSProperty('naturalWidth', 400);
	await page.getByRole('navigation').getByRole('link', { name: /Nachrichten/ }).click();
	await expect(stand).toBeVisible();
	// One that was never opened, from the list.
	await page.getByRole('link', { name: /Heute turnen die Bären/ }).click();
	await expect(page.locator('.body')).toContainText('Turnhalle');
	await context.setOffline(false);
	await expect(stand).toHaveCount(0);
});

test('the app opens without a network', async ({ as, context }) => {
	const page = await as('eltern');
	await expect(page.getByRole('region', { name: 'Ihre Kinder heute' })).toBeVisible();
	await page.evaluate(async () => void (await navigator.serviceWorker.ready));
	await context.setOffline(true);
	await page.reload();
	await expect(page.getByRole('heading', { name: 'Dienstag, 24. November' })).toBeVisible();
	await expect(page.getByText(/^Kein Netz\. Stand: /)).toBeVisible();
	await expect(page.getByRole('region', { name: 'Ihre Kinder heute' })).toContainText('Theo');
});

test('what is confirmed without a network waits, visibly, and is sent once', async ({ house, as, context }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, { title: 'In der Bahn', confirm_wanted: true });
	const sent: string[] = [];
	// What the house answered: a try that finds no network yet is none.
	context.on('response', (r) => r.request().method() === 'PUT' && sent.push(r.request().postData() ?? 'opened'));
	const page = await as('eltern', '/n/' + id);
	const other = await context.newPage();
	await other.goto(house.url + '/');
	await expect(page.getByRole('button', confirm)).toBeVisible();
	await expect.poll(() => sent).toEqual(['opened']);
	await context.setOffline(true);
	// Changed their mind twice: what holds in the end is told.
	await page.getByRole('button', confirm).click();
	await page.getByRole('button', { name: 'Zurücknehmen' }).click();
	await page.getByRole('button', confirm).click();
	await expect(page.getByText(/Sie haben bestätigt/)).toContainText('Wird gesendet, sobald wieder Netz da ist.');
	for (const window of [page, other]) await expect(window.getByText(/warten? auf das Netz$/)).toBeVisible();
	expect((await one(leader, id)).ledger['confirmed']).toBe(0);
	await context.setOffline(false);
	for (const window of [page, other]) await expect(window.getByText(/warten? auf das Netz$/)).toHaveCount(0);
	await expect.poll(async () => (await one(leader, id)).ledger['confirmed']).toBe(1);
	expect(sent.filter((b) => b !== 'opened')).toEqual(['{"confirmed":true}']);
	await expect(page.getByText(/Sie haben bestätigt/)).not.toContainText('Wird gesendet');
});

test('two windows confirm the same, and take it back, in the order it was done', async ({ house, as, context }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, { title: 'Zweimal offen', confirm_wanted: true });
	const one_ = await as('eltern', '/n/' + id);
	const two = await context.newPage();
	await two.goto(house.url + '/n/' + id);
	await expect(two.getByRole('button', confirm)).toBeVisible();
	await one_.getByRole('button', confirm).click();
	await two.getByRole('button', confirm).click({ timeout: 2000 }).catch(() => {}); // it may know already
	await expect(two.getByText(/Sie haben bestätigt/)).toBeVisible();
	await two.getByRole('button', { name: 'Zurücknehmen' }).click();
	await expect(one_.getByRole('button', confirm)).toBeVisible();
	await expect.poll(async () => (await one(leader, id)).ledger['confirmed']).toBe(0);
});

test('when the server comes back, what waited goes out by itself', async ({ house, as }) => {
	const id = await posted(house, { title: 'Stromausfall', confirm_wanted: true });
	const page = await as('eltern', '/n/' + id);
	await expect(page.getByRole('button', confirm)).toBeVisible();
	await house.kill();
	await page.getByRole('button', confirm).click();
	await expect(page.getByText('Eine Meldung wartet auf das Netz')).toBeVisible();
	const again = await serve({ data: house.data, database: house.database, demo: true, at: NOW, port: Number(new URL(house.url).port) });
	try {
		await page.clock.fastForward(15_000);
		await expect(page.getByText('Eine Meldung wartet auf das Netz')).toHaveCount(0);
		expect((await one(await house.api('leitung'), id)).ledger['confirmed']).toBe(1);
	} finally {
		await again.stop();
	}
});

test('nothing of an account stays on the device after it signed out', async ({ house, as, context }) => {
	const id = await withPictures(house, 1, { title: 'Nur für uns', body: 'Ein Geheimnis.' });
	const page = await as('eltern', '/');
	await page.getByRole('link', { name: /Nur für uns/ }).click();
	await expect(page.locator('.pictures img')).toHaveCount(1);
	const other = await context.newPage();
	await other.goto(house.url + '/n/' + id);
	await expect(other.getByText('Ein Geheimnis.')).toBeVisible();
	await expect.poll(async () => (await lying(page)).rows).toContain('Ein Geheimnis');
	await expect.poll(async () => (await lying(page)).caches).toEqual(['account-pictures']);

	await page.getByRole('link', { name: 'Mehr' }).click();
	await page.getByRole('button', { name: 'Abmelden' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abmelden' }).click();
	await expect(page).toHaveURL(/\/sign-in/);
	await expect(other).toHaveURL(/\/sign-in/);
	await expect(other.getByText('Ein Geheimnis.')).toHaveCount(0);
	expect(await lying(page)).toEqual({ rows: '', caches: [] });

	await page.goBack();
	await expect(page.getByLabel('Passwort')).toBeVisible();
	await expect(page.getByText('Nur für uns')).toHaveCount(0);
	await context.setOffline(true);
	await page.goto(house.url + '/n/' + id).catch(() => {});
	await expect(page.getByText('Ein Geheimnis.')).toHaveCount(0);
});

test('what one account left unsent does not go out in the name of the next', async ({ house, as, context }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, { title: 'Nicht im falschen Namen', audience: { kind: 'kita' }, confirm_wanted: true });
	const page = await as('eltern', '/n/' + id);
	await expect(page.getByRole('button', confirm)).toBeVisible();
	await context.setOffline(true);
	await page.getByRole('button', confirm).click();
	await expect(page.getByText('Eine Meldung wartet auf das Netz')).toBeVisible();
	// Somebody else's session comes before it could be sent.
	await context.route('**/api/v1/notices/*/confirmed', (r) => r.abort());
	await context.setOffline(false);
	await house.signIn(context, 'baeren');
	await page.goto(house.url + '/notices?box=inbox');
	// The window begins anew once it learns who it is, at that person's start; what is asked of it meanwhile may be lost.
	await expect(page).toHaveURL(house.url + '/today');
	await expect(async () => expect((await lying(page)).rows).not.toContain('Nicht im falschen Namen')).toPass();
	await context.unroute('**/api/v1/notices/*/confirmed');
	await expect(page.getByText(/auf das Netz$/)).toHaveCount(0);
	expect((await one(leader, id)).ledger['confirmed']).toBe(0);
});
