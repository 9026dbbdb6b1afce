import { expect, test } from './house';
import { all, find, fitsSideways, inEnglish, kitaOf, rows, takeIn } from './people';

test('parents are found by their child, and those who do not get a message stand out @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const page = await as('leitung', '/kita/guardians');
	const everybody = (await all(leader, 'guardians')) as unknown as { signed_in: boolean }[];
	await expect(page.getByText(`${everybody.length} Personen`)).toBeVisible();
	await page.getByRole('searchbox').fill('paula jahn');
	await expect(rows(page)).toHaveText([/Kerstin Jahn.*Mutter von Paula/, /Dirk Wolter.*Kontaktsperre/]);
	await page.getByRole('button', { name: 'Suche leeren' }).click();
	const away = everybody.filter((g) => !g.signed_in).length;
	expect(away).toBeGreaterThan(0);
	await page.getByRole('checkbox', { name: 'Noch nicht angemeldet' }).check();
	await expect(rows(page)).toHaveCount(away);
	await expect(page.getByText(`${away} von ${everybody.length} Personen`)).toBeVisible();
	await fitsSideways(page);
});

test('a telephone number is corrected, refused, kept, and taken back @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kerstin = await find(leader, 'guardians', 'Kerstin Jahn');
	const now = async () => (await (await leader.get(`/api/v1/guardians/${kerstin.id}`)).json()).phone;
	const before = await now();
	const page = await as('leitung', `/kita/guardians/${kerstin.id}`);
	await page.getByRole('button', { name: 'Telefon bearbeiten' }).click();
	const phone = page.getByRole('textbox', { name: 'Telefon' });
	await phone.fill('ruf mich an');
	await phone.press('Enter');
	await expect(phone).toHaveAttribute('aria-invalid', 'true');
	await expect(phone).toHaveValue('ruf mich an');
	expect(await now()).toBe(before);
	await phone.fill('030 777888');
	await phone.press('Enter');
	await expect(page.getByRole('link', { name: '030 777888' })).toHaveAttribute('href', 'tel:030777888');
	expect(await now()).toBe('030 777888');
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('link', { name: before })).toBeVisible();
	expect(await now()).toBe(before);
});

test('a tie to a child is made, changed and undone', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kerstin = await find(leader, 'guardians', 'Kerstin Jahn');
	const tilda = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger', group: 'Bären' });
	const tie = async () => (await (await leader.get(`/api/v1/guardians/${kerstin.id}`)).json()).children.find((x: { child_id: string }) => x.child_id === tilda.id);
	const page = await as('leitung', `/kita/guardians/${kerstin.id}`);
	await page.getByRole('button', { name: 'Kind verknüpfen' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('searchbox').fill('tilda');
	await dialog.getByRole('radio', { name: /Tilda Berger/ }).check();
	await dialog.getByLabel('Beziehung zum Kind').selectOption({ label: 'Großelternteil' });
	await dialog.getByRole('switch', { name: 'Sorgerecht' }).uncheck();
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog).toHaveCount(0);
	expect(await tie()).toMatchObject({ relation: 'grandparent', custody: false, may_pick_up: true, receives_notices: true });

	await page.getByRole('button', { name: 'Tilda Berger bearbeiten' }).click();
	await dialog.getByRole('switch', { name: 'Darf abholen' }).uncheck();
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Darf nicht abholen')).toBeVisible();
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).last().click();
	await expect(page.getByText('Darf nicht abholen')).toHaveCount(0);
	expect(await tie()).toMatchObject({ may_pick_up: true });

	await page.getByRole('button', { name: 'Tilda Berger bearbeiten' }).click();
	await dialog.getByRole('button', { name: 'Verbindung lösen' }).click();
	await page.getByRole('dialog', { name: 'Kerstin Jahn von Tilda Berger lösen?' }).getByRole('button', { name: 'Verbindung lösen' }).click();
	await expect(page.getByRole('link', { name: 'Tilda Berger' })).toHaveCount(0);
	expect(await tie()).toBeUndefined();
});

test('a new person is tied to the child that they were entered for', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const tilda = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger', group: 'Bären' });
	const page = await as('leitung', `/children/${tilda.id}`);
	await page.getByRole('button', { name: 'Person verknüpfen' }).click();
	await page.getByRole('link', { name: 'Nicht dabei? Neue Person anlegen' }).click();
	await expect(page.getByRole('heading', { name: 'Person anlegen' })).toBeVisible();
	await page.getByLabel('Vorname').fill('Grit');
	await page.getByLabel('Nachname').fill('Berger');
	await page.getByLabel('E-Mail').fill('keine-adresse');
	await page.getByRole('button', { name: 'Anlegen' }).click();
	await expect(page.getByLabel('E-Mail')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Vorname')).toHaveValue('Grit');
	await page.getByLabel('E-Mail').fill('grit@berger.example');
	await page.getByRole('button', { name: 'Anlegen' }).click();
	await expect(page.getByRole('region', { name: 'Sorgeberechtigte' })).toContainText('Grit Berger');
	await expect(page.getByRole('region', { name: 'Sorgeberechtigte' })).toContainText('Noch nicht angemeldet');
	const made = (await all(leader, 'guardians')).filter((g) => g.first_name === 'Grit');
	expect(made).toHaveLength(1);
	expect(made[0]).toMatchObject({ email: 'grit@berger.example', children: [{ child_id: tilda.id, relation: 'mother', custody: true }] });
});

test('who leaves is put away after a question, and comes back by a word', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kita_id = await kitaOf(leader);
	const r = await leader.post('/api/v1/guardians', { data: { kita_id, first_name: 'Grit', last_name: 'Berger' } });
	const { id } = await r.json();
	const page = await as('leitung', `/kita/guardians/${id}`);
	await expect(page.getByText('Noch nicht angemeldet')).toBeVisible();
	await page.getByRole('button', { name: 'Person archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await expect(page).toHaveURL(/\/kita\/guardians$/);
	expect((await (await leader.get(`/api/v1/guardians/${id}`)).json()).archived_at).toBeTruthy();
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect.poll(async () => (await (await leader.get(`/api/v1/guardians/${id}`)).json()).archived_at).toBeUndefined();
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('parents are found by relation words of the language', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const page = await as('leitung', '/kita/guardians');
		await page.getByRole('searchbox').fill('kerstin');
		await expect(rows(page)).toHaveText([/Mother of Paula/]);
	});
});
