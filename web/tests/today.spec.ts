// The team's morning: who is away, who comes, and the telephone that rings.
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, test } from './house';
import { kitaOf } from './screens';

type Absence = { id: string; child_id: string; child_name: string; from: string; to: string; reason: string; reporter_name: string };
type Roll = { group?: { name: string }; absent: Absence[]; expected: number; of: number };
type Today = { day: string; groups: Roll[]; not_placed: Roll };
type Child = { id: string; first_name: string; last_name: string; allergies?: string; group?: { name: string } };

const today = async (api: APIRequestContext, kita: string): Promise<Today> => (await api.get(`/api/v1/absences/today?kita_id=${kita}`)).json();

async function children(api: APIRequestContext, kita: string): Promise<Child[]> {
	const all: Child[] = [];
	for (let after = ''; ; ) {
		const page = (await (await api.get(`/api/v1/children?kita_id=${kita}&limit=100&after=${after}`)).json()) as { items: Child[]; next?: string };
		all.push(...page.items);
		if (!page.next) return all;
		after = page.next;
	}
}

const group = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const name = (c: Child) => `${c.first_name} ${c.last_name}`;

test('the morning says of each group who is away, why, and how many come @tablet @desktop', async ({ house, as }) => {
	const api = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const day = await today(api, kita);
	const page = await as('leitung', '/today');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dienstag, 24. November');
	await expect(page.getByText('Stand 08:15 Uhr')).toBeVisible();
	expect(day.groups.length).toBeGreaterThan(2);
	for (const g of day.groups) {
		const card = group(page, g.group!.name);
		await expect(card.getByText(`${g.expected} von ${g.of}`, { exact: true })).toBeVisible();
		expect((await card.locator('.away .name').allTextContents()).map((s) => s.trim()).sort()).toEqual(g.absent.map((a) => a.child_name).sort());
	}
	const sick = day.groups.flatMap((g) => g.absent).find((a) => a.reason === 'vacation')!;
	await page.getByRole('button', { name: sick.child_name }).click();
	const dialog = page.getByRole('dialog', { name: sick.child_name });
	await expect(dialog.getByText('Urlaub')).toBeVisible();
	await expect(dialog.getByText(sick.reporter_name)).toBeVisible();
	await expect(dialog.getByRole('link')).toHaveAttribute('href', `/children/${sick.child_id}`);
	const sideBySide = await page.getByRole('region').evaluateAll((all) => new Set(all.map((e) => Math.round(e.getBoundingClientRect().top))).size < all.length);
	expect(sideBySide).toBe(page.viewportSize()!.width >= 800);
});

test('educators see their own group, with allergies beside the names', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const all = await children(await house.api('baeren'), kita);
	const page = await as('baeren', '/today');
	await expect(page.getByRole('region')).toHaveCount(1);
	const card = group(page, 'Bären');
	await card.locator('summary').click();
	const day = await today(await house.api('baeren'), kita);
	const away = new Set(day.groups[0]!.absent.map((a) => a.child_id));
	await expect(card.locator('.here a')).toHaveCount(day.groups[0]!.expected);
	const allergic = all.filter((c) => c.allergies && !away.has(c.id));
	expect(allergic.length).toBeGreaterThan(0);
	for (const c of allergic) await expect(card.locator('.here li', { hasText: name(c) })).toContainText(`Allergie: ${c.allergies}`);
	await expect(card.locator('.here .allergy')).toHaveCount(allergic.length);
});

test('who has a group of their own sees it first', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const lead = await house.api('leitung');
	const last = (await today(lead, kita)).groups.at(-1)!.group as { id: string; name: string };
	const me = (await (await lead.get('/api/v1/session')).json()).memberships[0].person_id;
	expect((await lead.put(`/api/v1/staff/${me}/groups`, { data: { group_ids: [last.id] } })).ok()).toBe(true);
	const page = await as('leitung', '/today');
	await expect(page.getByRole('region').first()).toContainText(last.name);
	await expect(page.getByRole('region').first().getByText('Meine Gruppe')).toBeVisible();
	await expect(page.getByText('Meine Gruppe')).toHaveCount(1);
});

