import { readFileSync } from 'node:fs';
import { expect, test } from './house';
import { kitaOf } from './screens';

const offeredSample = readFileSync('../docs/roster-sample.csv');
/** The sample with numbers that no child of the demo kita has. */
const sample = offeredSample.toString().replace(/^(\uFEFF?)10(\d\d);/gm, '$190$2;');
const csv = (text: string, name = 'liste.csv') => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });

async function count(house: Parameters<typeof kitaOf>[0], noun: 'children' | 'guardians') {
	const counts = await (await (await house.api('leitung')).get(`/api/v1/kitas/${await kitaOf(house, 'leitung')}/counts`)).json();
	return counts[noun] as number;
}

test('a list is looked at, taken over, changed, and is nothing new the second time @tablet @desktop', async ({ as, house }) => {
	const before = await count(house, 'children');
	const page = await as('leitung', '/kita/import');
	const offered = page.waitForEvent('download');
	await page.getByRole('link', { name: 'Beispielliste herunterladen' }).click();
	expect(readFileSync(await (await offered).path()).equals(offeredSample)).toBe(true);

	await page.getByLabel('Datei wählen').setInputFiles(csv(sample));
	await expect(page.getByRole('heading', { name: 'Das würde sich ändern' })).toBeVisible();
	await expect(page.locator('summary').filter({ hasText: 'Neu' })).toContainText(/\d+ Kinder/);
	expect(await count(house, 'children')).toBe(before);
	await page.getByRole('button', { name: /\d+ Änderungen übernehmen/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abbrechen' }).click();
	expect(await count(house, 'children')).toBe(before);
	await page.getByRole('button', { name: /\d+ Änderungen übernehmen/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Übernehmen' }).click();
	await expect(page.getByRole('heading', { name: 'Die Liste ist übernommen' })).toBeVisible();
	await expect(page.getByRole('link', { name: 'Eltern einladen' })).toHaveAttribute('href', '/kita/invitations');
	const now = await count(house, 'children');
	expect(now).toBeGreaterThan(before);

	await page.getByLabel('Datei wählen').setInputFiles(csv(sample));
	await expect(page.getByText('Nichts Neues.')).toBeVisible();

	// A telephone number has changed, and a child moves.
	const changed = sample.replaceAll('0171 3920003', '0171 9999999').replace('Yıldız;09.07.2022;Frösche;01.08.2025', 'Yıldız;09.07.2022;Bären;01.12.2026');
	await page.getByLabel('Andere Datei wählen').setInputFiles(csv(changed));
	const phone = page.locator('dl div').filter({ hasText: 'Telefon' });
	await expect(phone.locator('del')).toHaveText('0171 3920003');
	await expect(phone.locator('ins')).toHaveText('0171 9999999');
	await expect(page.locator('details').filter({ hasText: 'Wechselt die Gruppe' })).toContainText('Deniz Yıldız');
	expect(await count(house, 'children')).toBe(now);
});

test('what is wrong is told row by row; the file stays in hand, and nothing is written', async ({ as, house }) => {
	const before = await count(house, 'children');
	const page = await as('leitung', '/kita/import');
	const faulty = sample.replace('03.02.2021', '31.02.2021').replace('elif.yildiz@example.org', 'elif(at)example');
	await page.getByLabel('Datei wählen').setInputFiles(csv(faulty, 'fehler.csv'));
	await expect(page.getByRole('heading', { name: '2 Fehler in der Liste' })).toBeVisible();
	const rows = page.getByRole('table').locator('tbody tr');
	await expect(rows.nth(0).locator('th')).toContainText('2');
	await expect(rows.nth(0).locator('.column')).toHaveText('Geburtsdatum');
	await expect(rows.nth(0).locator('.value')).toHaveText('31.02.2021');
	await expect(rows.nth(0).locator('.reason')).toHaveText('Diesen Tag gibt es nicht.');
	await expect(rows.nth(1).locator('.value')).toHaveText('elif(at)example');
	await expect(page.getByText('fehler.csv')).toBeVisible();
	await expect(page.getByRole('button', { name: /übernehmen/ })).toHaveCount(0);

	// No answer at all: the list is still there to be sent again.
	await page.route('**/api/v1/imports*', (r) => r.abort());
	await page.getByLabel('Andere Datei wählen').setInputFiles(csv(sample, 'gut.csv'));
	await expect(page.getByRole('alert')).toContainText('Keine Verbindung');
	await expect(page.getByText('gut.csv')).toBeVisible();
	await page.unroute('**/api/v1/imports*');
	await page.getByRole('button', { name: 'Noch einmal prüfen' }).click();
	await expect(page.getByRole('heading', { name: 'Das würde sich ändern' })).toBeVisible();
	expect(await count(house, 'children')).toBe(before);
});

test('children who are not on the list stay, unless they are to be archived', async ({ as, house }) => {
	const before = await count(house, 'children');
	const page = await as('leitung', '/kita/import');
	await page.getByLabel('Datei wählen').setInputFiles(csv(sample));
	await expect(page.getByText(`${before} Kinder stehen nicht in der Liste`)).toBeVisible();
	await expect(page.locator('summary').filter({ hasText: 'Wird archiviert' })).toHaveCount(0);
	await page.getByRole('switch', { name: 'Diese Kinder archivieren' }).click();
	await expect(page.locator('summary').filter({ hasText: 'Wird archiviert' })).toContainText(`${before} Kinder`);
	await page.getByRole('button', { name: /\d+ Änderungen übernehmen/ }).click();
	await expect(page.getByRole('dialog')).toContainText(`${before} Kinder werden dabei archiviert`);
});

test('the import speaks English, the server’s reasons too', async ({ as, house }) => {
	await (await house.api('leitung')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('leitung', '/kita/import');
	await page.getByLabel('Choose a file').setInputFiles(csv(sample.replace('03.02.2021', '31.02.2021')));
	await expect(page.getByRole('heading', { name: 'One fault in the list' })).toBeVisible();
	await expect(page.locator('.reason')).toHaveText('There is no such day');
	await expect(page.locator('.value')).toHaveText('31.02.2021');
});
