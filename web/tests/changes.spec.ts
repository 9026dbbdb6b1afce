// What changes at the server while somebody looks: it is on the screen without their doing.
import type { APIRequestContext, Page, Request } from '@playwright/test';
import { one, posted } from './family';
import { gate } from './gate';
import { expect, NOW, test } from './house';
import { kitaOf } from './screens';
import { serve } from './server';

const isStream = (r: Request) => r.url().includes('/api/v1/events/stream');

/** listening waits until the page hears, from now on. */
const listening = (page: Page) => page.waitForResponse((r) => isStream(r.request()) && r.ok());

/** ended waits until the page hears no more. */
const ended = (page: Page) => Promise.race([page.waitForEvent('requestfailed', isStream), page.waitForEvent('requestfinished', isStream)]);

/** holdPending keeps the device from remembering what was done, as a slow one does, until it is released. */
async function holdPending(page: Page) {
	const held = await page.evaluateHandle(async () => {
		const db = await new Promise<IDBDatabase>((ok, no) => {
			const asked = indexedDB.open('morgenkreis');
			asked.onsuccess = () => ok(asked.result);
			asked.onerror = () => no(asked.error);
		});
		const store = db.transaction('pending', 'readwrite').objectStore('pending');
		let over = false;
		const stay = () => {
			if (over) db.close();
			else store.count().onsuccess = stay;
		};
		stay();
		return { release: () => void (over = true) };
	});
	return { release: () => held.evaluate((h) => h.release()) };
}

async function post(api: APIRequestContext, kita: string, title: string) {
	const r = await api.post('/api/v1/notices', { data: { kita_id: kita, kind: 'news', title, body: 'Alles weitere am Aushang.', audience: { kind: 'kita' } } });
	expect(r.status(), await r.text()).toBe(201);
	return ((await r.json()) as { id: string }).id;
}

test('a notice that is posted meanwhile is there, and is gone when it is withdrawn', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const lead = await house.api('leitung');
	const page = await as('eltern', '/');
	await listening(page);
	const id = await post(lead, kita, 'Der Bus kommt später');
	const card = page.locator('main').getByText('Der Bus kommt später');
	await expect(card).toBeVisible();
	expect((await lead.post(`/api/v1/notices/${id}/withdrawal`)).ok()).toBe(true);
	await expect(card).toHaveCount(0);
});

test('who has a notice open sees who has read it', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const lead = await house.api('leitung');
	const mum = await house.api('eltern');
	const id = await post(lead, kita, 'Laternenumzug');
	const page = await as('leitung', `/n/${id}`);
	const ledger = page.getByRole('region', { name: 'Wer hat es bekommen?' });
	await listening(page);
	await expect(ledger.getByText(/ 0 gelesen/)).toBeVisible();
	expect((await mum.put(`/api/v1/notices/${id}/opened`)).ok()).toBe(true);
	await expect(ledger.getByText(/ 1 gelesen/)).toBeVisible();
});