test('a family phones: its child is found by name, reported, and taken back @tablet', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const api = await house.api('baeren');
	const before = await today(api, kita);
	const away = new Set(before.groups[0]!.absent.map((a) => a.child_id));
	const child = (await children(api, kita)).find((c) => !away.has(c.id))!;
	const page = await as('baeren', '/today');
	await page.getByRole('button', { name: 'Abwesend melden' }).click();
	const dialog = page.getByRole('dialog');
	// Family name first, small letters, half a word: as one types with the phone at the ear.
	await dialog.getByRole('searchbox').fill(`${child.last_name.toLowerCase()} ${child.first_name.slice(0, 2).toLowerCase()}`);
	await expect(dialog.getByRole('listitem')).toHaveCount(1);
	await dialog.getByRole('button', { name: name(child) }).click();
	await dialog.getByText('Krank', { exact: true }).click();
	await dialog.locator('button[type=submit]').click();
	await expect(dialog).toBeHidden();
	await expect(group(page, 'Bären').getByText(`${before.groups[0]!.expected - 1} von ${before.groups[0]!.of}`, { exact: true })).toBeVisible();
	await expect(page.getByRole('button', { name: name(child) })).toBeVisible();
	expect((await today(api, kita)).groups[0]!.absent.map((a) => a.child_id)).toContain(child.id);
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('button', { name: name(child) })).toBeHidden();
	expect((await today(api, kita)).groups[0]!.absent.map((a) => a.child_id)).not.toContain(child.id);
});

test('a report is corrected and taken back, both with a way back', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const api = await house.api('baeren');
	const a = (await today(api, kita)).groups[0]!.absent[0]!;
	const now = async () => (await today(api, kita)).groups[0]!.absent.find((x) => x.child_id === a.child_id);
	const page = await as('baeren', '/today');
	await page.getByRole('button', { name: a.child_name }).click();
	await page.getByRole('button', { name: 'Ändern' }).click();
	const form = page.getByRole('dialog', { name: `Meldung ändern: ${a.child_name}` });
	await form.getByLabel('Letzter Tag').fill('2026-11-27');
	await form.getByText('Urlaub').click();
	await form.getByRole('button', { name: 'Speichern' }).click();
	await expect(form).toBeHidden();
	await expect(page.getByRole('button', { name: a.child_name })).toContainText('Urlaub');
	expect(await now()).toMatchObject({ to: '2026-11-27', reason: 'vacation' });
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByRole('button', { name: a.child_name })).not.toContainText('Urlaub');
	expect(await now()).toMatchObject({ from: a.from, to: a.to, reason: a.reason });

	await page.getByRole('button', { name: a.child_name }).click();
	await page.getByRole('button', { name: 'Zurücknehmen' }).click();
	await expect(page.getByRole('button', { name: a.child_name })).toBeHidden();
	expect(await now()).toBeUndefined();
	await page.getByRole('button', { name: 'Rückgängig' }).last().click();
	await expect(page.getByRole('button', { name: a.child_name })).toBeVisible();
	expect(await now()).toMatchObject({ from: a.from, to: a.to, reason: a.reason });
});

test('what the server refuses stands at its field, and nothing typed is lost', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const a = (await today(await house.api('baeren'), kita)).groups[0]!.absent[0]!;
	const page = await as('baeren', '/today');
	await page.getByRole('button', { name: a.child_name }).click();
	await page.getByRole('button', { name: 'Ändern' }).click();
	const form = page.getByRole('dialog', { name: `Meldung ändern: ${a.child_name}` });
	await form.getByLabel('Notiz').fill('kommt später');
	await form.getByLabel('Letzter Tag').fill('2028-11-27');
	await form.getByRole('button', { name: 'Speichern' }).click();
	await expect(form.getByLabel('Letzter Tag')).toHaveAttribute('aria-invalid', 'true');
	await expect(form.getByLabel('Notiz')).toHaveValue('kommt später');
});

/** Under what this device keeps what it was shown. */
const kept = (page: Page) =>
	page.evaluate(
		() =>
			new Promise<string[]>((ok, no) => {
				const open = indexedDB.open('morgenkreis');
				open.onerror = () => no(open.error);
				open.onsuccess = () => {
					const keys = open.result.transaction('seen').objectStore('seen').getAllKeys();
					keys.onerror = () => no(keys.error);
					keys.onsuccess = () => {
						open.result.close();
						ok(keys.result.map(String));
					};
				};
			})
	);

