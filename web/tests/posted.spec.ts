// What the team has posted: planned, sent, taken back.
import { expect, test, type House } from './house';
import { kitaOf } from './screens';

type Notice = { id: string; title: string; state: string; kind: string; ledger?: { recipients: number; opened: number; confirmed: number; shown: number } };

async function post(house: House, title: string, more: object = {}): Promise<Notice> {
	const api = await house.api('baeren');
	const kita_id = await kitaOf(house, 'baeren');
	const groups = (await (await api.get(`/api/v1/groups?kita_id=${kita_id}`)).json()) as { items: { id: string }[] };
	const r = await api.post('/api/v1/notices', { data: { kita_id, kind: 'news', title, body: 'Text', audience: { kind: 'groups', targets: [groups.items[0]!.id] }, ...more } });
	expect(r.status(), await r.text()).toBe(201);
	return r.json();
}

const look = async (house: House, n: Notice) => (await (await house.api('leitung')).get(`/api/v1/notices/${n.id}`)).json() as Promise<Notice & { publish_at: string }>;

test('the posted list shows states and numbers, and narrows @tablet', async ({ house, as }) => {
	const soon = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const there = await post(house, 'Ist da', { kind: 'daily' });
	const gone = await post(house, 'War falsch');
	const api = await house.api('baeren');
	await api.post(`/api/v1/notices/${gone.id}/withdrawal`);
	await (await house.api('eltern')).put(`/api/v1/notices/${there.id}/opened`);
	const page = await as('baeren', '/notices');
	const line = (n: Notice) => page.getByRole('listitem').filter({ has: page.getByRole('link', { name: n.title, exact: true }) });
	await expect(line(soon)).toContainText('Geht hinaus: Mi., 25. Nov. 2026');
	await expect(line(soon)).toContainText('07:00');
	await expect(line(gone)).toContainText('Zurückgezogen');
	await expect(line(there)).toContainText(`1 von ${there.ledger!.recipients} erreicht, 1 gelesen`);
	await expect(line(there).getByRole('img', { name: /1 gelesen/ })).toBeVisible();
	await page.getByText('Geplant', { exact: true }).click();
	await expect(line(soon)).toBeVisible();
	await expect(line(there)).toHaveCount(0);
	await page.getByText('Gesendet', { exact: true }).click();
	await expect(line(there)).toBeVisible();
	await expect(line(gone)).toHaveCount(0);
	await page.getByLabel('Art', { exact: true }).selectOption('event');
	await expect(line(there)).toHaveCount(0);
	await page.getByLabel('Art', { exact: true }).selectOption('daily');
	await expect(line(there)).toBeVisible();
});

test('older ones come when asked for, none twice', async ({ house, as }) => {
	const page = await as('leitung', '/notices');
	const links = page.locator('h2 a[href^="/n/"]');
	await expect(links).toHaveCount(20);
	await page.getByRole('button', { name: 'Ältere zeigen' }).click();
	await expect.poll(() => links.count()).toBeGreaterThan(20);
	const all = await links.evaluateAll((list) => list.map((a) => a.getAttribute('href')));
	expect(new Set(all).size).toBe(all.length);
	expect((await (await (await house.api('leitung')).get('/api/v1/notices?box=posted&limit=40')).json()).items.map((n: Notice) => '/n/' + n.id)).toEqual(all.slice(0, 40));
});