test('an answer from before the confirmation changes nothing about it, and leaves the focus where it is', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, { title: 'Elternabend', confirm_wanted: true });
	const page = await as('eltern', '/n/' + id);
	await expect.poll(async () => (await one(leader, id)).ledger['opened']).toBe(1);
	const heard = listening(page);
	await page.reload();
	await heard;
	const confirm = page.getByRole('button', { name: 'Gelesen – bestätigen' });
	const takeBack = page.getByRole('button', { name: 'Zurücknehmen' });
	await expect(confirm).toBeVisible();

	const reads = await gate(page, 'GET', `/api/v1/notices/${id}`);
	const changes = await gate(page, 'PUT', `/api/v1/notices/${id}/confirmed`);
	reads.close();
	expect((await leader.patch(`/api/v1/notices/${id}`, { data: { title: 'Elternabend, um neun' } })).ok()).toBe(true);
	await reads.reached();

	// The tap, while the device takes its time to keep what was done; and the answer that knows nothing of it.
	const device = await holdPending(page);
	await confirm.click();
	await expect(takeBack).toBeFocused();
	reads.open();
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Elternabend, um neun');
	await expect(takeBack).toBeFocused();

	// The server has taken it, and nobody has asked since.
	reads.close();
	changes.close();
	await device.release();
	await changes.reached();
	changes.open();
	await expect(page.getByText('Wird gesendet')).toHaveCount(0);
	await reads.reached();
	await expect(takeBack).toBeFocused();
	reads.open();

	await page.keyboard.press('Enter');
	await expect(confirm).toBeFocused();
	await expect.poll(async () => (await one(leader, id)).ledger['confirmed']).toBe(0);
	await expect(confirm).toBeFocused();
	await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the morning shows who is reported absent meanwhile', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const lead = await house.api('leitung');
	const page = await as('baeren', '/today');
	const card = page.getByRole('region', { name: 'Bären', exact: true });
	const day = (await (await (await house.api('baeren')).get(`/api/v1/absences/today?kita_id=${kita}`)).json()) as { day: string; groups: { absent: { child_id: string }[] }[] };
	const away = new Set(day.groups[0]!.absent.map((a) => a.child_id));
	const all = (await (await lead.get(`/api/v1/children?kita_id=${kita}&limit=100`)).json()) as { items: { id: string; first_name: string; last_name: string; group?: { name: string } }[] };
	const child = all.items.find((c) => c.group?.name === 'Bären' && !away.has(c.id))!;
	const name = `${child.first_name} ${child.last_name}`;
	await listening(page);
	await expect(card.locator('.away .name')).toHaveCount(away.size);
	expect((await lead.post('/api/v1/absences', { data: { child_id: child.id, from: day.day, to: day.day, reason: 'sick' } })).status()).toBe(201);
	await expect(card.locator('.away .name', { hasText: name })).toBeVisible();
});

test('who looks away hears nothing, and who looks again does', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const lead = await house.api('leitung');
	const page = await as('eltern', '/');
	await listening(page);
	const look = (state: string) =>
		page.evaluate((s) => {
			Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => s });
			document.dispatchEvent(new Event('visibilitychange'));
		}, state);
	const quiet = ended(page);
	await look('hidden');
	await quiet;
	await post(lead, kita, 'Während niemand hinsah');
	const again = listening(page);
	await look('visible');
	await expect(page.locator('main').getByText('Während niemand hinsah')).toBeVisible();
	await again;
	await post(lead, kita, 'Während jemand hinsah');
	await expect(page.locator('main').getByText('Während jemand hinsah')).toBeVisible();
});

test('what happened without a network is there when it is back', async ({ house, as, context }) => {
	const kita = await kitaOf(house, 'leitung');
	const lead = await house.api('leitung');
	const page = await as('eltern', '/');
	await listening(page);
	const quiet = ended(page);
	await context.setOffline(true);
	await quiet;
	await post(lead, kita, 'Im Funkloch');
	const again = listening(page);
	await context.setOffline(false);
	await expect(page.locator('main').getByText('Im Funkloch')).toBeVisible();
	await again;
	await post(lead, kita, 'Wieder am Netz');
	await expect(page.locator('main').getByText('Wieder am Netz')).toBeVisible();
});

test('a server that was away is heard again, with what it was told meanwhile', async ({ house, as }) => {
	const kita = await kitaOf(house, 'leitung');
	const page = await as('eltern', '/');
	await listening(page);
	const quiet = ended(page);
	await house.kill();
	await quiet;
	const server = await serve({ data: house.data, database: house.database, demo: true, at: NOW, port: Number(new URL(house.url).port) });
	try {
		const again = listening(page);
		await post(await house.api('leitung'), kita, 'Nach dem Stromausfall');
		await expect(page.locator('main').getByText('Nach dem Stromausfall')).toBeVisible();
		await again;
	} finally {
		await server.stop();
	}
});

test('nobody listens after signing out', async ({ house, as }) => {
	const page = await as('eltern', '/settings');
	await listening(page);
	const streams: string[] = [];
	page.on('request', (r) => isStream(r) && streams.push(r.url()));
	const quiet = ended(page);
	await page.getByRole('button', { name: 'Abmelden', exact: true }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Abmelden' }).click();
	await expect(page).toHaveURL(house.url + '/sign-in');
	await quiet;
	await page.clock.fastForward('10:00');
	await expect(page.getByRole('button', { name: 'Anmelden' })).toBeVisible();
	expect(streams).toEqual([]);
});
