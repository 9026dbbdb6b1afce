// The ledger: who got it, who is missing, and what is done about it.
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, test, type House } from './house';
import { kitaOf } from './screens';

type Counts = Record<'recipients' | 'confirmed' | 'opened' | 'shown' | 'accepted' | 'waiting' | 'emailed' | 'call_list', number>;
type Recipient = { id: string; name: string; state: string; phone?: string; trouble?: string; has_account: boolean; child_ids: string[]; called_at?: string; reminded_at?: string; guardian_id?: string };
type Notice = { id: string; title: string; ledger: Counts; version: number };

/** A notice to the bears, whose parents `eltern` are. */
async function post(house: House, more: object = {}): Promise<Notice> {
	const api = await house.api('baeren');
	const kita_id = await kitaOf(house, 'baeren');
	const groups = (await (await api.get(`/api/v1/groups?kita_id=${kita_id}`)).json()) as { items: { id: string }[] };
	const r = await api.post('/api/v1/notices', {
		data: { kita_id, kind: 'news', title: 'Bitte wetterfest', body: 'Mit **Matschhose**.', audience: { kind: 'groups', targets: [groups.items[0]!.id] }, ...more }
	});
	expect(r.status(), await r.text()).toBe(201);
	return r.json();
}

async function recipients(api: APIRequestContext, id: string): Promise<Recipient[]> {
	return ((await (await api.get(`/api/v1/notices/${id}/recipients?limit=100`)).json()) as { items: Recipient[] }).items;
}

const back = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

test('the numbers move when a family reads and confirms @tablet @desktop', async ({ house, as }) => {
	const notice = await post(house, { confirm_wanted: true });
	const n = notice.ledger.recipients;
	const page = await as('baeren', `/n/${notice.id}`);
	const ledger = page.getByRole('region', { name: 'Wer hat es bekommen?' });
	await expect(ledger.getByText(`0 von ${n} erreicht, 0 gelesen, 0 bestätigt`)).toBeVisible();
	await expect(ledger.getByRole('img', { name: new RegExp(`^${n} `) })).toBeVisible();
	const parent = await house.api('eltern');
	expect((await parent.put(`/api/v1/notices/${notice.id}/opened`)).ok()).toBe(true);
	await back(page);
	await expect(ledger.getByText(`1 von ${n} erreicht, 1 gelesen, 0 bestätigt`)).toBeVisible();
	await parent.put(`/api/v1/notices/${notice.id}/confirmed`, { data: { confirmed: true } });
	await back(page);
	await expect(ledger.getByText(`1 von ${n} erreicht, 1 gelesen, 1 bestätigt`)).toBeVisible();
	// In words as well, for those who do not see the bar.
	await expect(ledger.getByRole('img', { name: /^1 bestätigt, / })).toBeVisible();
	await ledger.getByLabel('Welche zeigen?').selectOption({ label: 'bestätigt (1)' });
	await expect(ledger.getByText('Miriam Albrecht')).toBeVisible();
	await expect(ledger.locator('.who')).toHaveCount(1);
});

test('who is missing has a number to ring, and a call is noted', async ({ house, as }) => {
	const notice = await post(house, { confirm_wanted: true });
	const api = await house.api('baeren');
	const all = await recipients(api, notice.id);
	const r = all.find((x) => x.phone && x.state !== 'opened')!;
	const page = await as('baeren', `/n/${notice.id}`);
	await expect(page.getByLabel('Welche zeigen?')).toHaveValue('missing');
	await page.getByLabel('Name suchen').fill(r.name);
	const line = page.locator('li', { hasText: r.name });
	await expect(line.getByRole('link')).toHaveAttribute('href', 'tel:' + r.phone!.replace(/[^+\d]/g, ''));
	await expect(line.getByText(r.has_account ? 'kein Gerät angemeldet' : 'noch nicht angemeldet')).toBeVisible();
	await line.getByRole('button', { name: `Als angerufen merken: ${r.name}` }).click();
	await expect(line.getByText(/^Angerufen /)).toBeVisible();
	expect((await recipients(api, notice.id)).find((x) => x.id === r.id)!.called_at).toBeTruthy();
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(line.getByText(/^Angerufen /)).toBeHidden();
	expect((await recipients(api, notice.id)).find((x) => x.id === r.id)!.called_at).toBeFalsy();
});

