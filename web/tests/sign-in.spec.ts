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
