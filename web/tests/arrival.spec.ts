// The whole way in: from the code in the letter to the first push, in a browser that has them.
import { whole } from './browsers';
import { Handset, shown } from './handset';
import { expect, test } from './house';
import { invite } from './invited';

test.use(whole);

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
