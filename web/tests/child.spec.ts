import { expect, test, type House } from './house';

async function childID(house: House, name = 'Ella'): Promise<string> {
	const api = await house.api('eltern');
	const { items } = (await (await api.get('/api/v1/children')).json()) as { items: { id: string; first_name: string }[] };
	return items.find((c) => c.first_name === name)!.id;
}

interface Child {
	allergies: string;
	health_notes: string;
	emergency_contacts: { name: string; phone: string; relation?: string }[];
}

/** The child as the team sees it. */
async function known(house: House, id: string): Promise<Child> {
	return (await (await house.api('leitung')).get(`/api/v1/children/${id}`)).json();
}

test('a family sees its child, who is there for it, and who sees what @tablet @desktop', async ({ house, as }) => {
	const page = await as('eltern', `/children/${await childID(house)}`);
	await expect(page.getByRole('heading', { level: 1, name: 'Ella Albrecht' })).toBeVisible();
	await expect(page.getByText(/geboren am \d\d\.\d\d\.20\d\d/)).toBeVisible();
	await expect(page.getByText(/Urlaub, /)).toBeVisible();
	const parents = page.getByRole('region', { name: 'Eltern und Sorgeberechtigte' });
	await expect(parents).toContainText('Jakob Albrecht');
	await expect(parents).toContainText('Mutter · darf abholen und bekommt Nachrichten');
	const access = page.getByRole('region', { name: 'Wer sieht die Daten meines Kindes?' });
	await expect(access).toContainText('Die Erzieher:innen der Gruppe');
	// The names are those that the server gives a guardian, no more.
	const api = await house.api('eltern');
	const kita = ((await (await api.get('/api/v1/kitas')).json()) as { items: { id: string }[] }).items[0]!.id;
	const staff = ((await (await api.get(`/api/v1/staff?kita_id=${kita}`)).json()) as { items: { first_name: string; last_name: string }[] }).items;
	expect(staff.length).toBeGreaterThan(1);
	for (const s of staff) await expect(access).toContainText(`${s.first_name} ${s.last_name}`);
	await expect(access).toContainText('Sieht nur Zahlen');
	await page.getByRole('link', { name: 'Kind abwesend melden' }).click();
	await expect(page.getByRole('checkbox', { name: 'Ella' })).toBeChecked();
});

test('a kita that shows all to all educators says so', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kita = ((await (await leader.get('/api/v1/kitas')).json()) as { items: { id: string }[] }).items[0]!.id;
	expect((await leader.patch(`/api/v1/kitas/${kita}`, { data: { educators_see_all: true } })).status()).toBe(200);
	const page = await as('eltern', `/children/${await childID(house)}`);
	await expect(page.getByText('Alle Erzieher:innen der Kita')).toBeVisible();
});

test('the family corrects allergies and health, and sends only what changed', async ({ house, as }) => {
	const id = await childID(house);
	const page = await as('eltern', `/children/${id}`);
	const sent: unknown[] = [];
	page.on('request', (r) => r.method() === 'PATCH' && sent.push(r.postDataJSON()));
	await page.getByRole('button', { name: 'Gesundheit bearbeiten' }).click();
	await page.getByLabel('Allergien und Unverträglichkeiten').fill('Erdnüsse');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Das Team sieht es sofort.')).toBeVisible();
	await expect(page.getByRole('region', { name: 'Gesundheit' })).toContainText('Erdnüsse');
	expect(sent).toEqual([{ allergies: 'Erdnüsse' }]);
	expect(await known(house, id)).toMatchObject({ allergies: 'Erdnüsse', health_notes: '' });

	await page.getByRole('button', { name: 'Gesundheit bearbeiten' }).click();
	await page.getByLabel('Was das Team noch wissen muss').fill('x'.repeat(2001));
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByLabel('Was das Team noch wissen muss')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Was das Team noch wissen muss')).toHaveValue('x'.repeat(2001));
	expect(await known(house, id)).toMatchObject({ health_notes: '' });
});

test('emergency contacts are added, ordered and removed, and all of it can be undone', async ({ house, as }) => {
	const id = await childID(house);
	const page = await as('eltern', `/children/${id}`);
	await page.getByRole('button', { name: 'Notfallkontakte bearbeiten' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Noch ein Kontakt' }).click();
	await dialog.getByLabel('Name').nth(1).fill('Onkel Paul');
	await dialog.getByLabel('Telefon').nth(1).fill('keine Nummer');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog.getByLabel('Telefon').nth(1)).toHaveAttribute('aria-invalid', 'true');
	await expect(dialog.getByLabel('Name').nth(1)).toHaveValue('Onkel Paul');
	await dialog.getByLabel('Telefon').nth(1).fill('0170 1234567');
	await dialog.getByRole('button', { name: 'Onkel Paul früher anrufen' }).click();
	await expect(dialog.getByLabel('Name').first()).toHaveValue('Onkel Paul');
	await dialog.getByRole('button', { name: 'Renate Albrecht entfernen' }).click();
	await expect(dialog.getByText('Renate Albrecht ist entfernt.')).toBeVisible();
	await dialog.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(dialog.getByLabel('Name')).toHaveCount(2);
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog).toHaveCount(0);
	expect((await known(house, id)).emergency_contacts.map((c) => c.name)).toEqual(['Onkel Paul', 'Renate Albrecht']);
	await expect(page.getByRole('link', { name: '0170 1234567' })).toHaveAttribute('href', 'tel:01701234567');

	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('link', { name: '0170 1234567' })).toHaveCount(0);
	expect((await known(house, id)).emergency_contacts).toEqual([{ name: 'Renate Albrecht', phone: '030 23125500', relation: 'Oma' }]);
});

test('the child of others is not there', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kita = ((await (await leader.get('/api/v1/kitas')).json()) as { items: { id: string }[] }).items[0]!.id;
	const all = ((await (await leader.get(`/api/v1/children?kita_id=${kita}&q=Ella`)).json()) as { items: { id: string }[] }).items.map((c) => c.id);
	const others = ((await (await leader.get(`/api/v1/children?kita_id=${kita}&limit=100`)).json()) as { items: { id: string; last_name: string }[] }).items.find((c) => c.last_name !== 'Albrecht' && !all.includes(c.id))!;
	const page = await as('eltern', `/children/${others.id}`);
	await expect(page.getByText('Das ist nicht mehr da, oder nicht für Sie bestimmt.')).toBeVisible();
	await expect(page.getByText(others.last_name)).toHaveCount(0);
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('the same is said in English', async ({ house, as }) => {
		await (await house.api('eltern')).patch('/api/v1/account', { data: { language: 'en' } });
		const page = await as('eltern', `/children/${await childID(house, 'Theo')}`);
		await expect(page.getByText(/born \d\d\/\d\d\/20\d\d/)).toBeVisible();
		await expect(page.getByRole('region', { name: 'Health' })).toContainText('Kuhmilcheiweiß');
		await expect(page.getByRole('region', { name: "Who sees my child's data?" })).toContainText('Sees numbers only');
	});
});
