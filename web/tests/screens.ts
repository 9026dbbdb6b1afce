// Every screen of the app: who looks at it, where it is, and when it is there. A test holds this list to the routes.
import { expect, type Page } from '@playwright/test';
import type { House, Who } from './house';

export interface Screen {
	/** The folder under src/routes. */
	route: string;
	/** Nobody is signed in when it is left out. */
	who?: Who;
	path: string | ((house: House) => Promise<string>);
	/** What has to happen before it shows what it is for. */
	open?: (page: Page) => Promise<void>;
}

type Listed = { items: { id: string; [k: string]: unknown }[] };

/** first answers what a list of the API holds first, or first of a kind. */
async function first(house: House, who: Who, path: string, fits: (x: Record<string, unknown>) => boolean = () => true): Promise<string> {
	const list = (await (await (await house.api(who)).get('/api/v1' + path)).json()) as Listed;
	const found = list.items.find(fits);
	expect(found, `${who} finds nothing fit at ${path}`).toBeTruthy();
	return found!.id;
}

export async function kitaOf(house: House, who: Who): Promise<string> {
	const me = await (await (await house.api(who)).get('/api/v1/session')).json();
	return me.memberships[0].kita_id;
}

export const screens: Screen[] = [
	{ route: 'sign-in', path: '/sign-in' },
	{ route: 'forgot', path: '/forgot' },
	{ route: 'i', path: '/i' },
	{ route: 'welcome', who: 'eltern', path: '/welcome' },
	{ route: 'welcome', who: 'eltern', path: '/welcome?step=push' },
	{ route: '', who: 'eltern', path: '/' },
	{ route: 'notices', who: 'eltern', path: '/notices' },
	{ route: 'notices', who: 'baeren', path: '/notices' },
	{ route: 'n/[id]', who: 'eltern', path: async (h) => '/n/' + (await first(h, 'eltern', '/notices?box=inbox', (n) => (n['file_ids'] as string[]).length > 0)) },
	{ route: 'n/[id]', who: 'leitung', path: async (h) => '/n/' + (await first(h, 'leitung', `/notices?box=posted&kita_id=${await kitaOf(h, 'leitung')}`)) },
	{ route: 'settings', who: 'eltern', path: '/settings' },
	{ route: 'today', who: 'baeren', path: '/today' },
	{ route: 'kita', who: 'leitung', path: '/kita' },
	{ route: 'kita/overview', who: 'leitung', path: '/kita/overview', open: (page) => page.getByText('Zahlen als Tabelle').click() },
	{ route: 'kita/settings', who: 'leitung', path: '/kita/settings' },
	{ route: 'kita/calendar', who: 'leitung', path: '/kita/calendar' },
	{ route: 'kita/audit', who: 'leitung', path: '/kita/audit' }
];

/** show opens a screen and waits until it has something to show. */
export async function show(page: Page, house: House, s: Screen) {
	if (s.who) await house.signIn(page.context(), s.who);
	await page.goto(house.url + (typeof s.path === 'string' ? s.path : await s.path(house)));
	await s.open?.(page);
	await expect(page.locator('h1').first()).toBeVisible();
	await expect(page.locator('.skeleton')).toHaveCount(0);
}
