// The service worker: what it does with a push, with or without a page, and how the app opens without a network.
import type { Page } from '@playwright/test';
import { whole } from './browsers';
import { Handset, click, shown, type Payload } from './handset';
import { expect, test, type House } from './house';

test.use(whole);

async function kitaOf(house: House): Promise<string> {
	return (await (await (await house.api('leitung')).get('/api/v1/session')).json()).memberships[0].kita_id;
}

/** publish lets the leader tell the whole kita something; it answers the notice's id. */
async function publish(house: House, title: string): Promise<string> {
	const r = await (await house.api('leitung')).post('/api/v1/notices', {
		data: { kita_id: await kitaOf(house), kind: 'urgent', title, body: 'Bitte bis 12 Uhr abholen.', audience: { kind: 'kita' }, confirm_wanted: true }
	});
	expect(r.status(), await r.text()).toBe(201);
	return (await r.json()).id;
}

/** Allowed already: the app subscribes at its start, and what is published before that reaches nobody. */
const subscribed = (page: Page, house: House) =>
	expect.poll(async () => (await (await page.request.get(house.url + '/api/v1/push/subscriptions')).json()).items.filter((d: { current: boolean }) => d.current).length).toBe(1);

const simple = (o: Partial<Payload['notification']> & Record<string, unknown> = {}): string =>
	JSON.stringify({ web_push: 8030, notification: { title: 'Rohrbruch', body: 'Bitte abholen.', lang: 'de', dir: 'ltr', tag: 'a', navigate: '/n/1', data: { url: '/n/1' }, ...o }, app_badge: 2 });

test('a push is shown, the ledger hears of it, and a correction takes its place', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await subscribed(page, house);

	const id = await publish(house, 'Rohrbruch in der Kita');
	const payload = await handset.pushed(1);
	await handset.deliver(page, payload);
	await expect.poll(() => shown(page)).toMatchObject([{ title: payload.notification.title, tag: payload.notification.tag, lang: 'de', dir: 'ltr', data: { url: `${house.url}/n/${id}` } }]);

	const leader = await house.api('leitung');
	const states = async () => (await (await leader.get(`/api/v1/notices/${id}/recipients?limit=100`)).json()).items.map((r: { state: string }) => r.state);
	await expect.poll(async () => (await states()).filter((s: string) => s === 'shown').length).toBe(1);

	const r = await leader.patch(`/api/v1/notices/${id}`, { data: { title: 'Rohrbruch: Die Kita schließt um 11 Uhr' } });
	expect(r.ok(), await r.text()).toBe(true);
	const corrected = await handset.pushed(2);
	expect(corrected.notification.renotify).toBe(true);
	await handset.deliver(page, corrected);
	await expect.poll(async () => (await shown(page)).map((n) => n.title)).toEqual([corrected.notification.title]);
});

test('whatever comes, something is shown, in the language of the device', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	let last = 0;
	for (const garbage of ['', 'not json', '[]', 'null', '{"notification":{"title":7}}', '{"notification":{"title":"x","dir":"sideways"}}', '{"notification":{"title":"x","data":null}}']) {
		await handset.deliver(page, garbage);
		// One takes the place of the one before, so it is its hour that tells them apart.
		const newest = (await shown(page)).sort((a, b) => b.timestamp - a.timestamp)[0];
		expect(newest, garbage).toMatchObject({ title: garbage.includes('null}}') ? 'x' : 'Neues aus der Kita' });
		expect(newest!.timestamp, garbage).toBeGreaterThan(last);
		last = newest!.timestamp;
	}
	// What leads out of the house leads to its door instead.
	await handset.deliver(page, simple({ title: 'Fremd', tag: 'b', data: { url: 'https://evil.example/x' } }));
	const tagged = async () => (await shown(page)).filter((n) => n.tag === 'b');
	expect(await tagged()).toMatchObject([{ title: 'Fremd', data: { url: house.url + '/' } }]);
	await handset.deliver(page, simple({ title: 'Leise', tag: 'b', silent: true, lang: 'ar', dir: 'rtl' }));
	expect(await tagged()).toMatchObject([{ title: 'Leise', silent: true, lang: 'ar', dir: 'rtl' }]);
});

