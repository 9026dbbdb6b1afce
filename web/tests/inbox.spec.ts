import { expect, test } from './house';
import { inbox, posted } from './family';

test('the inbox goes back as far as one scrolls, each notice once @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	for (let i = 1; i <= 25; i++) await posted(house, { title: `Nachricht Nummer ${i}.` }, leader);
	const all = (await inbox(house)).length;
	expect(all).toBeGreaterThan(40);
	const page = await as('eltern', '/notices');
	await expect(page.getByRole('link', { name: /Nachricht Nummer 25\./ })).toBeVisible();
	const cards = page.locator('main a[href^="/n/"]');
	await expect(async () => {
		await page.mouse.wheel(0, 20_000);
		await expect(page.getByText('Das war alles.')).toBeVisible({ timeout: 500 });
	}).toPass();
	expect(await cards.count()).toBe(all);
	expect(new Set(await cards.evaluateAll((a) => a.map((x) => x.getAttribute('href')))).size).toBe(all);
});

test('the inbox can be narrowed to what is unread and to a kind', async ({ house, as }) => {
	const list = await inbox(house);
	const unread = list.filter((n) => !n.mine.opened_at);
	const page = await as('eltern', '/notices');
	const cards = page.locator('main a[href^="/n/"]');
	const asked: string[] = [];
	page.on('request', (r) => r.url().includes('only=unread') && asked.push(r.url()));
	await page.getByText('Ungelesen', { exact: true }).click();
	await expect(page).toHaveURL(/only=unread/);
	await expect(cards).toHaveCount(unread.length);
	await page.getByLabel('Art').selectOption('daily');
	await expect(cards).toHaveCount(unread.filter((n) => n.kind === 'daily').length);
	// Once each.
	expect(asked).toHaveLength(2);
	await page.reload();
	await expect(cards).toHaveCount(unread.filter((n) => n.kind === 'daily').length);
	await page.getByText('Alle', { exact: true }).click();
	await page.getByLabel('Art').selectOption('illness');
	await expect(cards).toHaveCount(list.filter((n) => n.kind === 'illness').length);
});

test('an educator finds what was written to the team beside what was posted', async ({ house, as }) => {
	await posted(house, { title: 'Dienstplan', audience: { kind: 'staff' } });
	const page = await as('baeren', '/notices');
	await page.getByText('Für mich', { exact: true }).click();
	await expect(page.getByRole('link', { name: /Dienstplan/ })).toBeVisible();
	await expect(page.getByRole('link', { name: /Der Tag der Bären/ })).toHaveCount(0);
});

test('the unread are counted in the menu and at the icon of the app', async ({ house, as, context }) => {
	await context.addInitScript(() => {
		const badges: (number | undefined)[] = [];
		Object.assign(window, { badges });
		navigator.setAppBadge = async (n) => void badges.push(n);
		navigator.clearAppBadge = async () => void badges.push(0);
	});
	const unread = (await inbox(house)).filter((n) => !n.mine.opened_at);
	const page = await as('eltern');
	const last = () => page.evaluate(() => (window as unknown as { badges: number[] }).badges.at(-1));
	const way = page.getByRole('navigation').getByRole('link', { name: /Nachrichten/ });
	await expect(way).toContainText(`${unread.length} ungelesen`);
	expect(await last()).toBe(unread.length);
	await page.locator(`main a[href="/n/${unread[0]!.id}"]`).click();
	await expect(way).toContainText(`${unread.length - 1} ungelesen`);
	await expect.poll(last).toBe(unread.length - 1);
});
