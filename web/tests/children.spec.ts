import { expect, test } from './house';
import { all, find, fitsSideways, inEnglish, rows, takeIn } from './people';

test('a child is found however its name is typed @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	await takeIn(leader, { first_name: 'Jörg', last_name: 'Müßig', number: 'Q-77' });
	await takeIn(leader, { first_name: 'Ayşe', last_name: 'Öztürk', group: 'Igel' });
	await takeIn(leader, { first_name: 'Zoé', last_name: 'Łukasiewicz' });
	const page = await as('leitung', '/children');
	await expect(page.getByText('83 Kinder')).toBeVisible();
	const search = page.getByRole('searchbox');
	for (const [typed, name] of [
		['mussig', 'Jörg Müßig'],
		['MUESSIG', 'Jörg Müßig'],
		['Müßig jörg', 'Jörg Müßig'],
		['q-77', 'Jörg Müßig'],
		['oztur', 'Ayşe Öztürk'],
		['ayse igel', 'Ayşe Öztürk'],
		['zoe luk', 'Zoé Łukasiewicz']
	] as const) {
		await search.fill(typed);
		await expect(rows(page)).toHaveCount(1);
		await expect(rows(page)).toContainText(name);
	}
	await search.fill('gibt es nicht');
	await expect(page.getByText('Niemand gefunden')).toBeVisible();
	await expect(page.getByText('0 von 83 Kinder')).toBeVisible();
	await page.getByRole('button', { name: 'Alle zeigen' }).click();
	await expect(page.getByText('83 Kinder')).toBeVisible();
	await expect(search).toBeFocused();
	await fitsSideways(page);
});

test('the list sorts as people of the language do, and narrows down by group and allergies @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	for (const [last_name, born] of [['Apfelbaum', '2021-01-02'], ['Äpfelchen', '2026-01-02'], ['Aqua', '2023-01-02']]) {
		await takeIn(leader, { first_name: 'Sortier', last_name: last_name!, born, group: 'Igel', allergies: last_name === 'Aqua' ? 'Kiwi' : '' });
	}
	const page = await as('leitung', '/children');
	await page.getByRole('searchbox').fill('sortier');
	await expect(rows(page)).toHaveText([/Apfelbaum/, /Äpfelchen/, /Aqua/]);
	await page.getByLabel('Sortieren').selectOption('age');
	await expect(rows(page)).toHaveText([/Apfelbaum/, /Aqua/, /Äpfelchen/]);
	await page.getByRole('checkbox', { name: 'Allergien' }).check();
	await expect(rows(page)).toHaveText([/Aqua.*Kiwi/]);
	await page.getByRole('checkbox', { name: 'Bären' }).check();
	await expect(page.getByText('Niemand gefunden')).toBeVisible();
	await page.getByRole('checkbox', { name: 'Igel' }).check();
	await expect(rows(page)).toHaveText([/Aqua/]);
	await page.getByRole('checkbox', { name: 'Allergien' }).uncheck();
	await page.getByRole('button', { name: 'Suche leeren' }).click();
	const groups = await all(leader, 'children');
	const wanted = groups.filter((c) => c.group?.name === 'Bären' || c.group?.name === 'Igel').length;
	await expect(rows(page)).toHaveCount(wanted);
	await expect(page.getByText(`${wanted} von 83 Kinder`)).toBeVisible();
});

test('who comes back from a child finds the list as it was', async ({ as }) => {
	const page = await as('leitung', '/children');
	await page.getByRole('searchbox').fill('e');
	await page.getByRole('checkbox', { name: 'Bären' }).check();
	const row = rows(page).last();
	const name = (await row.locator('strong').textContent()) ?? '';
	await row.click();
	await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
	await page.goBack();
	await expect(page.getByRole('searchbox')).toHaveValue('e');
	await expect(page.getByRole('checkbox', { name: 'Bären' })).toBeChecked();
	await expect(rows(page).filter({ hasText: name }).first()).toBeInViewport();
});

