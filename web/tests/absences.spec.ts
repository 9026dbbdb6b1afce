import { expect, test, type House } from './house';
import type { Page } from '@playwright/test';

interface Standing {
	id: string;
	child_name: string;
	from: string;
	to: string;
	reason: string;
	note?: string;
	by_guardian: boolean;
}

/** What the house knows of Ella and Theo from today on, whoever asks. */
async function standing(house: House, span = 'from=2026-11-24&to=2026-12-05'): Promise<Standing[]> {
	const api = await house.api('eltern');
	return ((await (await api.get(`/api/v1/absences?${span}`)).json()) as { items: Standing[] }).items;
}

async function childID(house: House, name: string): Promise<string> {
	const api = await house.api('eltern');
	const { items } = (await (await api.get('/api/v1/children')).json()) as { items: { id: string; first_name: string }[] };
	return items.find((c) => c.first_name === name)!.id;
}

async function kitaID(house: House): Promise<string> {
	const api = await house.api('eltern');
	return ((await (await api.get('/api/v1/kitas')).json()) as { items: { id: string }[] }).items[0]!.id;
}

/** A child's chip; its group and what is reported already are part of its name. */
const chip = (page: Page, name: string) => page.locator('label', { hasText: name });
const send = (page: Page) => page.getByRole('button', { name: 'Abwesend melden' });

test('sick today is three taps @tablet @desktop', async ({ house, as }) => {
	const page = await as('eltern', '/absences/new');
	await expect(page.getByText('Für heute können Sie bis 08:30 Uhr melden.')).toBeVisible();
	await expect(send(page)).toBeInViewport();
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	await send(page).click();
	await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
	const [ella, ...others] = await standing(house);
	expect(ella).toMatchObject({ child_name: 'Ella Albrecht', from: '2026-11-24', to: '2026-11-24', reason: 'sick', by_guardian: true });
	expect(others).toEqual([]);

	await page.getByRole('button', { name: 'Meldung für Ella zurücknehmen' }).click();
	await expect(page.getByRole('heading', { name: 'Zurückgenommen' })).toBeVisible();
	expect(await standing(house)).toEqual([]);
});

test('nothing is sent before child and reason are chosen', async ({ house, as }) => {
	const page = await as('eltern', '/absences/new');
	await send(page).click();
	const who = page.getByRole('group', { name: 'Wer kommt nicht?' });
	await expect(who).toHaveAccessibleDescription('Bitte wählen Sie ein Kind.');
	await expect(page.getByText('Bitte wählen Sie ein Kind.')).toHaveCount(1);
	await expect(who.getByRole('checkbox').first()).toBeFocused();
	await page.getByText('Theo', { exact: true }).click();
	await send(page).click();
	await expect(page.getByRole('group', { name: 'Warum?' })).toHaveAccessibleDescription('Bitte wählen Sie einen Grund.');
	await expect(page.getByRole('alert')).toHaveCount(0);
	expect(await standing(house)).toEqual([]);
});

test('a child that the way here names is chosen already', async ({ house, as }) => {
	const page = await as('eltern', `/absences/new?child=${await childID(house, 'Theo')}`);
	await page.getByText('Urlaub', { exact: true }).click();
	await page.getByText('Bis morgen', { exact: true }).click();
	await send(page).click();
	await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
	expect(await standing(house)).toMatchObject([{ child_name: 'Theo Albrecht', from: '2026-11-24', to: '2026-11-25', reason: 'vacation' }]);
});

test('several children are reported together, with illness and note', async ({ house, as }) => {
	const page = await as('eltern', '/absences/new');
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Theo', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	await page.getByText('Bis Freitag', { exact: true }).click();
	await page.getByText('Krankheit oder Notiz dazu').click();
	await page.getByLabel('Welche Krankheit?').selectOption({ label: 'Magen-Darm' });
	await page.getByLabel('Notiz').fill('Seit heute Nacht.');
	await send(page).click();
	await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
	await expect(page.getByRole('listitem').filter({ hasText: 'Albrecht' })).toHaveCount(2);
	expect((await standing(house)).map((a) => [a.child_name, a.to, a.note])).toEqual([
		['Ella Albrecht', '2026-11-27', 'Seit heute Nacht.'],
		['Theo Albrecht', '2026-11-27', 'Seit heute Nacht.']
	]);
});

