// Being reachable, and what stands in the way of it.
import type { Page } from '@playwright/test';
import { whole } from './browsers';
import { Handset, shown } from './handset';
import { expect, PASSWORD, test, type House } from './house';
import { kitaOf } from './screens';

test.use(whole);

interface Device {
	id: string;
	name: string;
	current: boolean;
}

/** The devices of whom the page is signed in as, this one alone. */
const own = async (page: Page, house: House): Promise<Device[]> =>
	(((await (await page.request.get(house.url + '/api/v1/push/subscriptions')).json()).items ?? []) as Device[]).filter((d) => d.current);

const go = (page: Page) => page.getByRole('button', { name: 'Mitteilungen einschalten' });

/** answered makes the browser answer its question, or have answered it before. */
const answered = (permission: NotificationPermission | 'asks, and is closed') => (page: Page) =>
	page.addInitScript((permission) => {
		let now: string = permission.startsWith('asks') ? 'default' : permission;
		Object.defineProperty(Notification, 'permission', { get: () => now, configurable: true });
		Notification.requestPermission = async () => now as NotificationPermission;
		Object.assign(window, { answer: (p: string) => (now = p) });
	}, permission);

test('permission denied: how to allow it again, and then it goes on by itself', async ({ house, as, context }) => {
	await Handset.take(house, context, { permission: false });
	const page = await as('eltern', '/settings');
	await answered('denied')(page);
	await page.goto(house.url + '/welcome?step=push');
	await expect(page.getByRole('alert')).toContainText('auf diesem Gerät verboten');
	await expect(page.getByRole('alert')).toContainText('„Berechtigungen“');
	// The person comes back from the settings of the browser.
	await page.evaluate(() => (window as unknown as { answer(p: string): void }).answer('granted'));
	await page.getByRole('button', { name: 'Noch einmal versuchen' }).click();
	await expect(page).toHaveURL(/step=test/);
	expect(await own(page, house)).toHaveLength(1);
});

test('the question closed without an answer can be asked again', async ({ house, as, context }) => {
	await Handset.take(house, context, { permission: false });
	const page = await as('eltern', '/settings');
	await answered('asks, and is closed')(page);
	await page.goto(house.url + '/welcome?step=push');
	await go(page).click();
	await expect(page.getByRole('alert')).toContainText('Die Frage wurde geschlossen');
	await page.evaluate(() => (window as unknown as { answer(p: string): void }).answer('granted'));
	await page.getByRole('button', { name: 'Noch einmal versuchen' }).click();
	await expect(page).toHaveURL(/step=test/);
});

for (const [manner, says] of [
	['private', 'In einem privaten Fenster geht das nicht'],
	['unreachable', 'Der Dienst für Mitteilungen ist nicht erreichbar'],
	['hangs', 'Der Browser antwortet nicht']
] as const)
	test(`subscribing that ${manner}: it is said, and tried again`, async ({ house, as, context }) => {
		await Handset.take(house, context, { manner, permission: false });
		const page = await as('eltern', '/welcome?step=push');
		await expect(go(page)).toBeEnabled();
		await context.grantPermissions(['notifications'], { origin: house.url });
		const asked = page.waitForResponse('**/api/v1/push/key');
		await go(page).click();
		await asked;
		if (manner === 'hangs') {
			await expect(page.getByRole('alert')).toHaveCount(0);
			// Until the alert is there: the clock may run before the browser was asked.
			await expect
				.poll(async () => {
					await page.clock.fastForward(10_000);
					return page.getByRole('alert').count();
				})
				.toBe(1);
		}
		await expect(page.getByRole('alert')).toContainText(says);
		expect(await own(page, house)).toEqual([]);
		await page.evaluate(() => sessionStorage.setItem('handset.manner', 'works'));
		await page.getByRole('button', { name: 'Noch einmal versuchen' }).click();
		await expect(page).toHaveURL(/step=test/);
	});

test('a browser that can not be reached says so, and lets people on', async ({ house, as, context }) => {
	await context.addInitScript(() => {
		delete (window as { PushManager?: unknown }).PushManager;
	});
	const page = await as('eltern', '/welcome?step=push');
	await expect(page.getByRole('alert')).toContainText('Dieser Browser kann keine Mitteilungen empfangen');
	await page.getByRole('button', { name: 'Ohne Mitteilungen weiter' }).click();
	await expect(page).toHaveURL(house.url + '/');
});

test('a service worker that does not start: it is said', async ({ house, as, context }) => {
	await Handset.take(house, context);
	await context.addInitScript(() => {
		if ('ServiceWorkerContainer' in window) ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException('no', 'SecurityError'));
	});
	const page = await as('eltern', '/welcome?step=push');
	await go(page).click();
	await expect(page.getByRole('alert')).toContainText('nicht im Hintergrund arbeiten');
});