test('an open window hears of it, and a tap opens the notice there', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await subscribed(page, house);
	const id = await publish(house, 'Heute geht der Ausflug in den Wald');
	await page.evaluate(() => {
		navigator.serviceWorker.addEventListener('message', (e) => e.data?.type === 'pushed' && (document.body.dataset['pushed'] = e.data.url));
		document.body.dataset['same'] = 'page';
	});
	const payload = await handset.pushed(1);
	await handset.deliver(page, payload);
	await expect(page.locator('body')).toHaveAttribute('data-pushed', `${house.url}/n/${id}`);
	await expect.poll(async () => (await shown(page)).length).toBe(1);
	await click(page, payload.notification.title);
	await expect(page).toHaveURL(`${house.url}/n/${id}`);
	await expect(page.locator('body')).toHaveAttribute('data-same', 'page');
	await expect.poll(async () => (await shown(page)).length).toBe(0);
});

for (const [brings, asked] of [
	['nothing', ['subscribe']],
	['a subscription', []],
	['one for another key', ['unsubscribe', 'subscribe']]
] as const)
	test(`the push service moved the device and brought ${brings}: with no page, it is reached at its new address`, async ({ house, as, context }) => {
		const handset = await Handset.take(house, context);
		const page = await as('eltern', '/settings');
		await subscribed(page, house);
		const parent = await house.api('eltern');
		const devices = async () => (await (await parent.get('/api/v1/push/subscriptions')).json()).items as { id: string; name: string }[];
		const before = await devices();
		const elsewhere = handset.endpoint;
		await page.goto('about:blank');

		expect(await handset.moved(brings)).toEqual({ asked, complaint: '' });
		// The old one goes when its push service says so.
		const after = await devices();
		expect(after).toHaveLength(before.length + 1);
		expect(after.filter((d) => !before.some((b) => b.id === d.id))).toMatchObject([{ name: expect.stringMatching(/^Chrome auf /) }]);
		expect(handset.endpoint).not.toBe(elsewhere);
		await publish(house, 'Auch dort');
		expect((await handset.pushed(1)).notification.title).toContain('Auch dort');
	});

test('moved while nobody is signed in: no device for anybody, and no complaint', async ({ house, as, context }) => {
	const handset = await Handset.take(house, context);
	const page = await as('eltern', '/settings');
	await subscribed(page, house);
	const parent = await house.api('eltern');
	const devices = async () => (await (await parent.get('/api/v1/push/subscriptions')).json()).items as unknown[];
	const before = await devices();
	await page.goto('about:blank');
	await context.clearCookies();
	const refused = context.waitForEvent('response', (r) => r.url().endsWith('/push/subscriptions') && r.request().method() === 'POST');
	expect(await handset.moved()).toEqual({ asked: ['subscribe'], complaint: '' });
	expect((await refused).status()).toBe(401);
	expect(await devices()).toEqual(before);
});

test('the app opens without a network, and asks the API nothing in vain', async ({ house, as, context }) => {
	const page = await as('eltern', '/settings');
	await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
	await context.setOffline(true);
	await page.goto(house.url + '/settings?again');
	await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
	const kept = await page.evaluate(async () => {
		const all: string[] = [];
		for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) all.push(new URL(r.url).pathname);
		return all;
	});
	expect(kept.filter((p) => p.startsWith('/api/'))).toEqual([]);
	expect(kept).toContain('/');
});

test('what is not the app is not answered with it', async ({ house, as, page }) => {
	const app = await as('eltern', '/settings');
	await app.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
	for (const [path, type] of [['/api/openapi.json', /json/], ['/healthz', /text\/plain/], ['/icon.svg', /svg/]] as const) {
		const r = await app.goto(house.url + path);
		expect(r?.headers()['content-type'], path).toMatch(type);
	}
	await page.close();
});