test('a planned notice is changed before it goes out', async ({ house, as }) => {
	const n = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const page = await as('baeren', '/notices');
	await page.getByRole('button', { name: 'Was tun mit „Kommt noch“?' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Ändern' }).click();
	await expect(page.getByText('Noch nicht gesendet. Geplant: Mi., 25. Nov. 2026')).toBeVisible();
	await expect(page.getByRole('switch', { name: 'Alle noch einmal' })).toHaveCount(0);
	await expect(page.getByLabel('Senden am')).toHaveValue('2026-11-25T07:00');
	await page.getByLabel('Überschrift').fill('Kommt bald');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page).toHaveURL(/\/n\/[0-9a-f-]{36}$/);
	const now = (await (await (await house.api('baeren')).get(`/api/v1/notices/${n.id}`)).json()) as Notice;
	expect(now).toMatchObject({ title: 'Kommt bald', state: 'scheduled', publish_at: '2026-11-25T06:00:00.000Z' });
});

test('the hour of a planned notice is changed, and survives a locked phone @tablet @desktop', async ({ house, as }) => {
	const n = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const page = await as('baeren', `/n/${n.id}/edit`);
	await page.getByLabel('Senden am').fill('2026-11-26T16:30');
	await expect(page.getByRole('button', { name: 'Einplanen' })).toBeVisible();
	await page.reload();
	await expect(page.getByLabel('Senden am')).toHaveValue('2026-11-26T16:30');
	await page.getByLabel('Senden am').fill('');
	await page.getByRole('button', { name: /Einplanen|Speichern|senden/ }).click();
	await expect(page.getByText('Bitte sagen Sie, wann.')).toBeVisible();
	await expect(page.getByLabel('Senden am')).toBeFocused();
	await page.getByLabel('Senden am').fill('2026-11-26T16:30');
	await page.getByRole('button', { name: 'Einplanen' }).click();
	await expect(page.getByText('Wird gesendet: Do., 26. Nov. 2026, 16:30')).toBeVisible();
	await expect(page.getByText('Noch nicht verschickt. Geht hinaus: Do., 26. Nov. 2026, 16:30')).toBeVisible();
	expect(await look(house, n)).toMatchObject({ state: 'scheduled', publish_at: '2026-11-26T15:30:00.000Z' });
});

test('a planned notice is sent now, after a yes @tablet', async ({ house, as }) => {
	const n = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const page = await as('baeren', `/n/${n.id}`);
	await page.getByRole('link', { name: 'Ändern' }).click();
	await page.getByText('Später senden').click();
	await expect(page.getByLabel('Senden am')).toHaveCount(0);
	await page.getByRole('button', { name: 'Jetzt senden' }).click();
	const ask = page.getByRole('dialog', { name: 'Jetzt senden?' });
	await expect(ask).toContainText(/Erreicht \d+ Familien/);
	await ask.getByRole('button', { name: 'Abbrechen' }).click();
	expect(await look(house, n)).toMatchObject({ state: 'scheduled' });
	await page.getByRole('button', { name: 'Jetzt senden' }).click();
	await ask.getByRole('button', { name: 'Jetzt senden' }).click();
	await expect(page.getByText('Gesendet.', { exact: true })).toBeVisible();
	await expect(page.getByText('Noch nicht verschickt.')).toHaveCount(0);
	expect(await look(house, n)).toMatchObject({ state: 'published' });
	expect((await (await house.api('eltern')).get(`/api/v1/notices/${n.id}`)).status()).toBe(200);
});

test('who moves the hour a moment too late is told, and loses nothing', async ({ house, as }) => {
	const n = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const page = await as('baeren', `/n/${n.id}/edit`);
	await page.getByLabel('Überschrift').fill('Kommt bald');
	await page.getByLabel('Senden am').fill('2026-11-26T16:30');
	await (await house.api('leitung')).patch(`/api/v1/notices/${n.id}`, { data: { publish_at: '2026-01-01T00:00:00Z' } });
	await page.getByRole('button', { name: 'Einplanen' }).click();
	await expect(page.getByText('Diese Nachricht ist schon verschickt; wann sie hinausgeht, lässt sich nicht mehr ändern.')).toBeVisible();
	expect(await look(house, n)).toMatchObject({ title: 'Kommt noch', state: 'published' });
	// Now it is a correction.
	await expect(page.getByLabel('Senden am')).toHaveCount(0);
	await expect(page.getByLabel('Überschrift')).toHaveValue('Kommt bald');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page.getByText('Korrigiert. Alle bekommen es noch einmal.')).toBeVisible();
	expect(await look(house, n)).toMatchObject({ title: 'Kommt bald' });
});

test('a planned notice is withdrawn before it is out, after a yes', async ({ house, as }) => {
	const n = await post(house, 'Kommt noch', { publish_at: '2026-11-25T06:00:00Z' });
	const page = await as('baeren', `/n/${n.id}`);
	await expect(page.getByRole('link', { name: 'Aushang drucken' })).toHaveCount(0);
	await page.getByRole('button', { name: 'Zurückziehen' }).click();
	const ask = page.getByRole('dialog', { name: '„Kommt noch“ zurückziehen?' });
	await expect(ask).toContainText('Sie geht dann nicht hinaus.');
	await ask.getByRole('button', { name: 'Zurückziehen' }).click();
	await expect(page.getByText('Sie ist nie hinausgegangen.')).toBeVisible();
	expect(await look(house, n)).toMatchObject({ state: 'withdrawn' });
	await page.goto(`${house.url}/n/${n.id}/edit`);
	await expect(page.getByText('Sie lässt sich nicht mehr ändern.')).toBeVisible();
});

test('withdrawn only after a yes; the way back makes a draft of it', async ({ house, as }) => {
	const n = await post(house, 'Mit Termin', { kind: 'event', starts_at: '2026-12-03T18:30:00Z', ends_at: '2026-12-03T20:00:00Z', place: 'Turnhalle', confirm_wanted: true });
	const api = await house.api('baeren');
	const state = async () => ((await (await api.get(`/api/v1/notices/${n.id}`)).json()) as Notice).state;
	const page = await as('baeren', '/notices');
	const open = async () => {
		await page.getByRole('button', { name: 'Was tun mit „Mit Termin“?' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Zurückziehen' }).click();
	};
	await open();
	const ask = page.getByRole('dialog', { name: '„Mit Termin“ zurückziehen?' });
	await ask.getByRole('button', { name: 'Abbrechen' }).click();
	expect(await state()).toBe('published');
	await open();
	await ask.getByRole('button', { name: 'Zurückziehen' }).click();
	await expect(page.getByRole('listitem').filter({ hasText: 'Mit Termin' })).toContainText('Zurückgezogen');
	expect(await state()).toBe('withdrawn');
	expect((await (await house.api('eltern')).get(`/api/v1/notices/${n.id}`)).status()).toBe(404);
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page).toHaveURL(/\/notices\/new$/);
	await expect(page.getByLabel('Überschrift')).toHaveValue('Mit Termin');
	await expect(page.getByLabel('Tag', { exact: true })).toHaveValue('2026-12-03');
	await expect(page.getByLabel('Von')).toHaveValue('19:30');
	await expect(page.getByLabel('Bis', { exact: true })).toHaveValue('21:00');
	await expect(page.getByLabel('Ort')).toHaveValue('Turnhalle');
	await expect(page.getByRole('switch', { name: 'Bestätigung erbitten' })).toBeChecked();
});
