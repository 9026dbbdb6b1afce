// From the letter to the app: codes, whom they are for, and what they lead to.
import { expect, PASSWORD, test } from './house';
import { invite, someone } from './invited';

test('a code that was used, and one that nobody gave out, say what to do', async ({ house, page, browser }) => {
	const { code } = await invite(house);
	const elsewhere = await browser.newContext();
	const r = await elsewhere.request.post(house.url + '/api/v1/invitations/accept', { data: { code, login: 'wer@anders.example', password: 'drei kleine Bären tanzen' } });
	expect(r.status(), await r.text()).toBe(201);
	await elsewhere.close();
	for (const wrong of [code, 'ABCD-EFGH-JKMN-PQRS-TVWX', '%E0%A4%A']) {
		await page.goto('about:blank');
		await page.goto(`${house.url}/i#${wrong}`);
		await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dieser Code gilt nicht');
		await expect(page).toHaveURL(house.url + '/i');
	}
	await page.getByRole('button', { name: 'Code eintippen' }).click();
	await expect(page.getByLabel('Code')).toBeVisible();
	await page.reload();
	await expect(page.getByLabel('Code')).toBeVisible();
});

test('a code typed as people type holds, and outlives a reload until it is used', async ({ house, page }) => {
	const { code, guardian } = await invite(house);
	await page.goto(house.url + '/i');
	await page.getByLabel('Code').fill(' ' + code.toLowerCase().replaceAll('-', ' '));
	await page.getByRole('button', { name: 'Weiter' }).click();
	const hello = page.getByRole('heading', { level: 1 });
	await expect(hello).toContainText(guardian.last_name);
	await page.reload();
	await expect(hello).toContainText(guardian.last_name);
	await page.getByLabel('E-Mail-Adresse').fill('neu@familie.example');
	await page.getByLabel('Neues Passwort').fill('drei kleine Bären tanzen');
	await page.getByRole('button', { name: 'Konto anlegen' }).click();
	await expect(page).toHaveURL(/\/welcome/);
	expect(await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))).not.toContain(code);
});

test('who has an account already takes the invitation with it, signed in or not', async ({ house, page, context }) => {
	const first = await invite(house);
	await page.goto(`${house.url}/i#${first.code}`);
	const login = page.getByLabel('E-Mail-Adresse');
	await login.fill('baeren@sonnenschein.example');
	await page.getByLabel('Neues Passwort').fill('drei kleine Bären tanzen');
	await page.getByRole('button', { name: 'Konto anlegen' }).click();
	await expect(page.getByText('Mit dieser Adresse gibt es schon ein Konto.')).toBeVisible();
	await page.getByLabel('Passwort').fill('auch falsch geraten');
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page.getByText('Das Passwort passt nicht')).toBeVisible();
	await expect(login).toHaveValue('baeren@sonnenschein.example');
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page).toHaveURL(/\/welcome/);
	const roles = async () => ((await (await context.request.get(house.url + '/api/v1/session')).json()).memberships as { role: string }[]).map((m) => m.role).sort();
	expect(await roles()).toEqual(['educator', 'guardian']);

	const second = await invite(house, (g) => !g.signed_in && g.id !== first.guardian.id);
	await page.goto(`${house.url}/i#${second.code}`);
	await expect(page.getByText('baeren@sonnenschein.example')).toBeVisible();
	await page.getByRole('button', { name: 'Mit diesem Konto annehmen' }).click();
	await expect(page).toHaveURL(/\/welcome/);
	expect(await roles()).toEqual(['educator', 'guardian', 'guardian']);
});

test('a code for who has an account renews the password', async ({ house, page }) => {
	const me = await (await (await house.api('eltern')).get('/api/v1/session')).json();
	const person = me.memberships[0].person_id as string;
	const { code } = await invite(house, (g) => g.id === person);
	await page.goto(`${house.url}/i#${code}`);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Neues Passwort');
	await expect(page.getByText('für eltern@sonnenschein.example')).toBeVisible();
	await page.getByLabel('Neues Passwort').fill('vier große Bären schlafen');
	await page.getByRole('button', { name: 'Passwort speichern' }).click();
	await expect(page).toHaveURL(house.url + '/');
	const login = (password: string) => page.request.post(house.url + '/api/v1/session', { data: { login: 'eltern@sonnenschein.example', password } }).then((r) => r.status());
	expect(await login('vier große Bären schlafen')).toBe(201);
	expect(await login(PASSWORD)).toBe(401);
});

test('without a network the code is not lost', async ({ house, page, context }) => {
	const { code, guardian } = await invite(house);
	await page.goto(house.url + '/i');
	await page.getByLabel('Code').fill(code);
	await context.setOffline(true);
	await page.getByRole('button', { name: 'Weiter' }).click();
	await expect(page.getByRole('alert')).toContainText('Keine Verbindung');
	await context.setOffline(false);
	await page.getByRole('button', { name: 'Noch einmal versuchen' }).click();
	await expect(page.getByRole('heading', { level: 1 })).toContainText(guardian.last_name);
});
