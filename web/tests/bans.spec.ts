import { expect, test } from './house';
import { find, fitsSideways, inEnglish, kitaOf } from './people';

test('a ban is entered with care, and from that second on the parent sees nothing of the child @tablet @desktop', async ({ house, as, browser }) => {
	const leader = await house.api('leitung');
	const mother = await house.api('eltern');
	const ella = await find(leader, 'children', 'Ella Albrecht');
	const miriam = await find(leader, 'guardians', 'Miriam Albrecht');
	expect((await mother.get(`/api/v1/children/${ella.id}`)).status()).toBe(200);

	const page = await as('leitung', '/kita/bans');
	await page.getByRole('link', { name: 'Kontaktsperre eintragen' }).click();
	await page.getByRole('searchbox').fill('ella albr');
	await page.getByRole('radio', { name: /Ella Albrecht/ }).check();
	await page.getByRole('radio', { name: /Miriam Albrecht/ }).check();
	const what = page.getByText('Miriam Albrecht sieht und bekommt nichts mehr über Ella');
	await expect(what).toBeVisible();
	await expect(page.getByText('Für Geschwister (Theo) ändert sich nichts.', { exact: false })).toBeVisible();
	const enter = page.getByRole('button', { name: 'Kontaktsperre jetzt eintragen' });
	await expect(enter).toBeDisabled();
	await page.getByLabel('Zum Bestätigen den Vornamen des Kindes eintippen: Ella').fill('Paula');
	await expect(enter).toBeDisabled();
	await page.getByLabel('Zum Bestätigen den Vornamen des Kindes eintippen: Ella').fill('ella');
	await enter.click();
	// Without a reason it is refused, and nothing is lost.
	await expect(page.getByLabel('Grund')).toHaveAttribute('aria-invalid', 'true');
	expect((await mother.get(`/api/v1/children/${ella.id}`)).status()).toBe(200);
	await page.getByLabel('Grund').fill('Beschluss vom 20.11.2026, Az. 1 F 2/26');
	await fitsSideways(page);
	await enter.click();
	await expect(page).toHaveURL(/\/kita\/bans$/);
	await expect(page.getByRole('article', { name: 'Miriam Albrecht – kein Kontakt zu Ella Albrecht' })).toContainText('Az. 1 F 2/26');

	expect((await mother.get(`/api/v1/children/${ella.id}`)).status()).toBe(404);
	const hers = (await (await mother.get('/api/v1/children')).json()).items as { first_name: string }[];
	expect(hers.map((c) => c.first_name)).toEqual(['Theo']);
	const context = await browser.newContext();
	await house.signIn(context, 'eltern');
	const parent = await context.newPage();
	await parent.goto(`${house.url}/absences/new`);
	await expect(parent.getByText('Theo').first()).toBeVisible();
	await expect(parent.getByText('Ella')).toHaveCount(0);
	await context.close();

	// On the child's page it can not be overlooked.
	await page.goto(`${house.url}/children/${ella.id}`);
	await expect(page.getByRole('region', { name: /Kontaktsperre: Miriam Albrecht \(Mutter\)/ })).toContainText('Az. 1 F 2/26');
	expect(((await (await leader.get(`/api/v1/guardians/${miriam.id}`)).json()).children as { child_id: string; banned: boolean }[]).find((x) => x.child_id === ella.id)?.banned).toBe(true);
});

test('nobody ends a ban alone', async ({ house, as }) => {
	const page = await as('leitung', '/kita/bans');
	const ban = page.getByRole('article', { name: 'Dirk Wolter – kein Kontakt zu Paula Jahn' });
	await expect(ban).toContainText('Beschluss des Familiengerichts');
	await ban.getByRole('button', { name: 'Aufhebung beantragen' }).click();
	await expect(page.getByRole('dialog')).toContainText('bis eine zweite Leitung zustimmt');
	await page.getByRole('dialog').getByRole('button', { name: 'Aufhebung beantragen' }).click();
	await expect(ban).toContainText('Jetzt muss eine zweite Leitung zustimmen');
	await expect(ban.getByRole('button')).toHaveCount(0);
	const leader = await house.api('leitung');
	const bans = async () => (await (await leader.get(`/api/v1/bans?kita_id=${await kitaOf(leader)}`)).json()).items as { id: string; lifted_at?: string }[];
	expect((await bans())[0]!.lifted_at).toBeUndefined();
	// The operator agrees.
	expect((await (await house.api('betrieb')).post(`/api/v1/bans/${(await bans())[0]!.id}/lift`)).status()).toBe(200);
	await page.reload();
	await expect(page.getByText('Es gibt keine Kontaktsperre')).toBeVisible();
	await page.getByText('Eine aufgehobene Sperre').click();
	await expect(page.getByText('Dirk Wolter')).toBeVisible();
});

test('educators see who must not come near, not why, and can not change it', async ({ house, as }) => {
	const page = await as('baeren', '/children');
	await page.getByRole('link', { name: 'Kontaktsperren' }).click();
	await expect(page.getByRole('article', { name: 'Dirk Wolter – kein Kontakt zu Paula Jahn' })).toBeVisible();
	await expect(page.getByText('Familiengericht')).toHaveCount(0);
	await expect(page.getByText('Petra Lindemann')).toHaveCount(0);
	await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
	await expect(page.getByRole('link', { name: 'Kontaktsperre eintragen' })).toHaveCount(0);
	await page.goto(`${house.url}/kita/bans/new`);
	await expect(page.getByRole('button', { name: /eintragen/ })).toHaveCount(0);
});

test('a leader reads the reason on the child’s page', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const paula = await find(leader, 'children', 'Paula Jahn');
	const page = await as('leitung', `/children/${paula.id}`);
	await expect(page.getByRole('region', { name: /Kontaktsperre: Dirk Wolter/ })).toContainText('Beschluss des Familiengerichts');
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('a ban is explained', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const leader = await house.api('leitung');
		const kerstin = await find(leader, 'guardians', 'Kerstin Jahn');
		const page = await as('leitung', `/kita/bans/new?guardian=${kerstin.id}`);
		await page.getByRole('radio', { name: /Paula Jahn/ }).check();
		await expect(page.getByText('Kerstin Jahn sees and receives nothing about Paula any more', { exact: false })).toBeVisible();
		await page.getByLabel('Reason').fill('Order of the court');
		await page.getByLabel('To confirm, type the child’s first name: Paula').fill('Paula');
		await page.getByRole('button', { name: 'Enter the contact ban now' }).click();
		await expect(page.getByRole('article', { name: 'Kerstin Jahn – no contact with Paula Jahn' })).toBeVisible();
	});
});