test('a person is found by the name of the child, too', async ({ house, as }) => {
	const notice = await post(house);
	const parent = await house.api('eltern');
	const kids = ((await (await parent.get('/api/v1/children')).json()) as { items: { id: string; first_name: string; group?: { name: string } }[] }).items;
	const kid = kids.find((c) => c.group?.name === 'Bären')!;
	const page = await as('baeren', `/n/${notice.id}`);
	await page.getByLabel('Welche zeigen?').selectOption('all');
	await page.getByLabel('Name suchen').fill(kid.first_name);
	await expect(page.locator('li', { hasText: 'Miriam Albrecht' }).getByText(kid.first_name)).toBeVisible();
	await page.getByLabel('Name suchen').fill('Gibtesnicht');
	await expect(page.getByText('Hier steht niemand.')).toBeVisible();
});

test('reminding says how many, and leaves alone who has confirmed', async ({ house, as }) => {
	const notice = await post(house, { confirm_wanted: true });
	await (await house.api('eltern')).put(`/api/v1/notices/${notice.id}/confirmed`, { data: { confirmed: true } });
	const left = notice.ledger.recipients - 1;
	const page = await as('baeren', `/n/${notice.id}`);
	await page.getByRole('button', { name: `${left} Personen erinnern` }).click();
	const ask = page.getByRole('dialog', { name: 'Erinnern, wer noch nicht bestätigt hat?' });
	await expect(ask.getByText(`${left} Personen bekommen noch eine Mitteilung.`)).toBeVisible();
	await ask.getByRole('button', { name: 'Erinnern' }).click();
	await expect(page.getByText(`${left} Personen sind erinnert.`)).toBeVisible();
	const all = await recipients(await house.api('baeren'), notice.id);
	expect(all.filter((r) => r.reminded_at)).toHaveLength(left);
	expect(all.find((r) => r.name === 'Miriam Albrecht')!.reminded_at).toBeFalsy();
	// At once again: the server has a reason against it, and says it.
	await page.getByRole('button', { name: `${left} Personen erinnern` }).click();
	await ask.getByRole('button', { name: 'Erinnern' }).click();
	await expect(page.getByText(/Gerade erst erinnert/)).toBeVisible();
});

test('without a wish for confirmation nobody is reminded', async ({ house, as }) => {
	const notice = await post(house);
	const page = await as('baeren', `/n/${notice.id}`);
	await expect(page.getByText(/ erreicht, 0 gelesen$/)).toBeVisible();
	await expect(page.getByRole('button', { name: /erinnern/ })).toHaveCount(0);
});

test('on paper: the sheet for the board, and those without a device to cut off', async ({ house, as }) => {
	const notice = await post(house);
	const api = await house.api('baeren');
	const without = (await recipients(api, notice.id)).filter((r) => (r.trouble === 'no_device' || !r.has_account) && r.state !== 'opened');
	expect(without.length).toBeGreaterThan(3);
	const page = await as('baeren', `/n/${notice.id}`);
	await page.getByRole('link', { name: 'Aushang drucken' }).click();
	await expect(page.getByRole('heading', { name: notice.title })).toBeVisible();
	await page.evaluate(() => (window.print = () => document.body.setAttribute('data-printed', '1')));
	await page.getByRole('button', { name: 'Drucken' }).click();
	await expect(page.locator('body')).toHaveAttribute('data-printed', '1');
	await page.emulateMedia({ media: 'print' });
	await expect(page.getByRole('heading', { name: notice.title })).toBeVisible();
	await expect(page.locator('.text strong')).toHaveText('Matschhose');
	await expect(page.getByText('Nadine Krause, 24.11.2026')).toBeVisible();
	await expect(page.getByText(/Hier abschneiden/)).toBeVisible();
	await expect(page.locator('.cut li')).toHaveCount(without.length);
	for (const r of without.slice(0, 5)) await expect(page.locator('.cut li', { hasText: r.name })).toContainText(r.phone || 'keine Nummer');
	for (const gone of ['button', 'navigation', 'switch'] as const) await expect(page.getByRole(gone)).toHaveCount(0);
	expect((await page.pdf({ preferCSSPageSize: true })).length).toBeGreaterThan(10_000);
	await page.emulateMedia({ media: 'screen' });
	await page.getByRole('switch').uncheck();
	await expect(page.locator('.cut')).toHaveCount(0);
});

