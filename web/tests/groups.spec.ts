import { expect, test } from './house';
import { all, find, inEnglish } from './people';

test('a group is opened with its picture, renamed, and the name taken back @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const page = await as('leitung', '/kita/groups');
	await page.getByRole('button', { name: 'Neue Gruppe' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog.getByLabel('Name der Gruppe')).toHaveAttribute('aria-invalid', 'true');
	await dialog.getByLabel('Name der Gruppe').fill('Füchse');
	await dialog.getByRole('radio', { name: 'Fuchs' }).check();
	await dialog.getByRole('radio', { name: 'Rot' }).check();
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByRole('heading', { name: 'Füchse' })).toBeVisible();
	const made = (await all(leader, 'groups')).find((g) => g.name === 'Füchse');
	expect(made).toMatchObject({ colour: 'red', icon: 'fox' });

	await page.getByRole('button', { name: 'Füchse bearbeiten' }).click();
	await dialog.getByLabel('Name der Gruppe').fill('Füchslein');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByRole('heading', { name: 'Füchslein' })).toBeVisible();
	await expect(page.getByRole('button', { name: 'Füchslein bearbeiten' })).toBeFocused();
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('heading', { name: 'Füchse', exact: true })).toBeVisible();
	expect((await all(leader, 'groups')).map((g) => g.name)).toContain('Füchse');
});

test('a group with children is not put away, and the way to move them is there; an empty one is, and comes back', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const bears = await find(leader, 'groups', 'Bären');
	const page = await as('leitung', '/kita/groups');
	await page.getByRole('button', { name: 'Bären bearbeiten' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	const refusal = page.getByRole('dialog', { name: 'In „Bären“ sind noch Kinder' });
	await expect(refusal).toBeVisible();
	await refusal.getByRole('button', { name: 'Kinder verschieben' }).click();
	await expect(page).toHaveURL(new RegExp(`/kita/move\\?from=${bears.id}`));
	await expect(page.getByRole('heading', { level: 2 }).first()).toContainText('Bären');

	const r = await leader.post('/api/v1/groups', { data: { kita_id: (await (await leader.get('/api/v1/session')).json()).memberships[0].kita_id, name: 'Leer', colour: 'grey', icon: 'moon' } });
	expect(r.status()).toBe(201);
	await page.goto(`${house.url}/kita/groups`);
	await page.getByRole('button', { name: 'Leer bearbeiten' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await expect(page.getByRole('button', { name: 'Leer bearbeiten' })).toHaveCount(0);
	await page.getByText('Eine archivierte Gruppe').click();
	await page.getByRole('button', { name: '„Leer“ zurückholen' }).click();
	await expect(page.getByRole('button', { name: 'Leer bearbeiten' })).toBeVisible();
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('a group is recoloured', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const page = await as('leitung', '/kita/groups');
		await page.getByRole('button', { name: 'Edit Bären' }).click();
		await page.getByRole('radio', { name: 'Blue' }).check();
		await page.getByRole('button', { name: 'Save' }).click();
		await expect(page.getByText('Saved')).toBeVisible();
		expect((await find(await house.api('leitung'), 'groups', 'Bären')) as unknown as { colour: string }).toMatchObject({ colour: 'blue', icon: 'bear' });
	});
});
