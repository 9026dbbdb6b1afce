import { expect, PASSWORD, test } from './house';

test('who signs in comes to where they wanted to go @tablet @desktop', async ({ house, page }) => {
	await page.goto(house.url + '/settings');
	await expect(page).toHaveURL(/\/sign-in\?to=%2Fsettings$/);
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	await page.getByLabel('Passwort').fill('falsch');
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page.getByRole('alert')).toBeVisible();
	await page.getByLabel('Passwort').fill(PASSWORD);
	await page.getByRole('button', { name: 'Anmelden' }).click();
	await expect(page).toHaveURL(house.url + '/settings');
	// What opens the house is in a cookie that no script can read; nothing that scripts can read is worth stealing.
	const cookie = (await page.context().cookies()).find((c) => c.name === 'morgenkreis');
	expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
	const kept = await page.evaluate(() => ({ ...localStorage, ...sessionStorage }));
	expect(JSON.stringify(kept)).not.toContain(cookie!.value);
	for (const [name, value] of Object.entries(kept)) expect(name.startsWith('sveltekit:') || String(value).length < 20, `${name}=${String(value)}`).toBe(true);
});

test('a link from elsewhere can not send people away after they signed in', async ({ house, page }) => {
	for (const to of ['//evil.example/', 'https://evil.example/', '/\\evil.example']) {
		await house.signIn(page.context(), 'eltern');
		await page.goto(`${house.url}/sign-in?to=${encodeURIComponent(to)}`);
		await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
		await page.getByLabel('Passwort').fill(PASSWORD);
		await page.getByRole('button', { name: 'Anmelden' }).click();
		await expect(page).toHaveURL(house.url + '/');
	}
});

test('what is typed into the password can be looked at, and capitals by mistake are noticed', async ({ house, page }) => {
	await page.goto(house.url + '/sign-in');
	const password = page.getByLabel('Passwort');
	await password.fill('geheim');
	await expect(password).toHaveAttribute('type', 'password');
	const show = page.getByRole('button', { name: 'Eingabe zeigen' });
	await show.click();
	await expect(password).toHaveAttribute('type', 'text');
	await expect(password).toHaveValue('geheim');
	await expect(show).toHaveAttribute('aria-pressed', 'true');
	await show.click();
	await expect(password).toHaveAttribute('type', 'password');
	// No test can hold the caps lock down; the browser tells of it in this field of the event.
	await password.evaluate((e) => e.dispatchEvent(new KeyboardEvent('keyup', { key: 'A', bubbles: true, modifierCapsLock: true })));
	await expect(page.getByText('Die Feststelltaste ist an')).toBeVisible();
	await password.evaluate((e) => e.dispatchEvent(new KeyboardEvent('keyup', { key: 'a', bubbles: true })));
	await expect(page.getByText('Die Feststelltaste ist an')).toHaveCount(0);
});

test('too many wrong passwords: how long to wait, counted down', async ({ house, page }) => {
	await page.goto(house.url + '/sign-in');
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	const button = page.locator('button[type=submit]');
	for (let i = 0; i < 8 && !(await button.isDisabled()); i++) {
		await page.getByLabel('Passwort').fill(`falsch ${i}`);
		const answered = page.waitForResponse('**/api/v1/session');
		await button.click();
		await answered;
		await expect(page.getByRole('alert')).toBeVisible();
	}
	await expect(page.getByRole('alert')).toContainText('Zu viele Versuche');
	await expect(button).toBeDisabled();
	await expect(button).toHaveText(/Bitte noch \d+:\d\d warten/);
	await page.clock.fastForward('16:00');
	await expect(button).toBeEnabled();
	await expect(button).toHaveText('Anmelden');
});

test('who forgot the password learns whom to ask where the server sends no e-mail', async ({ house, page }) => {
	await page.goto(house.url + '/sign-in');
	await page.getByRole('link', { name: 'Passwort vergessen?' }).click();
	// The door before it has a field of the same name.
	await expect(page.getByRole('heading', { name: 'Neues Passwort' })).toBeVisible();
	await page.getByLabel('E-Mail-Adresse').fill('eltern@sonnenschein.example');
	await page.getByRole('button', { name: 'Link schicken' }).click();
	await expect(page.getByText('Bitte fragen Sie die Leitung Ihrer Kita')).toBeVisible();
	await page.getByRole('link', { name: 'Ich habe einen Code' }).click();
	await expect(page).toHaveURL(house.url + '/i');
});

test.describe('where the server sends e-mail', () => {
	test('who forgot the password learns where to look, whether there is such an account or not', async ({ house, page }) => {
		await page.route('**/api/v1/password-resets', async (route) => {
			const answer = await route.fetch();
			expect(answer.status()).toBe(202);
			await route.fulfill({ response: answer, json: { ...(await answer.json()), mail_works: true } });
		});
		await page.goto(house.url + '/forgot');
		await page.getByLabel('E-Mail-Adresse').fill('niemand@nirgends.example');
		await page.getByRole('button', { name: 'Link schicken' }).click();
		await expect(page.getByText('Wenn es ein Konto mit niemand@nirgends.example gibt')).toBeVisible();
	});
});

test('the door speaks the language that is chosen at it, also the next time', async ({ house, page }) => {
	await page.goto(house.url + '/sign-in');
	await page.getByRole('button', { name: 'English' }).click();
	await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
	await expect(page.locator('html')).toHaveAttribute('lang', 'en');
	await page.reload();
	await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});
