// From the letter to the app: codes, whom they are for, and what they lead to.
import type { APIRequestContext } from '@playwright/test';
import { whole } from './browsers';
import { Handset, shown } from './handset';
import { expect, PASSWORD, test, type House } from './house';
import { kitaOf } from './screens';

test.use(whole);

interface Invited {
	code: string;
	url: string;
	name: string;
}
interface Guardian {
	id: string;
	first_name: string;
	last_name: string;
	email?: string;
	signed_in?: boolean;
}

/** someone is a guardian of the demo kita, with or without an account, and who may invite them. */
async function someone(house: House, fits: (g: Guardian) => boolean): Promise<{ leader: APIRequestContext; kita: string; guardian: Guardian }> {
	const leader = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	let after = '';
	for (;;) {
		const page = (await (await leader.get(`/api/v1/guardians?kita_id=${kita}&limit=100${after && '&after=' + after}`)).json()) as { items: Guardian[]; next?: string };
		const guardian = page.items.find(fits);
		if (guardian) return { leader, kita, guardian };
		expect(page.next, 'nobody fits').toBeTruthy();
		after = encodeURIComponent(page.next!);
	}
}

async function invite(house: House, fits: (g: Guardian) => boolean = (g) => !g.signed_in): Promise<Invited & { guardian: Guardian; leader: APIRequestContext }> {
	const { leader, kita, guardian } = await someone(house, fits);
	const r = await leader.post('/api/v1/invitations', { data: { kita_id: kita, guardian_ids: [guardian.id] } });
	expect(r.status(), await r.text()).toBe(201);
	return { ...(await r.json()).items[0], guardian, leader };
}

const words = {
	de: { password: 'Neues Passwort', accept: 'Konto anlegen', hello: 'Guten Tag', later: 'Später', on: 'Mitteilungen einschalten', arrived: 'Angekommen!', start: 'Zur Startseite', login: 'E-Mail-Adresse' },
	en: { password: 'New password', accept: 'Create account', hello: 'Hello', later: 'Later', on: 'Switch notifications on', arrived: 'It arrived!', start: 'To the start page', login: 'E-mail address' }
} as const;

for (const language of ['de', 'en'] as const)
	test(`from the code to the first push, ${language} @tablet @desktop`, async ({ house, page, context }) => {
		const w = words[language];
		const handset = await Handset.take(house, context, { permission: false });
		const { guardian, url, code, leader } = await invite(house);
		if (language === 'en') {
			const r = await leader.patch(`/api/v1/guardians/${guardian.id}`, { data: { language: 'en' } });
			expect(r.ok(), await r.text()).toBe(true);
		} else expect((await leader.patch(`/api/v1/guardians/${guardian.id}`, { data: { language: 'de' } })).ok()).toBe(true);

		await page.goto(url.replace(/^https?:\/\/[^/]+/, house.url));
		await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${w.hello}, ${guardian.first_name} ${guardian.last_name}`);
		await expect(page.getByText(language === 'de' ? 'Kita Sonnenschein lädt Sie ein.' : 'Sonnenschein kita invites you.')).toBeVisible();
		// Neither in the address bar nor one step back.
		await expect(page).toHaveURL(house.url + '/i');
		expect(await page.evaluate(() => JSON.stringify(history.state) + document.referrer)).not.toContain(code);

		const login = page.getByLabel(w.login);
		if (!(await login.inputValue())) await login.fill('neu@familie.example');
		await page.getByLabel(w.password).fill('kurz');
		await page.getByRole('button', { name: w.accept }).click();
		await expect(page.getByLabel(w.password)).toHaveAttribute('aria-invalid', 'true');
		await expect(login).not.toHaveValue('');
		await page.getByLabel(w.password).fill('drei kleine Bären tanzen');
		await page.getByRole('button', { name: w.accept }).click();

		await expect(page).toHaveURL(/\/welcome/);
		const on = page.getByRole('button', { name: w.on });
		// On a phone the home screen comes first.
		if (await page.evaluate(() => /Android/.test(navigator.userAgent))) await page.getByRole('button', { name: w.later }).click();
		await handset.permit();
		await on.click();
		const payload = await handset.pushed(1);
		expect(payload.notification.data.kind).toBe('test');
		await handset.deliver(page, payload);
		await expect(page.getByRole('heading', { name: w.arrived })).toBeVisible();
		await expect.poll(() => shown(page)).toMatchObject([{ title: payload.notification.title, lang: language }]);
		await page.getByRole('button', { name: w.start }).click();
		await expect(page).toHaveURL(house.url + '/');
		await page.goBack();
		expect(page.url()).not.toContain(code);
	});

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
