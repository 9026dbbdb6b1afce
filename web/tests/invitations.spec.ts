import { readFileSync } from 'node:fs';
import { expect, test } from './house';
import { kitaOf } from './screens';

interface Invitation {
	id: string;
	guardian_id?: string;
	name: string;
	revoked_at?: string;
	used_at?: string;
}
async function invitations(house: Parameters<typeof kitaOf>[0]): Promise<Invitation[]> {
	const r = await (await house.api('leitung')).get(`/api/v1/invitations?kita_id=${await kitaOf(house, 'leitung')}&limit=100`);
	return (await r.json()).items;
}
/** Somebody who can be invited, as a leader would add them. */
async function newcomer(house: Parameters<typeof kitaOf>[0], first: string) {
	const api = await house.api('leitung');
	const kita_id = await kitaOf(house, 'leitung');
	const child = (await (await api.get(`/api/v1/children?kita_id=${kita_id}`)).json()).items.find((c: { group?: unknown }) => c.group);
	const g = await (await api.post('/api/v1/guardians', { data: { kita_id, first_name: first, last_name: 'Zzyzx', email: `${first.toLowerCase()}@example.org` } })).json();
	const tied = await api.put(`/api/v1/guardians/${g.id}/children/${child.id}`, { data: { relation: 'other', custody: false, may_pick_up: true, receives_notices: true } });
	expect(tied.ok(), await tied.text()).toBe(true);
	return { id: g.id as string, group: child.group as { id: string; name: string } };
}

test('letters for those who are ticked: one PDF, and their invitations are valid @tablet @desktop', async ({ as, house }) => {
	const ada = await newcomer(house, 'Ada');
	const ben = await newcomer(house, 'Ben');
	const page = await as('leitung', '/kita/invitations');
	await page.getByLabel('Nach Namen suchen').fill('zzyzx');
	const rows = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Zzyzx' });
	await expect(rows).toHaveCount(2);
	await expect(rows.nth(0)).toContainText('Noch nicht eingeladen');
	await page.getByLabel('Ada Zzyzx auswählen').check();
	await page.getByRole('button', { name: 'Einen Brief als PDF' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Erstellen' }).click();
	await expect(page.getByText('Ein Brief ist fertig')).toBeVisible();
	const loading = page.waitForEvent('download');
	await page.getByRole('link', { name: 'Herunterladen' }).click();
	expect(readFileSync(await (await loading).path()).subarray(0, 5).toString()).toBe('%PDF-');
	await expect(rows.filter({ hasText: 'Ada' })).toContainText('Einladung gültig');
	await expect(rows.filter({ hasText: 'Ben' })).toContainText('Noch nicht eingeladen');
	const given = await invitations(house);
	expect(given.filter((i) => i.guardian_id === ada.id && !i.revoked_at)).toHaveLength(1);
	expect(given.filter((i) => i.guardian_id === ben.id)).toHaveLength(0);
});

test('a whole group gets its letters in one file', async ({ as, house }) => {
	const { id, group } = await newcomer(house, 'Cleo');
	const page = await as('leitung', '/kita/invitations');
	await page.getByText(new RegExp(`^${group.name} \\(`)).click();
	const n = await page.getByRole('main').getByRole('checkbox', { name: /auswählen/ }).count();
	await page.getByRole('button', { name: n === 1 ? 'Einen Brief als PDF' : `${n} Briefe als PDF` }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Erstellen' }).click();
	await expect(page.getByText(n === 1 ? 'Ein Brief ist fertig' : `${n} Briefe sind fertig`)).toBeVisible();
	expect((await invitations(house)).some((i) => i.guardian_id === id && !i.revoked_at)).toBe(true);
});

test('a link to pass on lets exactly this person in; taken back, it holds no more', async ({ as, house, playwright }) => {
	const ada = await newcomer(house, 'Ada');
	const page = await as('leitung', `/kita/invitations?person=${ada.id}`);
	const row = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Ada Zzyzx' });
	await row.getByRole('button', { name: 'Einladen' }).click();
	const dialog = page.getByRole('dialog', { name: 'Ada Zzyzx einladen' });
	expect((await invitations(house)).filter((i) => i.guardian_id === ada.id)).toHaveLength(0);
	await dialog.getByRole('button', { name: 'Link zum Weitergeben' }).click();
	const link = await dialog.locator('.link').innerText();
	expect(link).toMatch(new RegExp(`^${house.url}/i#`));
	await expect(dialog.getByRole('link', { name: 'Per E-Mail' })).toHaveAttribute('href', /^mailto:ada%40example\.org\?/);
	const stranger = await playwright.request.newContext({ baseURL: house.url });
	const lookup = () => stranger.post('/api/v1/invitations/lookup', { data: { code: link.split('#')[1] } });
	expect((await (await lookup()).json()).name).toBe('Ada Zzyzx');
	await dialog.getByRole('button', { name: 'Schließen' }).click();
	await expect(row).toContainText('Einladung gültig');
	await row.getByRole('button', { name: 'Zurückziehen' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Zurückziehen' }).click();
	await expect(row).toContainText('Zurückgezogen');
	expect((await lookup()).status()).toBe(422);
	await stranger.dispose();
});

test('who is signed in can be given a way to a new password, but not oneself', async ({ as, house }) => {
	await (await house.api('leitung')).patch('/api/v1/account', { data: { language: 'en' } });
	const me = await (await (await house.api('leitung')).get('/api/v1/session')).json();
	const page = await as('leitung', '/kita/invitations');
	await page.getByText('Signed in', { exact: true }).click();
	await page.getByText(/^Team \(/).click();
	const rows = page.getByRole('main').getByRole('listitem');
	await expect(rows.filter({ hasText: me.account.name }).getByRole('button')).toHaveCount(0);
	await rows.filter({ hasNotText: me.account.name }).first().getByRole('button', { name: 'New password' }).click();
	await expect(page.getByRole('dialog')).toContainText('The old one holds until then');
});
