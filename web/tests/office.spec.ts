import { expect, test } from './house';
import { kitaOf } from './screens';

test('settings: what the server refuses stays in the form with its sentence, and only what changed is sent', async ({ as, house }) => {
	const api = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const before = await (await api.get(`/api/v1/kitas/${kita}`)).json();
	const page = await as('leitung', '/kita/settings');
	const sent: unknown[] = [];
	page.on('request', (r) => r.method() === 'PATCH' && sent.push(r.postDataJSON()));

	await page.getByLabel('Telefon').fill('030 123');
	await page.getByLabel('Schließt um').fill('06:00');
	await page.getByRole('button', { name: 'Änderungen speichern' }).click();
	await expect(page.getByLabel('Schließt um')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByText('Die Kita schließt, bevor sie öffnet.').first()).toBeVisible();
	await expect(page.getByLabel('Telefon')).toHaveValue('030 123');
	expect(await (await api.get(`/api/v1/kitas/${kita}`)).json()).toEqual(before);

	await page.getByLabel('Schließt um').fill('16:30');
	await page.getByRole('switch', { name: 'Das Team sieht alle Gruppen' }).click();
	await page.getByRole('button', { name: 'Änderungen speichern' }).click();
	await expect(page.getByText('Gespeichert')).toBeVisible();
	await expect(page.getByText('Noch nicht gespeichert')).toHaveCount(0);
	expect(sent.at(-1)).toEqual({ phone: '030 123', closes: '16:30', educators_see_all: !before.educators_see_all });
	expect(await (await api.get(`/api/v1/kitas/${kita}`)).json()).toEqual({ ...before, phone: '030 123', closes: '16:30', educators_see_all: !before.educators_see_all });
});

test('settings: nobody walks away from what is not saved without being asked', async ({ as }) => {
	const page = await as('leitung', '/kita/settings');
	await page.getByLabel('Name der Kita').fill('Regenbogen');
	await page.getByRole('link', { name: 'Zurück' }).click();
	await page.getByRole('dialog', { name: 'Ohne Speichern gehen?' }).getByRole('button', { name: 'Abbrechen' }).click();
	await expect(page.getByLabel('Name der Kita')).toHaveValue('Regenbogen');
	await page.getByRole('link', { name: 'Zurück' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Gehen' }).click();
	await expect(page).toHaveURL(/\/kita$/);
});

test('the log says who did and who saw what, the latest first, and goes on', async ({ as, house }) => {
	const api = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const child = (await (await api.get(`/api/v1/children?kita_id=${kita}`)).json()).items[0];
	const name = `${child.first_name} ${child.last_name}`;
	await (await house.api('baeren')).get(`/api/v1/absences/today?kita_id=${kita}`);
	await api.get(`/api/v1/children/${child.id}`);
	await api.patch(`/api/v1/kitas/${kita}`, { data: { phone: '030 99' } });
	const page = await as('leitung', '/kita/audit');
	const lines = page.getByRole('main').getByRole('listitem');
	await expect(lines.nth(0)).toContainText('Einstellungen der Kita geändert');
	await expect(lines.nth(1)).toContainText(`Akte des Kindes angesehen: ${name}`);
	await expect(lines.nth(2)).toContainText('Anwesenheit des Tages angesehen');
	const n = await lines.count();
	await page.getByRole('button', { name: 'Ältere zeigen' }).click();
	await expect.poll(() => lines.count()).toBeGreaterThan(n);
	// Every action has a word.
	for (const l of await lines.allInnerTexts()) expect(l).not.toMatch(/^[a-z]+_[a-z_]+/m);
});