test.describe('on an iPhone', () => {
	test.use({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1' });

	test('the home screen comes first, and the installed app goes on after signing in', async ({ house, as, context }) => {
		await context.addInitScript(() => {
			// Not before there is an address.
			if (location.protocol !== 'http:') return;
			if (!sessionStorage.getItem('installed')) delete (window as { PushManager?: unknown }).PushManager;
			else Object.defineProperty(navigator, 'standalone', { value: true });
		});
		const page = await as('eltern', '/welcome');
		await expect(page.getByText('Zum Home-Bildschirm')).toBeVisible();
		await page.getByRole('button', { name: 'Erledigt' }).click();
		await expect(page.getByText('eltern@sonnenschein.example')).toBeVisible();
		await page.goBack();
		await expect(page.getByText('Zum Home-Bildschirm')).toBeVisible();

		// From the home screen: a place of its own, where nobody is signed in yet.
		const app = await context.newPage();
		await answered('asks, and is closed')(app);
		await app.goto(house.url + '/icon.svg');
		await app.evaluate(() => sessionStorage.setItem('installed', 'yes'));
		await context.clearCookies();
		await app.goto(house.url + '/sign-in');
		await app.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
		await app.getByLabel('Passwort').fill(PASSWORD);
		await app.getByRole('button', { name: 'Anmelden' }).click();
		await expect(app).toHaveURL(house.url + '/welcome');
		await expect(go(app)).toBeVisible();
	});
});

test('a test that does not arrive: what may be the cause, and another one does', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/welcome?step=test');
	await handset.pushed(1);
	await expect(page.getByText('Gleich sollte eine Mitteilung erscheinen')).toBeVisible();
	await page.clock.fastForward(31_000);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Noch nichts angekommen');
	await expect(page.getByText('Energiesparmodus')).toBeVisible();
	// Too soon for the server, whose clock nobody moved: it says how long, and the button waits with it.
	const again = page.getByRole('button', { name: 'Noch eine Probe' });
	const refused = page.waitForResponse((r) => r.url().endsWith('/test'));
	await again.click();
	if ((await refused).status() === 429) {
		await expect(page.getByRole('alert')).toBeVisible();
		const sent = page.waitForResponse((r) => r.url().endsWith('/test'), { timeout: 30_000 });
		await again.click({ timeout: 20_000 });
		expect((await sent).status()).toBe(202);
	}
	await handset.deliver(page, await handset.pushed(2));
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Angekommen!');
	await expect.poll(async () => (await shown(page)).length).toBeGreaterThan(0);
});

test('each start puts right what drifted apart, and costs nothing when nothing did', async ({ house, as, context }) => {
	await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await expect.poll(() => own(page, house)).toMatchObject([{ name: 'Chrome auf Android' }]);

	const posts: string[] = [];
	page.on('request', (r) => r.url().includes('/push/') && posts.push(`${r.method()} ${new URL(r.url()).pathname}`));
	await page.reload();
	await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
	await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
	expect(posts).toEqual([]);

	// The server lost it: within a day it hears of it again.
	const [device] = await own(page, house);
	await page.request.delete(`${house.url}/api/v1/push/subscriptions/${device!.id}`);
	await page.clock.setFixedTime(new Date('2026-11-25T09:00:00+01:00'));
	await page.reload();
	await expect.poll(async () => (await own(page, house)).length).toBe(1);

	// The browser lost it.
	posts.length = 0;
	await page.evaluate(() => localStorage.removeItem('handset.subscribed'));
	await page.reload();
	await expect.poll(() => posts).toContain('POST /api/v1/push/subscriptions');
	expect(await page.evaluate(() => localStorage.getItem('handset.subscribed'))).toBeTruthy();

	// Subscribed for a key that the server no longer has.
	const key = await page.evaluate(() => localStorage.getItem('handset.subscribed'));
	await page.evaluate(() => localStorage.setItem('handset.subscribed', 'BAAA'));
	await page.clock.setFixedTime(new Date('2026-11-27T09:00:00+01:00'));
	await page.reload();
	await expect.poll(() => page.evaluate(() => localStorage.getItem('handset.subscribed'))).toBe(key);

	// Taken back by the person: the server must not believe that it reaches them.
	await answered('denied')(page);
	await page.reload();
	await expect.poll(async () => (await own(page, house)).length).toBe(0);
});

test('signing out takes the device off, here and at the server; signing in again brings it back', async ({ house, as, context }) => {
	await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
	const leave = page.getByRole('button', { name: 'Abmelden', exact: true });
	await leave.click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abmelden' }).click();
	await expect(page).toHaveURL(/\/sign-in/);
	expect(await page.evaluate(() => localStorage.getItem('handset.subscribed'))).toBeNull();
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
});

test('a session that ended elsewhere: who signs in again is reached again', async ({ house, as, context }) => {
	await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
	const sessions = (await (await page.request.get(house.url + '/api/v1/sessions')).json()).items as { id: string; current: boolean }[];
	const elsewhere = await house.api('eltern');
	expect((await elsewhere.delete(`/api/v1/sessions/${sessions.find((s) => s.current)!.id}`)).ok()).toBe(true);
	await page.reload();
	await expect(page).toHaveURL(/\/sign-in/);
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
});

test('a session that ended elsewhere: the device says nothing of the former account, and is the next one’s', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
	const parent = await house.api('eltern');
	const sessions = (await (await page.request.get(house.url + '/api/v1/sessions')).json()).items as { id: string; current: boolean }[];
	expect((await parent.delete(`/api/v1/sessions/${sessions.find((s) => s.current)!.id}`)).ok()).toBe(true);

	// Without loading anew: what the app knows in memory has to go too.
	await page.getByRole('main').getByRole('link', { name: /Meine Geräte/ }).click();
	await expect(page).toHaveURL(/\/sign-in/);
	let release = () => {};
	const held = new Promise<void>((r) => (release = r));
	await page.route('**/api/v1/push/subscriptions', async (route) => {
		if (route.request().method() === 'POST') await held;
		await route.continue();
	});
	await page.getByLabel('E-Mail-Adresse').fill('leitung@sonnenschein.example');
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page).toHaveURL(house.url + '/settings/devices');
	await expect(page.getByRole('heading', { name: 'Wird geprüft' })).toBeVisible();
	await expect(page.getByRole('button', { name: 'Test schicken' })).toHaveCount(0);

	// Nor does the house: the former account is one of those who have no device.
	const leader = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const r = await leader.post('/api/v1/notices', { data: { kita_id: kita, kind: 'urgent', title: 'Rohrbruch', body: 'Bitte abholen.', audience: { kind: 'kita' } } });
	expect(r.status(), await r.text()).toBe(201);
	const { person_id } = (await (await parent.get('/api/v1/session')).json()).memberships[0] as { person_id: string };
	const { id } = (await r.json()) as { id: string };
	const theirs = async () =>
		((await (await leader.get(`/api/v1/notices/${id}/recipients?limit=100`)).json()).items as { guardian_id?: string; trouble?: string }[]).find((p) => p.guardian_id === person_id)?.trouble;
	await expect.poll(theirs).toBe('no_device');

	release();
	await expect(page.getByRole('heading', { name: 'Dieses Gerät bekommt Mitteilungen' })).toBeVisible();
	expect(await own(page, house)).toHaveLength(1);
	await page.getByRole('button', { name: 'Test schicken' }).click();
	expect((await handset.pushed(1)).notification.data.kind).toBe('test');
	expect(house.push.taken).toHaveLength(1);
});

