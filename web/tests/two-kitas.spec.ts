// A family with children in two kitas: one account, one start page, each kita by its own rules.
import type { APIRequestContext } from '@playwright/test';
import { posted } from './family';
import { expect, test, type House } from './house';

type Context = () => Promise<APIRequestContext>;

async function made<T = { id: string }>(api: APIRequestContext, path: string, data: unknown, method: 'post' | 'put' = 'post'): Promise<T> {
	const r = await api[method]('/api/v1' + path, { data });
	expect(r.ok(), `${path}: ${await r.text()}`).toBe(true);
	return r.json();
}

/** rainbow opens a second kita, by the operator's hand and then its own leader's, where Miriam Albrecht has a child too. */
async function rainbow(house: House, context: Context) {
	const operator = await house.api('betrieb');
	const [provider] = (await (await operator.get('/api/v1/providers')).json()).items as { id: string }[];
	const kita = await made(operator, '/kitas', { provider_id: provider!.id, name: 'Regenbogen', federal_state: 'BE', absence_cut_off: '08:00' });
	const staff = await made(operator, '/staff', { kita_id: kita.id, first_name: 'Lea', last_name: 'Leitung', role: 'leader' });
	const invited = await made<{ items: { code: string }[] }>(operator, '/invitations', { kita_id: kita.id, staff_ids: [staff.id] });
	const leader = await context();
	await made(leader, '/invitations/accept', { code: invited.items[0]!.code, login: 'lea@regenbogen.example', password: 'drei kleine Bären tanzen' });

	const group = await made(leader, '/groups', { kita_id: kita.id, name: 'Wolken', colour: 'blue', icon: 'sun' });
	const child = await made(leader, '/children', { kita_id: kita.id, first_name: 'Juna', last_name: 'Albrecht', born: '2022-05-06', group_id: group.id, from: '2026-08-01' });
	const guardian = await made(leader, '/guardians', { kita_id: kita.id, first_name: 'Miriam', last_name: 'Albrecht' });
	await made(leader, `/guardians/${guardian.id}/children/${child.id}`, { relation: 'mother', custody: true, may_pick_up: true, receives_notices: true }, 'put');
	const code = (await made<{ items: { code: string }[] }>(leader, '/invitations', { kita_id: kita.id, guardian_ids: [guardian.id] })).items[0]!.code;
	const parent = await house.api('eltern');
	await made(parent, '/invitations/accept', { code });
	return { kita, leader, child, parent };
}

test('one start page: every child and every notice once, each with its kita @tablet', async ({ house, as, playwright }) => {
	const other: APIRequestContext = await playwright.request.newContext({ baseURL: house.url });
	const { kita, leader } = await rainbow(house, async () => other);
	const here = await posted(house, { kind: 'urgent', title: 'Heizung ausgefallen', confirm_wanted: true });
	const there = (await made(leader, '/notices', { kita_id: kita.id, kind: 'news', title: 'Unter dem Regenbogen', body: 'Wir singen.', audience: { kind: 'kita' } })).id;

	const page = await as('eltern');
	const children = page.getByRole('region', { name: 'Ihre Kinder heute' });
	await expect(children.getByRole('listitem')).toHaveCount(3);
	await expect(children.getByRole('listitem').filter({ hasText: 'Juna' })).toContainText('Regenbogen');
	await expect(children.getByRole('listitem').filter({ hasText: 'Juna' })).toContainText('Für heute bitte anrufen');
	for (const name of ['Ella', 'Theo']) {
		const row = children.getByRole('listitem').filter({ hasText: name });
		await expect(row).toContainText('Sonnenschein');
		await expect(row).not.toContainText('Für heute bitte anrufen');
	}

	const card = (id: string) => page.locator(`main a[href="/n/${id}"]`);
	await expect(page.getByRole('region', { name: 'Bitte bestätigen' }).locator(`a[href="/n/${here}"]`)).toContainText('Sonnenschein');
	await expect(page.getByRole('region', { name: 'Neu für Sie' }).locator(`a[href="/n/${there}"]`)).toContainText('Regenbogen');
	await expect(card(there)).toContainText('Juna');
	for (const id of [here, there]) await expect(card(id)).toHaveCount(1);
	const links = await page.locator('main a[href^="/n/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
	expect(new Set(links).size).toBe(links.length);

	await page.goto(house.url + '/notices');
	await expect(card(here)).toContainText('Sonnenschein');
	await expect(card(there)).toContainText('Regenbogen');
	for (const id of [here, there]) await expect(card(id)).toHaveCount(1);
	await card(there).click();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Unter dem Regenbogen');
	await expect(page.getByRole('main')).toContainText('Regenbogen');
	await other.dispose();
});

test('one report for children in both: each from the day that its own kita still takes', async ({ house, as, playwright }) => {
	const other: APIRequestContext = await playwright.request.newContext({ baseURL: house.url });
	const { child, leader, parent } = await rainbow(house, async () => other);
	const page = await as('eltern', '/absences/new');
	await expect(page.getByText('Sonnenschein: Für heute können Sie bis 08:30 Uhr melden.')).toBeVisible();
	await expect(page.getByText('Regenbogen: Für heute ging das bis 08:00 Uhr.')).toBeVisible();
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Juna', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	const send = page.getByRole('button', { name: 'Abwesend melden' });
	await send.click();
	await expect(page.getByRole('group', { name: 'Wie lange?' })).toHaveAccessibleDescription(/Für Juna geht es erst ab/);
	await page.getByText('Bis morgen', { exact: true }).click();
	await send.click();
	await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();

	const mine = (await (await parent.get('/api/v1/absences?from=2026-11-24&to=2026-11-30&limit=100')).json()).items as { child_id: string; child_name: string; from: string; to: string; withdrawn_at?: string }[];
	expect(mine.filter((a) => !a.withdrawn_at).map(({ child_name, from, to }) => ({ child_name, from, to })).sort((a, b) => a.child_name.localeCompare(b.child_name))).toEqual([
		{ child_name: 'Ella Albrecht', from: '2026-11-24', to: '2026-11-25' },
		{ child_name: 'Juna Albrecht', from: '2026-11-25', to: '2026-11-25' }
	]);
	// Each kita hears of its own child alone.
	const theirs = (await (await leader.get('/api/v1/absences?from=2026-11-24&to=2026-11-30&limit=100')).json()).items as { child_id: string }[];
	expect(theirs.map((a) => a.child_id)).toEqual([child.id]);
	await other.dispose();
});