test('a correction: announced it counts as unread again, as a slip of the pen it does not @tablet', async ({ house, as }) => {
	const notice = await post(house);
	const parent = await house.api('eltern');
	const api = await house.api('baeren');
	await parent.put(`/api/v1/notices/${notice.id}/opened`);
	const opened = async () => ((await (await api.get(`/api/v1/notices/${notice.id}`)).json()) as Notice).ledger.opened;
	const before = await opened();
	const page = await as('baeren', `/n/${notice.id}`);
	await page.getByRole('link', { name: 'Korrigieren' }).click();
	await expect(page.getByRole('switch', { name: 'Alle noch einmal benachrichtigen' })).toBeChecked();
	await page.getByRole('switch').uncheck();
	await page.getByLabel('Überschrift').fill('Bitte wetterfeste Sachen');
	// The phone locks here, too.
	await page.reload();
	await expect(page.getByLabel('Überschrift')).toHaveValue('Bitte wetterfeste Sachen');
	await page.getByRole('switch').uncheck();
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Korrigiert, ohne Mitteilung.')).toBeVisible();
	expect(await opened()).toBe(before);
	await page.getByRole('link', { name: 'Korrigieren' }).click();
	await page.getByLabel('Text', { exact: true }).fill('Mit Matschhose und Mütze.');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Korrigiert. Alle bekommen es noch einmal.')).toBeVisible();
	expect(await opened()).toBe(before - 1);
	await page.getByText('Frühere Fassungen').click();
	await expect(page.getByText('Fassung 1, bis')).toBeVisible();
	await expect(page.getByText('Bitte wetterfest', { exact: true })).toBeVisible();
});

test('a colleague sees the notice, and neither its readers nor a way to change it', async ({ house, as }) => {
	const lead = await house.api('leitung');
	const kita_id = await kitaOf(house, 'leitung');
	const n = (await (await lead.post('/api/v1/notices', { data: { kita_id, kind: 'news', title: 'Von der Leitung', audience: { kind: 'kita' } } })).json()) as Notice;
	const page = await as('baeren', `/n/${n.id}`);
	await expect(page.getByRole('heading', { name: 'Von der Leitung' })).toBeVisible();
	await expect(page.getByText('Wer hat es bekommen?')).toHaveCount(0);
	await page.goto(`${house.url}/n/${n.id}/edit`);
	await expect(page.getByText('Diese Nachricht können nur die Leitung und wer sie geschrieben hat ändern.')).toBeVisible();
	await expect(page.getByLabel('Überschrift')).toHaveCount(0);
});

test('a family sees nothing of the ledger', async ({ house, as }) => {
	const notice = await post(house);
	const page = await as('eltern', `/n/${notice.id}`);
	await expect(page.getByRole('heading', { name: notice.title })).toBeVisible();
	await expect(page.getByText('Wer hat es bekommen?')).toHaveCount(0);
});

test('the ledger in English', async ({ house, as }) => {
	const notice = await post(house, { confirm_wanted: true });
	await (await house.api('baeren')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('baeren', `/n/${notice.id}`);
	await expect(page.getByText(`0 of ${notice.ledger.recipients} reached, 0 read, 0 confirmed`)).toBeVisible();
	await expect(page.getByRole('button', { name: `Remind ${notice.ledger.recipients} people` })).toBeVisible();
});
