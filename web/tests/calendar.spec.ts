import { expect, test } from './house';
import { kitaOf } from './screens';

/** What the server's calendar holds of the kita's own days. */
async function closingDays(house: Parameters<typeof kitaOf>[0], from: string, to: string) {
	const api = await house.api('leitung');
	const list = await (await api.get(`/api/v1/calendar?kita_id=${await kitaOf(house, 'leitung')}&from=${from}&to=${to}`)).json();
	return (list.items as { day: string; kind: string; name: string }[]).filter((d) => d.kind === 'closing_day');
}

test('a whole closure is entered in one step, without weekends and holidays, and taken back', async ({ as, house }) => {
	const page = await as('leitung', '/kita/calendar');
	await expect(page.getByText('Allerheiligen').or(page.getByText('1. Weihnachtstag')).first()).toBeVisible();
	// Thursday before Good Friday to the Wednesday after Easter Monday: three days are open.
	await page.getByLabel('Anlass').fill('Osterputz');
	await page.getByLabel('Erster Tag').fill('2027-03-25');
	await page.getByLabel('Letzter Tag').fill('2027-03-31');
	await page.getByRole('button', { name: '3 Tage eintragen' }).click();
	const entry = page.getByRole('listitem').filter({ hasText: 'Osterputz' }).first();
	await expect(entry).toContainText('3 Tage');
	expect((await closingDays(house, '2027-03-20', '2027-04-05')).map((d) => d.day)).toEqual(['2027-03-25', '2027-03-30', '2027-03-31']);
	await expect(page.getByRole('link', { name: 'Nachricht schreiben' })).toBeVisible();

	// The same days again: nothing is left to enter.
	await page.getByLabel('Anlass').fill('Noch einmal');
	await page.getByLabel('Erster Tag').fill('2027-03-25');
	await page.getByLabel('Letzter Tag').fill('2027-03-31');
	await expect(page.getByText('In dieser Zeit ist die Kita ohnehin zu.')).toBeVisible();

	// One day opens again, then all of them, and the way back brings them all.
	await entry.getByText('Einzelne Tage').click();
	await entry.getByRole('button', { name: '31.03.2027 wieder öffnen' }).click();
	await expect(entry).toContainText('2 Tage');
	await entry.getByRole('button', { name: 'Osterputz streichen' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Entfernen' }).click();
	await expect(page.getByRole('listitem').filter({ hasText: 'Osterputz' })).toHaveCount(0);
	expect(await closingDays(house, '2027-03-20', '2027-04-05')).toEqual([]);
	await page.getByRole('button', { name: 'Rückgängig' }).last().click();
	await expect(entry).toContainText('2 Tage');
	expect((await closingDays(house, '2027-03-20', '2027-04-05')).map((d) => d.day)).toEqual(['2027-03-25', '2027-03-30']);
});

test('a closure that the network cut short is finished by a second try, each day once', async ({ as, house }) => {
	const page = await as('leitung', '/kita/calendar');
	let n = 0;
	await page.route('**/api/v1/closing-days', async (route) => {
		// The second day arrives, and its answer is lost.
		if (++n === 2) {
			await route.fetch();
			return route.abort();
		}
		return route.continue();
	});
	await page.getByLabel('Anlass').fill('Sommerschließung');
	await page.getByLabel('Erster Tag').fill('2027-08-02');
	await page.getByLabel('Letzter Tag').fill('2027-08-06');
	await page.getByRole('button', { name: '5 Tage eintragen' }).click();
	await expect(page.getByText('4 Tage sind noch nicht eingetragen')).toBeVisible();
	await expect(page.getByLabel('Anlass')).toHaveValue('Sommerschließung');
	await page.getByRole('button', { name: '4 Tage eintragen' }).click();
	await expect(page.getByRole('listitem').filter({ hasText: 'Sommerschließung' }).first()).toContainText('5 Tage');
	expect((await closingDays(house, '2027-08-01', '2027-08-31')).map((d) => d.day)).toEqual(['2027-08-02', '2027-08-03', '2027-08-04', '2027-08-05', '2027-08-06']);
});

test('the calendar speaks English, holidays included', async ({ as, house }) => {
	await (await house.api('leitung')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('leitung', '/kita/calendar');
	await expect(page.getByRole('heading', { name: 'Calendar and closing days' })).toBeVisible();
	await expect(page.getByText('Christmas Day').first()).toBeVisible();
	await expect(page.getByLabel('First day')).toBeVisible();
});
