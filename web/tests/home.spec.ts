import { inbox, posted } from './family';
import { signal } from './gate';
import { expect, test } from './house';

test('a family sees what to confirm, what is new and how its children stand @tablet @desktop', async ({ house, as }) => {
	await posted(house, { kind: 'urgent', title: 'Heizung ausgefallen', confirm_wanted: true });
	const page = await as('eltern');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dienstag, 24. November');
	await expect(page.getByText('Guten Morgen, Miriam Albrecht')).toBeVisible();
	const todo = page.getByRole('region', { name: 'Bitte bestätigen' });
	await expect(todo.getByRole('link').first()).toContainText('Heizung ausgefallen');
	const fresh = page.getByRole('region', { name: 'Neu für Sie' });
	await expect(fresh.getByRole('link', { name: /Heute turnen die Bären/ })).toContainText('Ella');
	await expect(fresh).not.toContainText('Heizung ausgefallen');
	const children = page.getByRole('region', { name: 'Ihre Kinder heute' });
	await expect(children.getByRole('listitem')).toHaveCount(2);
	await expect(children.getByRole('link', { name: 'Ella krank melden' })).toHaveAttribute('href', /^\/absences\/new\?child=/);
	await expect(page.getByRole('region', { name: 'Bald geschlossen' })).toContainText('Teamtag');

	// Each notice once, however many of the children it is about.
	const titles = await page.locator('main a[href^="/n/"]').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
	expect(new Set(titles).size).toBe(titles.length);
});

test('what is confirmed leaves the list, what is read is no longer new', async ({ house, as }) => {
	const id = await posted(house, { title: 'Bitte lesen', confirm_wanted: true });
	const page = await as('eltern');
	await page.getByRole('region', { name: 'Bitte bestätigen' }).getByRole('link', { name: /Bitte lesen/ }).click();
	await page.getByRole('button', { name: 'Gelesen – bestätigen' }).click();
	await expect(page.getByText(/Sie haben bestätigt/)).toBeVisible();
	await page.getByRole('link', { name: 'Start' }).click();
	await expect(page.getByRole('region', { name: 'Zuletzt' }).locator(`a[href="/n/${id}"]`)).toContainText('Bestätigt');
	await expect(page.getByRole('region', { name: 'Bitte bestätigen' }).locator(`a[href="/n/${id}"]`)).toHaveCount(0);
});

test('a child that was reported absent stands there as absent', async ({ house, as }) => {
	const parent = await house.api('eltern');
	const children = (await (await parent.get('/api/v1/children?mine=true')).json()).items;
	const r = await parent.post('/api/v1/absences', { data: { child_id: children[0].id, from: '2026-11-24', to: '2026-11-25', reason: 'sick' } });
	expect(r.status(), await r.text()).toBe(201);
	const page = await as('eltern');
	const row = page.getByRole('listitem').filter({ hasText: children[0].first_name });
	await expect(row).toContainText('Krank gemeldet bis Mi., 25.11.');
	await expect(row.getByRole('link')).toHaveCount(0);
});

test('the start speaks the language of the account', async ({ house, as }) => {
	await (await house.api('eltern')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('eltern');
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tuesday 24 November', { ignoreCase: true, timeout: 15_000 }).catch(async () => {
		await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tuesday, November 24');
	});
	await expect(page.getByText('Good morning, Miriam Albrecht')).toBeVisible();
	await expect(page.getByRole('heading', { name: 'Your children today' })).toBeVisible();
});

test('a start whose language is another one than last time waits for its texts, whichever come first', async ({ house, as }) => {
	const page = await as('eltern');
	await expect(page.getByText('Guten Morgen, Miriam Albrecht')).toBeVisible();
	// The device remembers German; the account says otherwise while the German texts are on their way.
	await (await house.api('eltern')).patch('/api/v1/account', { data: { language: 'en' } });
	const texts = { de: signal<string>(), en: signal<string>() };
	const may = { de: signal(), en: signal() };
	await page.route('**/_app/immutable/**', async (route) => {
		const response = await route.fetch();
		const body = await response.text();
		for (const [language, words] of [['de', 'Guten Morgen, {name}'], ['en', 'Good morning, {name}']] as const)
			if (body.includes(words)) {
				texts[language].give(route.request().url());
				await may[language].given;
			}
		await route.fulfill({ response });
	});
	await page.reload({ waitUntil: 'commit' });
	const german = await texts.de.given;
	await texts.en.given;
	may.de.give();
	// The app, which asked for it first, has it before this has.
	await page.evaluate((url) => import(url), german);
	await expect(page.locator('main')).toHaveCount(0);
	may.en.give();
	await expect(page.getByText('Good morning, Miriam Albrecht')).toBeVisible();
});

test('nothing is asked of a family that has just come', async ({ house, as, context }) => {
	// The answers of a kita that has written nothing yet and entered no child.
	await context.route(/\/api\/v1\/(notices|children)\?/, (r) => r.fulfill({ json: { items: [], unread: 0 } }));
	const page = await as('eltern');
	expect(await inbox(house)).not.toHaveLength(0);
	await expect(page.getByText('Noch keine Nachrichten')).toBeVisible();
	await expect(page.getByText('sobald die Kita es eingetragen hat')).toBeVisible();
	await expect(page.getByRole('region', { name: /bestätigen|Neu|Kind|Zuletzt/ })).toHaveCount(0);
});
