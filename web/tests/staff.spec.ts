import { expect, test } from './house';
import { all, find, inEnglish, rows } from './people';

type Colleague = { role: string; group_ids?: string[]; first_name: string; id: string };
const colleague = async (api: Parameters<typeof find>[0], name: string) => (await find(api, 'staff', name)) as unknown as Colleague;

test('a colleague is entered, gets another group, and the group is taken back @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const bears = await find(leader, 'groups', 'Bären');
	const hedgehogs = await find(leader, 'groups', 'Igel');
	const page = await as('leitung', '/kita/staff');
	await expect(page.getByText('10 Personen')).toBeVisible();
	await page.getByRole('button', { name: 'Neu im Team' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel('Vorname').fill('Özlem');
	await dialog.getByRole('button', { name: 'Anlegen' }).click();
	await expect(dialog.getByLabel('Nachname')).toHaveAttribute('aria-invalid', 'true');
	await dialog.getByLabel('Nachname').fill('Zänker');
	await dialog.getByRole('checkbox', { name: 'Bären' }).check();
	await dialog.getByRole('button', { name: 'Anlegen' }).click();
	await expect(page.getByText('11 Personen')).toBeVisible();
	expect(await colleague(leader, 'Özlem Zänker')).toMatchObject({ role: 'educator', group_ids: [bears.id] });

	await page.getByRole('searchbox').fill('ozlem');
	await rows(page).click();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Özlem Zänker');
	await page.getByRole('checkbox', { name: 'Igel' }).check();
	await expect(page.getByText('Gruppen gespeichert')).toBeVisible();
	expect((await colleague(leader, 'Özlem Zänker')).group_ids?.toSorted()).toEqual([bears.id, hedgehogs.id].toSorted());
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).last().click();
	await expect(page.getByRole('checkbox', { name: 'Igel' })).not.toBeChecked();
	expect((await colleague(leader, 'Özlem Zänker')).group_ids).toEqual([bears.id]);
});

test('the last leader stays one, and is told why', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const petra = await find(leader, 'staff', 'Petra Lindemann');
	const page = await as('leitung', `/kita/staff/${petra.id}`);
	await page.getByRole('button', { name: 'Aufgabe bearbeiten' }).click();
	await page.getByLabel('Aufgabe').selectOption({ label: 'Erzieher:in' });
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Danach könnte niemand mehr die Kita leiten')).toBeVisible();
	expect((await colleague(leader, 'Petra Lindemann')).role).toBe('leader');
});

test('who leaves the team is out at once, and a slip is undone', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const educator = await house.api('baeren');
	const nadine = await find(leader, 'staff', 'Nadine Krause');
	const page = await as('leitung', `/kita/staff/${nadine.id}`);
	await page.getByRole('button', { name: 'Verlässt das Team' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await expect(page.getByRole('button', { name: 'Zurückholen' })).toBeVisible();
	expect((await all(leader, 'staff')).map((p) => p.first_name)).not.toContain('Nadine');
	const r = await educator.get('/api/v1/children');
	expect(r.status() === 401 || (await r.json()).items.length === 0).toBe(true);
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('button', { name: 'Verlässt das Team' })).toBeVisible();
	expect((await all(leader, 'staff')).map((p) => p.first_name)).toContain('Nadine');
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('the team is sorted by role', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const page = await as('leitung', '/kita/staff');
		await expect(rows(page).first()).toContainText('Franziska');
		await page.getByLabel('Sort by').selectOption('role');
		await expect(rows(page).first()).toHaveText(/Petra Lindemann.*Leader/);
	});
});