test('a record is corrected in place, a refusal stands at the field, and a word takes it back @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const child = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger', group: 'Bären' });
	const now = async () => (await leader.get(`/api/v1/children/${child.id}`)).json();
	const page = await as('leitung', `/children/${child.id}`);

	await page.getByRole('button', { name: 'Geburtsdatum bearbeiten' }).click();
	const born = page.getByLabel('Geburtsdatum');
	await expect(born).toBeFocused();
	await born.fill('2039-01-01');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Dieses Geburtsdatum kann nicht stimmen.')).toBeVisible();
	await expect(born).toHaveValue('2039-01-01');
	await expect(born).toHaveAttribute('aria-invalid', 'true');
	await born.fill('2021-05-06');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('06.05.2021')).toBeVisible();
	expect((await now()).born).toBe('2021-05-06');

	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByText('04.03.2022')).toBeVisible();
	expect((await now()).born).toBe('2022-03-04');

	await page.getByRole('button', { name: 'Allergien bearbeiten' }).click();
	await page.getByLabel('Allergien').fill('Haselnuss');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByRole('region', { name: 'Allergien' })).toContainText('Haselnuss');
	expect((await now()).allergies).toBe('Haselnuss');
	await fitsSideways(page);
});

test('by keyboard alone: a child is found, opened and corrected @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const child = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger' });
	const page = await as('leitung', '/children');
	await expect(rows(page).first()).toBeVisible();
	await page.keyboard.press('/');
	await page.keyboard.type('tilda ber');
	await expect(rows(page)).toHaveCount(1);
	await page.keyboard.press('ArrowDown');
	await expect(rows(page)).toBeFocused();
	await page.keyboard.press('ArrowUp');
	await expect(page.getByRole('searchbox')).toBeFocused();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tilda Berger');
	const pencil = page.getByRole('button', { name: 'Nummer bearbeiten' });
	for (let i = 0; i < 60 && !(await pencil.evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.keyboard.type('T-1');
	await page.keyboard.press('Escape');
	await expect(pencil).toBeFocused();
	await page.keyboard.press('Enter');
	await page.keyboard.type('T-2');
	await page.keyboard.press('Enter');
	await expect(page.getByText('T-2')).toBeVisible();
	await expect(pencil).toBeFocused();
	expect((await (await leader.get(`/api/v1/children/${child.id}`)).json()).number).toBe('T-2');
});

test('educators read everything that is theirs and are offered no change @tablet', async ({ house, as }) => {
	const page = await as('baeren', '/children');
	await expect(page.getByText('21 Kinder')).toBeVisible();
	await expect(page.getByRole('link', { name: 'Neues Kind' })).toHaveCount(0);
	await expect(page.getByRole('checkbox', { name: 'Archiviert' })).toHaveCount(0);
	await page.getByRole('searchbox').fill('paula');
	await rows(page).first().click();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Paula Jahn');
	const ban = page.getByRole('region', { name: /Kontaktsperre/ });
	await expect(ban).toContainText('Dirk Wolter');
	await expect(ban).toContainText('nicht abholen');
	await expect(page.getByText('Familiengericht')).toHaveCount(0);
	await expect(page.getByRole('region', { name: 'Allergien' })).toContainText('Erdnüsse');
	await expect(page.getByRole('link', { name: /Jürgen Jahn anrufen/ })).toHaveAttribute('href', 'tel:03023125502');
	await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);

	await page.goto(`${house.url}/kita/guardians`);
	await expect(rows(page).first()).toBeVisible();
	await expect(page.getByRole('link', { name: 'Neue Person' })).toHaveCount(0);
	await rows(page).first().click();
	await expect(page.getByRole('heading', { name: 'So erreichen Sie die Person' })).toBeVisible();
	await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
	for (const path of ['/kita/groups', '/kita/staff']) {
		await page.goto(house.url + path);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
		await expect(page.getByText(path === '/kita/staff' ? 'Petra Lindemann' : 'Bären').first()).toBeVisible();
		await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
	}
});

