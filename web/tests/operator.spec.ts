import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as plain, type Page } from '@playwright/test';
import { expect, NOW, test } from './house';
import { emptyDatabase } from './postgres';
import { serve } from './server';

/** account takes an invitation as a person does who is new here. */
async function account(page: Page, { name, login, password }: { name?: string; login: string; password: string }) {
	if (name) await page.getByLabel('Ihr Name').fill(name);
	await page.getByLabel('E-Mail-Adresse').fill(login);
	await page.getByLabel('Neues Passwort').fill(password);
	await page.getByRole('button', { name: 'Konto anlegen' }).click();
}

plain('first run: from the printed link to a kita whose leader is signed in', async ({ browser }, info) => {
	const data = mkdtempSync(join(tmpdir(), 'morgenkreis-empty-'));
	const postgres = await emptyDatabase(info);
	const server = await serve({ data, database: postgres?.address, at: NOW });
	const context = await browser.newContext({ locale: 'de-DE' });
	const other = await browser.newContext({ locale: 'de-DE' });
	try {
		await context.clock.install({ time: new Date(NOW) });
		await expect.poll(() => server.log()).toMatch(/\/i#\S+/);
		const code = /\/i#(\S+)/.exec(server.log())![1];
		const page = await context.newPage();
		await page.goto(`${server.url}/i#${code}`);
		await expect(page.getByText('Sie richten Morgenkreis ein. Zuerst Ihr eigenes Konto.')).toBeVisible();
		await expect(page).toHaveURL(server.url + '/i');
		await account(page, { name: 'Otto', login: 'otto@example.org', password: 'ein langes Passwort 1' });
		await expect(page).toHaveURL(server.url + '/kitas');
		await expect(page.getByRole('heading', { name: 'Willkommen bei Morgenkreis' })).toBeVisible();
		await page.getByRole('button', { name: 'Weiter' }).click();
		await expect(page.getByLabel('Name des Trägers')).toHaveAttribute('aria-invalid', 'true');
		await page.getByLabel('Name des Trägers').fill('Stadt Musterstadt');
		await page.getByRole('button', { name: 'Weiter' }).click();
		await page.getByLabel('Name der Kita').fill('Regenbogen');
		await page.getByRole('button', { name: 'Kita eröffnen' }).click();
		await expect(page.getByLabel('Bundesland')).toHaveAttribute('aria-invalid', 'true');
		// Whoever leaves in the middle goes on where they were.
		await page.reload();
		await expect(page.getByLabel('Name des Trägers')).toHaveCount(0);
		await page.getByLabel('Name der Kita').fill('Regenbogen');
		await page.getByLabel('Bundesland').selectOption('BE');
		await page.getByRole('button', { name: 'Kita eröffnen' }).click();
		await page.getByLabel('Vorname').fill('Lea');
		await page.getByLabel('Nachname').fill('Leitung');
		await page.getByRole('button', { name: 'Anlegen und einladen' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Link zum Weitergeben' }).click();
		const link = await page.getByRole('dialog').locator('.link').innerText();
		await page.getByRole('dialog').getByRole('button', { name: 'Schließen' }).click();
		await expect(page.getByText('Lea Leitung ist eingeladen')).toBeVisible();
		await page.getByRole('button', { name: 'Fertig' }).click();
		await expect(page.getByRole('link', { name: /Regenbogen/ })).toBeVisible();

		const hers = await other.newPage();
		await hers.goto(link);
		await expect(hers.getByText(/Regenbogen.* lädt Sie als Leitung ein/)).toBeVisible();
		await account(hers, { login: 'lea@example.org', password: 'noch ein Passwort 2' });
		await expect(hers).toHaveURL(/\/welcome/);
		await hers.goto(server.url + '/kita');
		await expect(hers.getByRole('heading', { name: 'Regenbogen' })).toBeVisible();

		// What stands in the log for ever opens nothing any more.
		await hers.goto('about:blank');
		await hers.goto(`${server.url}/i#${code}`);
		await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Dieser Code gilt nicht');
	} finally {
		await context.close();
		await other.close();
		await server.stop();
		await postgres?.leave();
		rmSync(data, { recursive: true, force: true });
	}
});

test('the operator opens a kita, sees no numbers of it, puts it away and takes it back', async ({ as }) => {
	const page = await as('betrieb', '/kitas');
	await expect(page.getByRole('link', { name: /Sonnenschein/ })).toBeVisible();
	await expect(page.getByRole('main')).not.toContainText(/\d+ Kinder/);
	await page.getByRole('link', { name: 'Kita eröffnen' }).click();
	await page.getByLabel('Name der Kita').fill('Mond');
	await page.getByLabel('Bundesland').selectOption('BY');
	await page.getByRole('button', { name: 'Kita eröffnen' }).click();
	await page.getByRole('button', { name: 'Später einladen' }).click();
	await expect(page.getByRole('heading', { name: 'Mond' })).toBeVisible();
	await expect(page.getByText('Noch niemand leitet diese Kita.')).toBeVisible();
	await page.getByRole('button', { name: 'Archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await expect(page.getByText('Diese Kita ist archiviert.')).toBeVisible();
	await page.getByRole('link', { name: 'Zurück' }).click();
	await expect(page.getByRole('link', { name: /Mond/ })).toHaveCount(0);
	await page.getByRole('switch', { name: 'Archivierte zeigen' }).click();
	await page.getByRole('link', { name: /Mond/ }).click();
	await page.getByRole('button', { name: 'Wieder öffnen' }).click();
	await expect(page.getByText('Noch niemand leitet diese Kita.')).toBeVisible();
});

test('who speaks for a provider comes in by an operator’s link, and sees numbers of its kitas alone', async ({ as, house, browser }) => {
	const page = await as('betrieb', '/kitas/providers');
	await page.getByRole('button', { name: 'Person einladen' }).first().click();
	await page.getByRole('dialog').getByRole('button', { name: 'Link zum Weitergeben' }).click();
	const link = await page.getByRole('dialog').locator('.link').innerText();
	const context = await browser.newContext({ locale: 'en-GB' });
	const r = await context.request.post(house.url + '/api/v1/invitations/accept', { data: { code: link.split('#')[1], login: 'traeger@example.org', password: 'ein langes Passwort 3', name: 'Tina', language: 'en' } });
	expect(r.status(), await r.text()).toBe(201);
	const hers = await context.newPage();
	await hers.goto(house.url + '/kitas');
	const kita = (await (await context.request.get(house.url + '/api/v1/kitas')).json()).items[0];
	const c = await (await context.request.get(`${house.url}/api/v1/kitas/${kita.id}/counts`)).json();
	await expect(hers.getByText(`${c.children} children, ${c.guardians} guardians, ${c.reachable} of them with a device`)).toBeVisible();
	await hers.goto(house.url + '/kitas/providers');
	await expect(hers.getByRole('button', { name: 'Invite a person' })).toHaveCount(0);
	await context.close();
});

test('a provider is added, renamed, put away and taken back; what the server refuses stays in the form', async ({ as, house }) => {
	const page = await as('betrieb', '/kitas/providers');
	const names = async () => ((await (await (await house.api('betrieb')).get('/api/v1/providers')).json()).items as { name: string; archived_at?: string }[]).filter((p) => !p.archived_at).map((p) => p.name).sort();
	const before = await names();
	const dialog = page.getByRole('dialog');
	const name = dialog.getByLabel('Name des Trägers');
	await page.getByRole('button', { name: 'Träger anlegen' }).click();
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(name).toHaveAttribute('aria-invalid', 'true');
	expect(await names()).toEqual(before);
	await name.fill('Elternverein Mond');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog).toHaveCount(0);
	const row = (name: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: name });
	await expect(row('Elternverein Mond')).toHaveCount(1);

	await row('Elternverein Mond').getByRole('button', { name: 'Umbenennen' }).click();
	await expect(name).toHaveValue('Elternverein Mond');
	await name.fill('Elternverein Sonne e. V.');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(row('Elternverein Sonne e. V.')).toHaveCount(1);
	expect(await names()).toEqual([...before, 'Elternverein Sonne e. V.'].sort());

	await row('Elternverein Sonne').getByRole('button', { name: 'Archivieren' }).click();
	await dialog.getByRole('button', { name: 'Archivieren' }).click();
	await expect(page.getByText('„Elternverein Sonne e. V.“ ist archiviert')).toBeVisible();
	expect(await names()).toEqual(before);
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByText('„Elternverein Sonne e. V.“ ist wieder offen')).toBeVisible();
	expect(await names()).toContain('Elternverein Sonne e. V.');
});
