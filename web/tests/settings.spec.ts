import { createECDH, randomBytes } from 'node:crypto';
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, PASSWORD, test, type House } from './house';

/** What the server keeps for the parent. */
async function account(house: House): Promise<Record<string, unknown>> {
	const api = await house.api('eltern');
	return ((await (await api.get('/api/v1/session')).json()) as { account: Record<string, unknown> }).account;
}

/** A device of the parent's, in the name of the browser that `request` is. */
async function device(house: House, request: APIRequestContext, name: string) {
	const curve = createECDH('prime256v1');
	const r = await request.post(house.url + '/api/v1/push/subscriptions', {
		data: { endpoint: `${house.push.url}/p/${randomBytes(8).toString('hex')}`, keys: { p256dh: curve.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') }, name }
	});
	expect(r.status(), await r.text()).toBe(201);
}

const saved = (page: Page) => expect(page.getByText('Gespeichert')).toBeVisible();

test('the settings lead to all there is, and say how it stands @tablet @desktop', async ({ as }) => {
	const page = await as('eltern', '/settings');
	await expect(page.getByText('Miriam Albrecht').first()).toBeVisible();
	for (const [label, heading] of [
		['Meine Geräte', 'Meine Geräte'],
		['Ruhezeiten und Ton', 'Ruhezeiten und Ton'],
		['Sprache und Aussehen', 'Sprache und Aussehen'],
		['Name und Passwort', 'Name und Passwort'],
		['Wo Sie angemeldet sind', 'Wo Sie angemeldet sind'],
		['Programme', 'Programme'],
		['Über Morgenkreis', 'Über Morgenkreis'],
		['Ella Albrecht', 'Ella Albrecht']
	] as const) {
		await page.getByRole('link', { name: label }).click();
		await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
		await page.getByRole('link', { name: 'Zurück' }).click();
		await expect(page.getByRole('heading', { level: 1, name: 'Mehr' })).toBeVisible();
	}
});

test('quiet hours and sound are kept @tablet @desktop', async ({ house, as }) => {
	const page = await as('eltern', '/settings/alerts');
	await page.getByRole('switch', { name: 'Ruhezeiten einhalten' }).click();
	await page.getByLabel('Von').fill('21:00');
	await page.getByLabel('Bis').fill('06:00');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await saved(page);
	expect(await account(house)).toMatchObject({ quiet_from: '21:00', quiet_to: '06:00', sound: 'all' });
	await page.getByText('Nur Dringendes mit Ton').click();
	await expect.poll(async () => (await account(house))['sound']).toBe('urgent');
	await page.goto(house.url + '/settings');
	await expect(page.getByText('Ruhe 21:00–06:00 · Nur Dringendes mit Ton')).toBeVisible();
	await page.getByRole('link', { name: 'Ruhezeiten und Ton' }).click();
	await page.getByRole('switch', { name: 'Ruhezeiten einhalten' }).click();
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect.poll(async () => (await account(house))['quiet_from']).toBe('');
	await expect(page.getByRole('radio', { name: 'Nur Dringendes mit Ton' })).toBeChecked();
});

test('half a quiet time is refused at its field, and a sound that could not be kept is not shown', async ({ house, as, context }) => {
	const page = await as('eltern', '/settings/alerts');
	await page.getByRole('switch', { name: 'Ruhezeiten einhalten' }).click();
	await page.getByLabel('Bis').fill('');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByLabel('Bis')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Von')).toHaveValue('20:00');
	await context.setOffline(true);
	await page.getByText('Nichts mit Ton').click();
	await expect(page.getByText('Keine Verbindung zum Server')).toBeVisible();
	await expect(page.getByRole('radio', { name: 'Alles mit Ton' })).toBeChecked();
	expect(await account(house)).toMatchObject({ quiet_from: '', sound: 'all' });
});

test('the language changes the app, and one that the app does not speak changes what comes by push', async ({ house, as }) => {
	const page = await as('eltern', '/settings/display');
	await page.getByText('English', { exact: true }).click();
	await expect(page.getByRole('heading', { level: 1, name: 'Language and appearance' })).toBeVisible();
	await expect(page.locator('html')).toHaveAttribute('lang', 'en');
	await page.getByText('Türkçe', { exact: true }).click();
	await expect(page.getByText(/Mitteilungen und Briefe kommen auf Türkisch/)).toBeVisible();
	expect(await account(house)).toMatchObject({ language: 'tr' });
});

test('dark is dark from the first paint on', async ({ house, as }) => {
	const page = await as('eltern', '/settings/display');
	const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
	const light = await ground();
	await page.getByText('Dunkel', { exact: true }).click();
	await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
	expect(await ground()).not.toBe(light);
	// Before any script of the app runs: none of them arrives.
	await page.route('**/_app/**', () => {});
	await page.goto(house.url + '/settings', { waitUntil: 'commit' });
	await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
	await page.unroute('**/_app/**');
	await page.goto(house.url + '/settings/display');
	await expect(page.getByRole('radio', { name: 'Dunkel' })).toBeChecked();
	await page.getByText('Wie das Gerät', { exact: true }).click();
	await expect(page.locator('html')).not.toHaveAttribute('data-theme');
	expect(await ground()).toBe(light);
});

test('devices are tried, renamed and removed', async ({ house, as, context }) => {
	const parent = await house.api('eltern');
	await device(house, parent, 'Tablet in der Küche');
	const page = await as('eltern');
	await device(house, context.request, 'Mein Handy');
	await page.goto(house.url + '/settings/devices');
	const mine = page.getByRole('listitem').filter({ hasText: 'Mein Handy' });
	await expect(mine).toContainText('Dieses Gerät');
	await expect(page.getByRole('listitem').first()).toContainText('Mein Handy');
	const tablet = page.getByRole('listitem').filter({ hasText: 'Tablet' });
	await expect(tablet).toContainText('Hat noch nichts angezeigt');
	await expect(tablet).not.toContainText('Dieses Gerät');
	await page.getByRole('button', { name: 'Test an Tablet in der Küche schicken' }).click();
	await expect.poll(() => house.push.taken.length).toBe(1);
	await page.getByRole('button', { name: 'Tablet in der Küche umbenennen' }).click();
	await page.getByLabel('Name des Geräts').fill('');
	await page.getByRole('dialog').getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByLabel('Name des Geräts')).toHaveAttribute('aria-invalid', 'true');
	await page.getByLabel('Name des Geräts').fill('Altes Tablet');
	await page.getByRole('dialog').getByRole('button', { name: 'Speichern' }).click();
	await page.getByRole('button', { name: 'Altes Tablet entfernen' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abbrechen' }).click();
	await expect(tablet).toHaveCount(1);
	await page.getByRole('button', { name: 'Altes Tablet entfernen' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Entfernen' }).click();
	await expect(tablet).toHaveCount(0);
	const left = (await (await parent.get('/api/v1/push/subscriptions')).json()) as { items: { name: string }[] };
	expect(left.items.map((d) => d.name)).toEqual(['Mein Handy']);
});

test('a browser that is not known any more is signed out', async ({ house, as }) => {
	const other = await house.api('eltern');
	const page = await as('eltern', '/settings/sessions');
	await expect(page.getByRole('listitem').filter({ hasText: 'Hier' })).toHaveCount(1);
	await expect(page.getByRole('listitem').first()).toContainText('Hier');
	expect((await other.get('/api/v1/session')).status()).toBe(200);
	await page.getByRole('listitem').nth(1).getByRole('button').click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abmelden' }).click();
	await expect(page.getByText('Abgemeldet')).toBeVisible();
	expect((await other.get('/api/v1/session')).status()).toBe(401);
});

test('name and password change; a wrong current password says so and keeps what was typed', async ({ house, as, playwright }) => {
	const page = await as('eltern', '/settings/account');
	await page.getByLabel('Ihr Name').fill('Miriam Albrecht-Yilmaz');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await saved(page);
	expect(await account(house)).toMatchObject({ name: 'Miriam Albrecht-Yilmaz' });

	await page.getByLabel('Jetziges Passwort').fill('falsch');
	await page.getByLabel('Neues Passwort').fill('drei kleine igel');
	await page.getByRole('button', { name: 'Passwort ändern' }).click();
	await expect(page.getByLabel('Jetziges Passwort')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Neues Passwort')).toHaveValue('drei kleine igel');
	await page.getByLabel('Jetziges Passwort').fill(PASSWORD);
	await page.getByLabel('Neues Passwort').fill('kurz');
	await page.getByRole('button', { name: 'Passwort ändern' }).click();
	await expect(page.getByLabel('Neues Passwort')).toHaveAttribute('aria-invalid', 'true');
	await page.getByLabel('Neues Passwort').fill('drei kleine igel');
	await page.getByRole('button', { name: 'Passwort ändern' }).click();
	await expect(page.getByText('Das Passwort ist geändert.')).toBeVisible();
	await expect(page.getByLabel('Neues Passwort')).toHaveValue('');
	const fresh = await playwright.request.newContext({ baseURL: house.url });
	expect((await fresh.post('/api/v1/session', { data: { login: 'eltern@sonnenschein.example', password: 'drei kleine igel' } })).status()).toBe(201);
	await fresh.dispose();
});

test('a program gets a key that is shown once, works, and ends', async ({ house, as, playwright }) => {
	const page = await as('eltern', '/settings/programs');
	await page.getByRole('button', { name: 'Programm zulassen' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Zulassen' }).click();
	await expect(dialog.getByLabel('Name')).toHaveAttribute('aria-invalid', 'true');
	await dialog.getByLabel('Name').fill('Familienkalender');
	await dialog.getByText('Abwesenheiten lesen').click();
	await dialog.getByRole('button', { name: 'Zulassen' }).click();
	const key = await page.locator('code').innerText();
	expect(key).toMatch(/^mk_/);
	const program = await playwright.request.newContext({ baseURL: house.url, extraHTTPHeaders: { Authorization: `Bearer ${key}` } });
	expect((await program.get('/api/v1/absences')).status()).toBe(200);
	expect((await program.get('/api/v1/children')).status()).toBe(404);
	await page.getByRole('button', { name: 'Ich habe ihn kopiert' }).click();
	await page.reload();
	await expect(page.getByRole('listitem').filter({ hasText: 'Familienkalender' })).toContainText('Abwesenheiten lesen');
	await expect(page.getByText(key)).toHaveCount(0);
	await page.getByRole('button', { name: 'Familienkalender beenden' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Beenden' }).click();
	await expect(page.getByText('Kein Programm handelt für Sie')).toBeVisible();
	expect((await program.get('/api/v1/absences')).status()).toBe(401);
	await program.dispose();
});

test('signing out asks first, is not possible without a network, and leaves nothing', async ({ as, context }) => {
	const page = await as('eltern', '/settings');
	await expect(page.getByRole('button', { name: 'Abmelden' })).toBeVisible();
	await context.setOffline(true);
	await page.getByRole('button', { name: 'Abmelden' }).click();
	await expect(page.getByText('Abmelden geht nur mit Netz').first()).toBeVisible();
	await context.setOffline(false);
	await page.getByRole('button', { name: 'Abmelden' }).click();
	await expect(page.getByRole('dialog')).toContainText('keine Mitteilungen mehr');
	await page.getByRole('dialog').getByRole('button', { name: 'Abbrechen' }).click();
	await page.getByRole('button', { name: 'Abmelden' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abmelden' }).click();
	await expect(page).toHaveURL(/\/sign-in/);
	await page.goto(page.url().replace(/\/sign-in.*/, '/settings'));
	await expect(page).toHaveURL(/\/sign-in\?to=%2Fsettings$/);
});

test('who has several roles changes between them', async ({ house, as, context }) => {
	// The leader gets a child in the kita, and with it a second role.
	const leader = await house.api('leitung');
	const me = (await (await leader.get('/api/v1/session')).json()) as { memberships: { kita_id: string }[] };
	const kita_id = me.memberships[0]!.kita_id;
	const made = await leader.post('/api/v1/guardians', { data: { kita_id, first_name: 'Petra', last_name: 'Beispiel' } });
	expect(made.status(), await made.text()).toBe(201);
	const guardian = ((await made.json()) as { id: string }).id;
	const child = ((await (await leader.get(`/api/v1/children?kita_id=${kita_id}`)).json()) as { items: { id: string }[] }).items[0]!.id;
	const tied = await leader.put(`/api/v1/guardians/${guardian}/children/${child}`, { data: { relation: 'mother', custody: true, may_pick_up: true, receives_notices: true } });
	expect(tied.status(), await tied.text()).toBe(200);
	const invited = await leader.post('/api/v1/invitations', { data: { kita_id, guardian_ids: [guardian] } });
	expect(invited.status(), await invited.text()).toBe(201);
	const code = JSON.stringify(await invited.json()).match(/"code":"([^"]+)"/)![1];
	expect((await leader.post('/api/v1/invitations/accept', { data: { code } })).ok()).toBe(true);

	const page = await as('leitung', '/settings');
	await page.locator('label', { hasText: 'Eltern' }).click();
	await expect(page).toHaveURL(house.url + '/');
	await expect(page.getByRole('navigation').getByRole('link', { name: 'Abwesend' })).toBeVisible();
	await page.goto(house.url + '/settings');
	await expect(page.getByRole('radio', { name: 'Eltern' })).toBeChecked();
	await expect(page.getByRole('heading', { name: 'Meine Kinder' })).toBeVisible();
	await expect(page.getByRole('link', { name: /Bären|Frösche|Igel/ })).toHaveCount(1);
	await page.locator('label', { hasText: 'Leitung' }).click();
	await expect(page).toHaveURL(/\/today$/);
	await context.clearCookies();
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('the settings speak English', async ({ house, as }) => {
		const parent = await house.api('eltern');
		await parent.patch('/api/v1/account', { data: { language: 'en' } });
		const page = await as('eltern', '/settings');
		await page.getByRole('link', { name: 'Quiet hours and sound' }).click();
		await page.getByText('Only urgent ones sound').click();
		await expect.poll(async () => (await account(house))['sound']).toBe('urgent');
		await page.getByRole('link', { name: 'Back' }).click();
		await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
	});
});