test('a child is taken in, changes its group, and the change is taken back @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const page = await as('leitung', '/children/new');
	await page.getByLabel('Vorname').fill('Nele');
	await page.getByRole('button', { name: 'Kind aufnehmen' }).click();
	await expect(page.getByLabel('Geburtsdatum')).toHaveAttribute('aria-invalid', 'true');
	await page.getByLabel('Geburtsdatum').fill('2023-02-01');
	await page.getByRole('button', { name: 'Kind aufnehmen' }).click();
	await expect(page.getByLabel('Nachname')).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Nachname')).toBeFocused();
	await expect(page.getByLabel('Vorname')).toHaveValue('Nele');
	await page.getByLabel('Nachname').fill('Neumann');
	await page.getByRole('radio', { name: 'Igel' }).check();
	await page.getByRole('button', { name: 'Kind aufnehmen' }).click();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nele Neumann');
	const nele = await find(leader, 'children', 'Nele Neumann');
	expect(nele.group?.name).toBe('Igel');

	await page.getByRole('button', { name: 'Gruppe wechseln' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('radio', { name: 'Igel' }).check();
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog.getByText('schon in dieser Gruppe').first()).toBeVisible();
	await dialog.getByRole('radio', { name: 'Bären' }).check();
	await dialog.getByLabel('Ab').fill('2027-01-11');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(dialog).toHaveCount(0);
	const groups = page.getByRole('region', { name: 'Gruppen' });
	await expect(groups).toContainText('seit 11.01.2027');
	await expect(groups).toContainText('Geplant');
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(groups).not.toContainText('11.01.2027');
	const placements = (await (await leader.get(`/api/v1/children/${nele.id}`)).json()).placements;
	expect(placements).toHaveLength(1);
	expect(placements[0].to).toBeUndefined();
});

test('emergency contacts are kept as one list, and a wrong number is told at its field', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const paula = await find(leader, 'children', 'Paula Jahn');
	const page = await as('leitung', `/children/${paula.id}`);
	await page.getByRole('button', { name: 'Notfallkontakte bearbeiten' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Kontakt 1 entfernen' }).click();
	await dialog.getByRole('button', { name: 'Noch ein Kontakt' }).click();
	const second = dialog.getByRole('group', { name: 'Kontakt 2' });
	await second.getByLabel('Name').fill('Tante Ilse');
	await second.getByLabel('Telefon').fill('keins');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	await expect(second.getByLabel('Telefon')).toHaveAttribute('aria-invalid', 'true');
	await expect(second.getByLabel('Telefon')).toHaveValue('keins');
	await second.getByLabel('Telefon').fill('030 5551234');
	await dialog.getByRole('button', { name: 'Speichern' }).click();
	const contacts = page.getByRole('region', { name: 'Notfallkontakte' });
	await expect(contacts).toContainText('Tante Ilse');
	await expect(contacts).not.toContainText('Jürgen Jahn');
	await page.getByRole('status').getByRole('button', { name: 'Rückgängig' }).click();
	await expect(contacts).toContainText('Jürgen Jahn');
	await expect(contacts).not.toContainText('Tante Ilse');
});

test('a child is put away after a question, and comes back', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const child = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger' });
	const page = await as('leitung', `/children/${child.id}`);
	await page.getByRole('button', { name: 'Kind archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abbrechen' }).click();
	expect((await (await leader.get(`/api/v1/children/${child.id}`)).json()).archived_at).toBeUndefined();
	await page.getByRole('button', { name: 'Kind archivieren' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Archivieren' }).click();
	await expect(page).toHaveURL(/\/children$/);
	await expect(page.getByText('80 Kinder')).toBeVisible();
	await page.getByRole('checkbox', { name: 'Archiviert' }).check();
	await rows(page).filter({ hasText: 'Berger' }).click();
	await page.getByRole('button', { name: 'Zurückholen' }).click();
	await expect(page.getByRole('button', { name: 'Kind archivieren' })).toBeVisible();
	expect((await (await leader.get(`/api/v1/children/${child.id}`)).json()).archived_at).toBeUndefined();
});

test('without an answer the list is what was there last, and says so', async ({ as }) => {
	const page = await as('leitung', '/children');
	await expect(rows(page)).toHaveCount(80);
	await page.route('**/api/v1/children?**', (r) => r.abort());
	await page.reload();
	await expect(page.getByText(/Kein Netz\. Stand:/)).toBeVisible();
	await expect(rows(page)).toHaveCount(80);
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('children are found and corrected @desktop', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const leader = await house.api('leitung');
		const child = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger', born: '2024-10-24', group: 'Igel' });
		const page = await as('leitung', '/children');
		await expect(page.getByText('81 children')).toBeVisible();
		await page.getByRole('searchbox', { name: 'Name, number or group' }).fill('tilda');
		await expect(rows(page)).toHaveText([/Igel · 2 years, 1 month/]);
		await rows(page).click();
		await page.getByRole('button', { name: 'Edit Health' }).click();
		await page.getByRole('textbox', { name: 'Health' }).fill('Glasses');
		await page.getByRole('button', { name: 'Save' }).click();
		await expect(page.getByText('Health saved')).toBeVisible();
		expect((await (await leader.get(`/api/v1/children/${child.id}`)).json()).health_notes).toBe('Glasses');
	});
});
