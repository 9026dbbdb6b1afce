import { expect, test } from './house';
import { kitaOf } from './screens';

interface Overview {
	families: number;
	families_reachable: number;
	out_of_reach: { name: string; phone: string; trouble: string; family_reachable: boolean }[];
	weeks: { week: string; sick: number; vacation: number; other: number; open_days: number }[];
}

async function overviewOf(house: Parameters<typeof kitaOf>[0]): Promise<Overview> {
	const r = await (await house.api('leitung')).get(`/api/v1/kitas/${await kitaOf(house, 'leitung')}/overview`);
	expect(r.status()).toBe(200);
	return r.json();
}

test('the hub leads to everything, and says how the kita stands @tablet @desktop', async ({ as, house }) => {
	const o = await overviewOf(house);
	const page = await as('leitung', '/kita');
	await expect(page.getByRole('link', { name: new RegExp(`${o.families_reachable} von ${o.families} Familien sind erreichbar`) })).toHaveAttribute('href', '/kita/overview');
	for (const way of ['/children', '/kita/groups', '/kita/guardians', '/kita/staff', '/kita/move', '/kita/bans', '/kita/invitations', '/kita/import', '/kita/calendar', '/kita/settings', '/kita/audit'])
		await expect(page.locator(`main a[href="${way}"]`)).toBeVisible();
});

test('the overview says what the server knows: families, who is missing with their number, weeks @tablet @desktop', async ({ as, house }) => {
	const o = await overviewOf(house);
	expect(o.out_of_reach.length).toBeGreaterThan(0);
	expect(o.weeks.reduce((n, w) => n + w.sick + w.vacation + w.other, 0)).toBeGreaterThan(0);
	const page = await as('leitung', '/kita/overview');
	await expect(page.getByText(`${o.families_reachable} von ${o.families} Familien sind erreichbar`)).toBeVisible();

	await page.getByText(/^Alle \(/).click();
	const people = page.getByRole('region', { name: 'Wen keine Mitteilung erreicht' }).getByRole('listitem').filter({ has: page.locator('.who') });
	await page.getByRole('button', { name: `Alle ${o.out_of_reach.length} zeigen` }).click();
	await expect(people).toHaveCount(o.out_of_reach.length);
	const shown = await people.allInnerTexts();
	for (const [i, p] of o.out_of_reach.entries()) {
		expect(shown[i]).toContain(p.name);
		expect(shown[i]).toContain(p.phone);
	}
	await expect(people.first().getByRole('link', { name: o.out_of_reach[0]!.phone })).toHaveAttribute('href', /^tel:\+?\d+$/);
	const never = o.out_of_reach.filter((p) => p.trouble === 'never_signed_in');
	if (never.length) {
		await page.getByText(`Noch nie angemeldet (${never.length})`).click();
		await expect(people).toHaveCount(never.length);
	}

	// The picture says in words what it shows, and has its numbers in a table, latest week first.
	const all = o.weeks.reduce((n, w) => n + w.sick + w.vacation + w.other, 0);
	await expect(page.getByRole('img', { name: `zusammen ${all} Fehltage` })).toBeVisible();
	await page.getByText('Zahlen als Tabelle').click();
	const rows = page.getByRole('table').getByRole('row');
	await expect(rows).toHaveCount(13);
	for (const [i, w] of [...o.weeks].reverse().entries()) {
		const cells = await rows.nth(i + 1).getByRole('cell').allInnerTexts();
		expect(cells.map(Number)).toEqual([w.sick, w.vacation, w.other, w.sick + w.vacation + w.other, w.open_days]);
	}
});

test('what is reported a moment ago is in the running week', async ({ as, house }) => {
	const before = (await overviewOf(house)).weeks.at(-1)!;
	const api = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const today = await (await api.get(`/api/v1/absences/today?kita_id=${kita}`)).json();
	const away = new Set(today.groups.flatMap((g: { absent: { child_id: string }[] }) => g.absent.map((a) => a.child_id)));
	const absences = await (await api.get(`/api/v1/absences?kita_id=${kita}&from=2026-11-23&to=2026-11-27&limit=100`)).json();
	for (const a of absences.items) away.add(a.child_id);
	const children = await (await api.get(`/api/v1/children?kita_id=${kita}&limit=100`)).json();
	const child = children.items.find((c: { id: string }) => !away.has(c.id));
	expect((await api.post('/api/v1/absences', { data: { child_id: child.id, from: '2026-11-25', to: '2026-11-29', reason: 'vacation' } })).status()).toBe(201);
	const page = await as('leitung', '/kita/overview');
	await page.getByText('Zahlen als Tabelle').click();
	const cells = await page.getByRole('table').getByRole('row').nth(1).getByRole('cell').allInnerTexts();
	// Wednesday to Friday; the weekend is nobody's.
	expect(Number(cells[1])).toBe(before.vacation + 3);
});

test('nobody but a leader has an overview', async ({ as }) => {
	const page = await as('baeren', '/kita/overview');
	await expect(page.getByText('Das ist nicht mehr da, oder nicht für Sie bestimmt.')).toBeVisible();
	await expect(page.getByRole('table')).toHaveCount(0);
});

test('the overview speaks English', async ({ as, house }) => {
	await (await house.api('leitung')).patch('/api/v1/account', { data: { language: 'en' } });
	const o = await overviewOf(house);
	const page = await as('leitung', '/kita/overview');
	await expect(page.getByText(`${o.families_reachable} of ${o.families} families can be reached`)).toBeVisible();
	await expect(page.getByRole('heading', { name: 'Days missed per week' })).toBeVisible();
});