test('taken off on purpose it stays off: after months, and when the session ends and the same person comes back', async ({ house, as, context }) => {
	await Handset.take(house, context);
	const page = await as('eltern', '/settings/devices');
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
	await page.getByRole('button', { name: 'Ausschalten' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Ausschalten' }).click();
	const off = page.getByRole('heading', { name: 'Dieses Gerät bekommt keine Mitteilungen' });
	await expect(off).toBeVisible();
	const posts: string[] = [];
	page.on('request', (r) => r.method() === 'POST' && r.url().includes('/push/') && posts.push(r.url()));

	await page.clock.setFixedTime(new Date('2027-02-24T09:00:00+01:00'));
	for (const _ of ['forgets what is old', 'would miss it']) {
		await page.goto(house.url + '/settings/devices');
		await expect(off).toBeVisible();
	}

	await context.clearCookies();
	await page.goto(house.url + '/settings/devices');
	await expect(page).toHaveURL(/\/sign-in/);
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page).toHaveURL(house.url + '/settings/devices');
	await expect(off).toBeVisible();
	expect(posts).toEqual([]);
	expect(await own(page, house)).toEqual([]);

	await page.getByRole('button', { name: 'Einschalten' }).click();
	await expect(page.getByRole('heading', { name: 'Dieses Gerät bekommt Mitteilungen' })).toBeVisible();
	await page.goto(house.url + '/settings/devices');
	await expect(page.getByRole('heading', { name: 'Dieses Gerät bekommt Mitteilungen' })).toBeVisible();
	expect(await own(page, house)).toHaveLength(1);
});

test('removed from another device: the next tap puts it back', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings/devices');
	await expect.poll(async () => (await own(page, house)).length).toBe(1);
	const test = page.getByRole('button', { name: 'Test schicken' });
	await expect(test).toBeVisible();
	const [device] = await own(page, house);
	expect((await (await house.api('eltern')).delete(`/api/v1/push/subscriptions/${device!.id}`)).ok()).toBe(true);
	await test.click();
	await expect(page.getByRole('main').getByRole('alert')).toBeVisible();
	await page.getByRole('button', { name: 'Einschalten' }).click();
	await expect(page.getByRole('heading', { name: 'Dieses Gerät bekommt Mitteilungen' })).toBeVisible();
	await test.click();
	expect((await handset.pushed(1)).notification.data.kind).toBe('test');
});