test('after the cut-off the form begins on the next day and names the phone', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kita = await kitaID(house);
	expect((await leader.patch(`/api/v1/kitas/${kita}`, { data: { absence_cut_off: '08:00' } })).status()).toBe(200);
	const page = await as('eltern', '/absences/new');
	await expect(page.getByText('Für heute ging das bis 08:00 Uhr. Sie melden jetzt ab Mittwoch.')).toBeVisible();
	await expect(page.getByRole('link', { name: '030 23125100' })).toHaveAttribute('href', 'tel:03023125100');
	await expect(page.getByText('Nur heute')).toHaveCount(0);
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	await page.getByText('Nur Mittwoch', { exact: true }).or(page.getByText('Bis morgen', { exact: true })).first().click();
	await send(page).click();
	await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
	expect(await standing(house)).toMatchObject([{ from: '2026-11-25', to: '2026-11-25' }]);
});

test('the cut-off that passes meanwhile is said in the kita\'s words, and nothing typed is lost', async ({ house, as }) => {
	const page = await as('eltern', '/absences/new');
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	const leader = await house.api('leitung');
	await leader.patch(`/api/v1/kitas/${await kitaID(house)}`, { data: { absence_cut_off: '08:00' } });
	await page.getByText('Krankheit oder Notiz dazu').click();
	await page.getByLabel('Notiz').fill('Fieber');
	await send(page).click();
	await expect(page.getByRole('alert')).toContainText('08:00');
	await expect(page.getByRole('alert')).toContainText('030 23125100');
	await expect(page.getByLabel('Notiz')).toHaveValue('Fieber');
	await expect(page.getByRole('checkbox', { name: 'Ella' })).toBeChecked();
	expect(await standing(house)).toEqual([]);
});

test('days on which the kita is closed are named, and are nothing to report', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const kita = await kitaID(house);
	const made = await leader.post('/api/v1/closing-days', { data: { kita_id: kita, day: '2026-11-26', name: 'Fortbildung' } });
	expect(made.status(), await made.text()).toBe(201);
	const page = await as('eltern', '/absences/new');
	await page.getByText('Ella', { exact: true }).click();
	await page.getByText('Krank', { exact: true }).click();
	await page.getByText('Bis Freitag', { exact: true }).click();
	await expect(page.getByText('In dieser Zeit ist die Kita geschlossen: Do., 26.11. (Fortbildung).')).toBeVisible();
	await page.getByText('Andere Tage').click();
	await page.getByLabel('Erster Tag').fill('2026-11-26');
	await page.getByLabel('Letzter Tag').fill('2026-11-26');
	await send(page).click();
	const last = page.getByLabel('Letzter Tag');
	await expect(last).toHaveAccessibleDescription(/ohnehin geschlossen/);
	await expect(last).toBeFocused();
	await page.getByLabel('Letzter Tag').fill('2026-11-25');
	await expect(last).toHaveAccessibleDescription('Der letzte Tag liegt vor dem ersten.');
	await page.getByLabel('Letzter Tag').fill('2026-11-27');
	await send(page).click();
	await expect(page.getByText('In dieser Zeit ist die Kita geschlossen: Do., 26.11. (Fortbildung).')).toBeVisible();
	// The sentence stands there before it is sent as well.
	await expect.poll(() => standing(house)).toMatchObject([{ from: '2026-11-26', to: '2026-11-27' }]);
});

test('on a closed day the form begins on the next open one', async ({ house, as }) => {
	const leader = await house.api('leitung');
	await leader.post('/api/v1/closing-days', { data: { kita_id: await kitaID(house), day: '2026-11-24', name: 'Teamtag' } });
	const page = await as('eltern', '/absences/new');
	await expect(page.getByText('Heute ist die Kita geschlossen (Teamtag). Sie melden ab Mittwoch.')).toBeVisible();
});

test('a report that goes on from an earlier one becomes part of it', async ({ house, as }) => {
	const page = await as('eltern', '/absences/new');
	for (const [until, says] of [['Nur heute', ''], ['Bis Freitag', 'Gehört jetzt zur früheren Meldung']] as const) {
		await chip(page, 'Ella').click();
		await page.getByText('Krank', { exact: true }).click();
		await page.getByText(until, { exact: true }).click();
		await send(page).click();
		await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
		if (says) {
			await expect(page.getByText(says)).toBeVisible();
			await expect(page.getByRole('button', { name: 'Meldung für Ella zurücknehmen' })).toHaveCount(0);
		} else await page.getByRole('button', { name: 'Noch eine Meldung' }).click();
	}
	expect(await standing(house)).toMatchObject([{ from: '2026-11-24', to: '2026-11-27' }]);
});

