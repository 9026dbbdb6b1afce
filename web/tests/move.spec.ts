import { expect, test } from './house';
import { all, find, fitsSideways, inEnglish, takeIn, type Seen } from './people';

const on = async (api: Parameters<typeof all>[0], day: string) => new Map((await all(api, `children?day=${day}`)).map((c: Seen) => [c.id, c.group?.name]));

test('the kita year turns in one step, with an exception, and is turned back @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const before = await on(leader, '2027-08-01');
	const children = await all(leader, 'children?day=2027-08-01');
	const frogs = children.filter((c) => c.group?.name === 'Frösche');
	const stays = frogs[0]!;
	const elsewhere = frogs[1]!;
	const page = await as('leitung', '/kita/move');
	await expect(page.getByLabel('Erster Tag in der neuen Gruppe')).toHaveValue('2027-08-01');
	await page.getByLabel('Alle aus „Frösche“').selectOption({ label: 'wechselt zu Igel' });
	await page.getByLabel('Alle aus „Igel“').selectOption({ label: 'wechselt zu Bären' });
	const frogsCard = page.locator('.card', { has: page.getByLabel('Alle aus „Frösche“') });
	await frogsCard.getByText('Einzelne Kinder anders').click();
	await frogsCard.getByLabel(`${stays.first_name} ${stays.last_name}`).selectOption({ label: 'bleibt' });
	await frogsCard.getByLabel(`${elsewhere.first_name} ${elsewhere.last_name}`).selectOption({ label: 'wechselt zu Schmetterlinge' });
	await expect(frogsCard.getByText('2 Ausnahmen')).toBeVisible();

	const hedgehogs = children.filter((c) => c.group?.name === 'Igel').length;
	const n = frogs.length - 1 + hedgehogs;
	const overview = page.getByRole('region', { name: 'Das passiert am 01.08.2027' });
	await expect(overview).toContainText(`${frogs.length - 2} Kinder`);
	await expect(overview).toContainText(`${elsewhere.first_name} ${elsewhere.last_name}`);
	await expect(overview).toContainText(`${children.length - n} Kinder bleiben`);
	await fitsSideways(page);
	await page.getByRole('button', { name: `Wechsel für ${n} Kinder eintragen` }).click();
	expect(await on(leader, '2027-08-01')).toEqual(before);
	await page.getByRole('dialog').getByRole('button', { name: `Wechsel für ${n} Kinder eintragen` }).click();
	await expect(page.getByRole('heading', { name: `${n} Kinder wechseln` })).toBeVisible();

	const after = await on(leader, '2027-08-01');
	for (const c of children) {
		const was = c.group?.name;
		const is = c.id === stays.id ? 'Frösche' : c.id === elsewhere.id ? 'Schmetterlinge' : was === 'Frösche' ? 'Igel' : was === 'Igel' ? 'Bären' : was;
		expect(after.get(c.id), `${c.first_name} ${c.last_name}`).toBe(is);
	}
	expect((await on(leader, '2027-07-31')).get(frogs[2]!.id)).toBe('Frösche');
	await expect(page.getByText(`Für ${n} Kinder ist schon etwas geplant`)).toBeVisible();

	await page.getByRole('button', { name: 'Alles zurücknehmen' }).click();
	await expect(page.getByText(`${n} Kinder sind wieder, wo sie waren`)).toBeVisible({ timeout: 30_000 });
	expect(await on(leader, '2027-08-01')).toEqual(before);
	const detail = await (await leader.get(`/api/v1/children/${frogs[2]!.id}`)).json();
	expect(detail.placements.at(-1).to).toBeUndefined();
});

test('when one child stands in the way nobody moves, and the child is shown', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const tilda = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger', group: 'Frösche' });
	const bears = await find(leader, 'groups', 'Bären');
	// Something later is planned: it is not replaced in silence.
	const r = await leader.post(`/api/v1/children/${tilda.id}/placements`, { data: { group_id: bears.id, from: '2027-10-01' } });
	expect(r.status()).toBe(201);
	const before = await on(leader, '2027-08-01');
	const page = await as('leitung', '/kita/move');
	await page.getByLabel('Alle aus „Frösche“').selectOption({ label: 'wechselt zu Igel' });
	await page.getByRole('button', { name: /^Wechsel für \d+ Kinder eintragen$/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: /eintragen/ }).click();
	await expect(page.getByText('Niemand wurde verschoben: bei einem Kind geht es nicht.')).toBeVisible();
	const way = page.getByLabel(/^Tilda Berger/);
	await expect(way).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByText(/Ab .* ist das Kind schon für die Gruppe Bären eingetragen/)).toBeVisible();
	expect(await on(leader, '2027-08-01')).toEqual(before);
	// As an exception the child stays, and the others go.
	await way.selectOption({ label: 'bleibt' });
	await page.getByRole('button', { name: /^Wechsel für \d+ Kinder eintragen$/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: /eintragen/ }).click();
	await expect(page.getByRole('button', { name: 'Alles zurücknehmen' })).toBeVisible();
	const after = await on(leader, '2027-08-01');
	expect(after.get(tilda.id)).toBe('Frösche');
	expect([...after.values()].filter((g) => g === 'Frösche')).toHaveLength(1);
});

test('another day, and children who were in no group yet', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const tilda = await takeIn(leader, { first_name: 'Tilda', last_name: 'Berger' });
	const page = await as('leitung', '/kita/move');
	await page.getByLabel('Erster Tag in der neuen Gruppe').fill('2027-01-04');
	await expect(page.getByRole('heading', { name: 'Das passiert am 04.01.2027' })).toBeVisible();
	await page.getByLabel('Alle aus „In keiner Gruppe“').selectOption({ label: 'wechselt zu Bären' });
	await page.getByRole('button', { name: /^Wechsel für/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: /eintragen/ }).click();
	await expect(page.getByRole('button', { name: 'Alles zurücknehmen' })).toBeVisible();
	expect((await on(leader, '2027-01-04')).get(tilda.id)).toBe('Bären');
	await page.getByRole('button', { name: 'Alles zurücknehmen' }).click();
	await expect(page.getByRole('button', { name: 'Alles zurücknehmen' })).toHaveCount(0);
	expect((await on(leader, '2027-01-04')).get(tilda.id)).toBeUndefined();
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('a group moves', async ({ house, as }) => {
		await inEnglish(house, 'leitung');
		const leader = await house.api('leitung');
		const page = await as('leitung', '/kita/move');
		await page.getByLabel('All of “Frösche”').selectOption({ label: 'goes to Igel' });
		await page.getByRole('button', { name: /^Move \d+ children$/ }).click();
		await page.getByRole('dialog').getByRole('button', { name: /^Move \d+ children$/ }).click();
		await expect(page.getByRole('button', { name: 'Take it all back' })).toBeVisible();
		expect([...(await on(leader, '2027-08-01')).values()]).not.toContain('Frösche');
	});
});