test('where the names never came, nobody is told that all have been counted', async ({ house, as, context }) => {
	const kita = await kitaOf(house, 'baeren');
	const { expected } = (await today(await house.api('baeren'), kita)).groups[0]!;
	await context.route('**/api/v1/children?*', (r) => r.abort());
	const page = await as('baeren', '/today');
	await page.getByRole('button', { name: 'Namensliste' }).click();
	await expect(page.getByText('Die Namen sind noch nicht auf diesem Gerät.')).toBeVisible();
	await expect(page.getByText(`0 von ${expected} gezählt`)).toBeVisible();
	await expect(page.getByText('0 von 0')).toHaveCount(0);
	await context.unroute('**/api/v1/children?*');
	await page.evaluate(() => window.dispatchEvent(new Event('online')));
	await expect(page.getByRole('checkbox')).toHaveCount(expected);
	await expect(page.getByText('Die Namen sind noch nicht')).toHaveCount(0);
});

test('without a network the names are there, say from when they are, and the ticks stay @tablet', async ({ house, as, context }) => {
	const kita = await kitaOf(house, 'baeren');
	const { expected, of } = (await today(await house.api('baeren'), kita)).groups[0]!;
	const page = await as('baeren', '/today');
	await expect(group(page, 'Bären').getByText(`${expected} von ${of}`, { exact: true })).toBeVisible();
	await expect.poll(() => kept(page)).toEqual(expect.arrayContaining([`today.${kita}`, `children.${kita}`, `groups.${kita}`]));
	await context.route('**/api/**', (r) => r.abort());
	await page.reload();
	await expect(page.getByText('Kein Netz. Stand:')).toBeVisible();
	await page.getByRole('button', { name: 'Namensliste' }).click();
	await expect(page.getByText('Namen vom 24. Nov., 08:15')).toBeVisible();
	await expect(page.getByText(`0 von ${expected} gezählt`)).toBeVisible();
	const box = page.getByRole('checkbox').first();
	await box.check();
	await expect(page.getByText(`1 von ${expected} gezählt`)).toBeVisible();
	await page.reload();
	await page.getByRole('button', { name: 'Namensliste' }).click();
	await expect(box).toBeChecked();
	await page.getByRole('button', { name: 'Haken löschen' }).click();
	await expect(page.getByText(`0 von ${expected} gezählt`)).toBeVisible();
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(box).toBeChecked();
});

test('on paper stand the names, per group, and no buttons', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const api = await house.api('leitung');
	const day = await today(api, kita);
	const away = new Set(day.groups.flatMap((g) => g.absent.map((a) => a.child_id)));
	const here = (await children(api, kita)).filter((c) => c.group && !away.has(c.id));
	const page = await as('leitung', '/today');
	await expect(page.getByRole('region')).toHaveCount(day.groups.length);
	await expect(page.locator('.paper li')).toHaveCount(here.length);
	await page.emulateMedia({ media: 'print' });
	for (const c of here.slice(0, 5)) await expect(page.locator('.paper').getByText(name(c), { exact: true })).toBeVisible();
	await expect(page.locator('.paper').getByText('Wer kommt heute? Dienstag, 24. November')).toBeVisible();
	await expect(page.locator('.paper').getByText(day.groups[0]!.absent[0]!.child_name)).toBeVisible();
	await expect(page.getByRole('button', { name: 'Abwesend melden' })).toBeHidden();
	await expect(page.getByRole('navigation')).toBeHidden();
	await expect(page.getByRole('region').first()).toBeHidden();
	expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
});

test('a closed day says so', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	await (await house.api('leitung')).post('/api/v1/closing-days', { data: { kita_id: kita, day: '2026-11-24', name: 'Teamtag' } });
	const page = await as('baeren', '/today');
	await expect(page.getByText('Heute ist geschlossen')).toBeVisible();
	await expect(page.getByText('Schließtag: Teamtag')).toBeVisible();
});

test('the morning in English', async ({ house, as }) => {
	await (await house.api('baeren')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('baeren', '/today');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Tuesday,? 24 November|Tuesday, November 24/);
	await expect(page.getByText('1 child is away')).toBeVisible();
	await expect(page.getByRole('button', { name: 'Report absent' })).toBeVisible();
});

test('a parent has no business here', async ({ as }) => {
	const page = await as('eltern', '/today');
	await expect(page.getByText('Diese Seite ist für das Team einer Kita.')).toBeVisible();
});