test('what another report stands against is said for the child it is about, and the others are reported', async ({ house, as }) => {
	const parent = await house.api('eltern');
	await parent.post('/api/v1/absences', { data: { child_id: await childID(house, 'Ella'), from: '2026-11-24', to: '2026-11-25', reason: 'vacation' } });
	const page = await as('eltern', '/absences/new');
	await expect(page.getByText('schon gemeldet: Urlaub')).toBeVisible();
	await chip(page, 'Ella').click();
	await chip(page, 'Theo').click();
	await page.getByText('Krank', { exact: true }).click();
	await send(page).click();
	const days = page.getByRole('group', { name: 'Wie lange?' });
	await expect(days).toHaveAccessibleDescription(/^Ella: Vom .* ist schon etwas anderes gemeldet/);
	await expect(days).not.toHaveAccessibleDescription(/Theo/);
	await expect(page.getByText(/ist schon etwas anderes gemeldet/)).toHaveCount(1);
	await expect(page.getByRole('alert')).toHaveCount(0);
	await expect(page.getByRole('checkbox', { name: 'Theo' })).not.toBeChecked();
	expect((await standing(house)).map((a) => `${a.child_name} ${a.reason}`).sort()).toEqual(['Ella Albrecht vacation', 'Theo Albrecht sick']);
});

test.describe('without a network', () => {
	test('a report waits in sight, and goes out once when the network is back', async ({ house, as, context }) => {
		const page = await as('eltern', '/absences/new');
		await page.getByText('Ella', { exact: true }).click();
		await page.getByText('Krank', { exact: true }).click();
		await context.setOffline(true);
		await send(page).click();
		await expect(page.getByRole('heading', { name: 'Noch nicht gesendet' })).toBeVisible();
		await expect(page.getByText('Eine Meldung wartet auf das Netz')).toBeVisible();
		expect(await standing(house)).toEqual([]);

		const posts: string[] = [];
		page.on('request', (r) => r.method() === 'POST' && r.url().endsWith('/api/v1/absences') && posts.push(r.postDataJSON().id));
		await context.setOffline(false);
		await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
		await expect(page.getByText('Eine Meldung wartet auf das Netz')).toHaveCount(0);
		expect(posts).toHaveLength(1);
		expect(await standing(house)).toMatchObject([{ id: posts[0], from: '2026-11-24' }]);
	});

	test('a report whose answer was lost is sent again under the same id, and stands once', async ({ house, as }) => {
		const page = await as('eltern', '/absences/new');
		const ids: string[] = [];
		await page.route('**/api/v1/absences', async (route) => {
			if (route.request().method() !== 'POST') return route.fallback();
			ids.push(route.request().postDataJSON().id);
			if (ids.length > 1) return route.continue();
			await route.fetch();
			await route.abort('connectionreset');
		});
		await page.getByText('Ella', { exact: true }).click();
		await page.getByText('Krank', { exact: true }).click();
		await send(page).click();
		await expect(page.getByRole('heading', { name: 'Noch nicht gesendet' })).toBeVisible();
		expect(await standing(house)).toHaveLength(1);
		await page.getByRole('button', { name: 'Jetzt senden' }).click();
		await expect(page.getByRole('heading', { name: 'Die Kita weiß Bescheid' })).toBeVisible();
		expect(ids).toEqual([ids[0], ids[0]]);
		expect(await standing(house)).toMatchObject([{ id: ids[0] }]);
	});

	test('taking back a report whose answer was lost takes it back at the kita too', async ({ house, as }) => {
		const page = await as('eltern', '/absences/new');
		await page.route('**/api/v1/absences', async (route) => {
			if (route.request().method() !== 'POST') return route.fallback();
			await route.fetch();
			await route.abort('connectionreset');
		});
		await page.getByText('Ella', { exact: true }).click();
		await page.getByText('Krank', { exact: true }).click();
		await send(page).click();
		await expect(page.getByRole('heading', { name: 'Noch nicht gesendet' })).toBeVisible();
		expect(await standing(house)).toHaveLength(1);
		await page.getByRole('button', { name: 'Meldung für Ella zurücknehmen' }).click();
		await expect(page.getByRole('heading', { name: 'Zurückgenommen' })).toBeVisible();
		expect(await standing(house)).toEqual([]);
	});

	test('what waits stands on top of my reports, and need not be sent', async ({ house, as, context }) => {
		const page = await as('eltern', '/absences');
		await expect(page.getByRole('heading', { name: 'Jetzt und demnächst' })).toBeVisible();
		await page.getByRole('link', { name: 'Kind abwesend melden' }).click();
		await page.getByText('Theo', { exact: true }).click();
		await page.getByText('Krank', { exact: true }).click();
		await context.setOffline(true);
		await send(page).click();
		await page.getByRole('link', { name: 'Zu meinen Meldungen' }).click();
		const waiting = page.getByRole('article').filter({ hasText: 'Wartet auf das Netz' });
		await expect(waiting).toContainText('Theo');
		await expect(page.getByRole('article').first()).toContainText('Wartet auf das Netz');
		await waiting.getByRole('button', { name: 'Meldung für Theo nicht senden' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Nicht senden' }).click();
		await expect(waiting).toHaveCount(0);
		await context.setOffline(false);
		await page.reload();
		await expect(page.getByRole('article').first()).toBeVisible();
		expect(await standing(house)).toEqual([]);
	});

	test('what the kita refuses later is said, with the child and the reason', async ({ house, as, context }) => {
		const page = await as('eltern', '/absences/new');
		await page.getByText('Ella', { exact: true }).click();
		await page.getByText('Krank', { exact: true }).click();
		await context.setOffline(true);
		await send(page).click();
		await expect(page.getByRole('heading', { name: 'Noch nicht gesendet' })).toBeVisible();
		const leader = await house.api('leitung');
		await leader.patch(`/api/v1/kitas/${await kitaID(house)}`, { data: { absence_cut_off: '08:00' } });
		await context.setOffline(false);
		await expect(page.getByText('Abwesenheit von Ella: ')).toContainText('08:00');
		await expect(page.getByRole('heading', { name: 'Nicht angenommen' })).toBeVisible();
		await expect(page.getByText('Gemeldet', { exact: true })).toHaveCount(0);
	});
});

test.describe('my reports', () => {
	test('are withdrawn after a question, and reported again by undo @tablet @desktop', async ({ house, as }) => {
		const parent = await house.api('eltern');
		await parent.post('/api/v1/absences', { data: { child_id: await childID(house, 'Ella'), from: '2026-11-24', to: '2026-11-25', reason: 'sick', note: 'Husten' } });
		const page = await as('eltern', '/absences');
		const card = page.getByRole('article').filter({ hasText: 'Husten' });
		await expect(card).toContainText('Krank');
		await expect(card).toContainText('Wieder da: Donnerstag, 26. November');
		await card.getByRole('button', { name: 'Meldung für Ella zurücknehmen' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Abbrechen' }).click();
		expect(await standing(house)).toHaveLength(1);
		await card.getByRole('button', { name: 'Meldung für Ella zurücknehmen' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Ja, zurücknehmen' }).click();
		await expect(card).toHaveCount(0);
		await expect.poll(() => standing(house)).toEqual([]);
		await page.getByRole('button', { name: 'Rückgängig' }).click();
		await expect(card).toBeVisible();
		expect(await standing(house)).toMatchObject([{ from: '2026-11-24', to: '2026-11-25', note: 'Husten' }]);
	});

	test('are changed: other days, another reason; and what is refused stays as it was typed', async ({ house, as }) => {
		const parent = await house.api('eltern');
		await parent.post('/api/v1/absences', { data: { child_id: await childID(house, 'Ella'), from: '2026-11-25', to: '2026-11-26', reason: 'sick' } });
		await parent.post('/api/v1/absences', { data: { child_id: await childID(house, 'Ella'), from: '2026-11-30', to: '2026-11-30', reason: 'vacation' } });
		const page = await as('eltern', '/absences');
		await page.getByRole('button', { name: 'Meldung für Ella ändern' }).first().click();
		const dialog = page.getByRole('dialog');
		await dialog.getByLabel('Letzter Tag').fill('2026-12-01');
		await dialog.getByText('Anderer Grund').click();
		await dialog.getByRole('button', { name: 'Speichern' }).click();
		await expect(dialog).toContainText('schon etwas anderes gemeldet');
		await expect(dialog.getByLabel('Letzter Tag')).toHaveValue('2026-12-01');
		await dialog.getByLabel('Letzter Tag').fill('2026-11-27');
		await dialog.getByRole('button', { name: 'Speichern' }).click();
		await expect(dialog).toHaveCount(0);
		await expect(page.getByRole('article').first()).toContainText('Anderer Grund');
		expect(await standing(house)).toMatchObject([{ from: '2026-11-25', to: '2026-11-27', reason: 'other' }, { reason: 'vacation' }]);
	});

	test('show what the team entered as such, and what has begun is no longer withdrawn', async ({ house, as }) => {
		const leader = await house.api('leitung');
		await leader.patch(`/api/v1/kitas/${await kitaID(house)}`, { data: { absence_cut_off: '08:00' } });
		await leader.post('/api/v1/absences', { data: { child_id: await childID(house, 'Theo'), from: '2026-11-24', to: '2026-11-25', reason: 'sick' } });
		const page = await as('eltern', '/absences');
		const card = page.getByRole('article').filter({ hasText: 'Vom Team eingetragen' });
		await expect(card).toContainText('Theo');
		await expect(card).toContainText('Heute');
		await expect(card.getByRole('button', { name: 'Meldung für Theo zurücknehmen' })).toHaveCount(0);
		await card.getByRole('button', { name: 'Meldung für Theo ändern' }).click();
		await expect(page.getByRole('dialog').getByLabel('Erster Tag')).toBeDisabled();
		await expect(page.getByRole('dialog').getByRole('link', { name: '030 23125100' })).toBeVisible();
		await page.getByRole('dialog').getByLabel('Letzter Tag').fill('2026-11-24');
		await page.getByRole('dialog').getByRole('button', { name: 'Speichern' }).click();
		await expect(page.getByRole('dialog')).toHaveCount(0);
		expect(await standing(house)).toMatchObject([{ to: '2026-11-24' }]);
	});

	test('are shown per child, the past ones apart', async ({ as }) => {
		const page = await as('eltern', '/absences');
		await expect(page.getByRole('article').filter({ hasText: 'Urlaub' })).toHaveCount(2);
		await page.getByText('Vorbei (1)').click();
		await expect(page.getByText('Krank: Mittelohrentzündung')).toBeVisible();
		await page.getByText('Ella', { exact: true }).first().click();
		await expect(page.getByRole('article')).toHaveCount(1);
		await expect(page.getByText('In den letzten 60 Tagen war nichts gemeldet.')).toBeVisible();
		await page.getByRole('link', { name: 'Kind abwesend melden' }).click();
		await expect(page.getByRole('checkbox', { name: 'Ella' })).toBeChecked();
	});
});

test.describe('in English', () => {
	test.use({ locale: 'en-GB' });
	test('the way is the same', async ({ house, as }) => {
		const parent = await house.api('eltern');
		expect((await parent.patch('/api/v1/account', { data: { language: 'en' } })).status()).toBe(200);
		const page = await as('eltern', '/absences/new');
		await expect(page.getByText('You can report for today until 08:30.')).toBeVisible();
		await page.getByText('Ella', { exact: true }).click();
		await page.getByText('Sick', { exact: true }).click();
		await page.getByText('Until Friday', { exact: true }).click();
		await page.getByText('Add an illness or a note').click();
		await page.getByLabel('Which illness?').selectOption({ label: 'Fever' });
		await page.getByRole('button', { name: 'Report absent' }).click();
		await expect(page.getByRole('heading', { name: 'The kita has been told' })).toBeVisible();
		expect(await standing(house)).toMatchObject([{ to: '2026-11-27', reason: 'sick' }]);
	});
});

test('from–to days are written as single days are, in German and in English', async ({ house, as }) => {
	const parent = await house.api('eltern');
	const r = await parent.post('/api/v1/absences', { data: { child_id: await childID(house, 'Ella'), from: '2026-12-03', to: '2026-12-08', reason: 'vacation' } });
	expect(r.status(), await r.text()).toBe(201);
	const page = await as('eltern', '/absences');
	await expect(page.getByText('Do., 3.12. – Di., 8.12.')).toBeVisible();
	await parent.patch('/api/v1/account', { data: { language: 'en' } });
	await page.reload();
	await expect(page.getByText('Thu 03/12 – Tue 08/12')).toBeVisible();
});
