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

/** A notice with a day and a place. */
const event = (h: House) => first(h, 'leitung', '/notices?box=posted&limit=100', (n) => n['kind'] === 'event' && n['state'] === 'published');

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
	{ route: 'n/[id]', who: 'leitung', path: async (h) => '/n/' + (await first(h, 'leitung', `/notices?box=posted&state=published&kita_id=${await kitaOf(h, 'leitung')}`, (n) => !!n['confirm_wanted'])) },
	{ route: 'absences', who: 'eltern', path: '/absences' },
	{ route: 'absences/new', who: 'eltern', path: '/absences/new' },
	{ route: 'children/[id]', who: 'eltern', path: async (h) => '/children/' + (await first(h, 'eltern', '/children')) },
	{ route: 'children/[id]', who: 'baeren', path: async (h) => '/children/' + (await first(h, 'baeren', '/children?limit=100', (c) => c['first_name'] === 'Paula')) },
	{ route: 'children/[id]', who: 'leitung', path: async (h) => '/children/' + (await first(h, 'leitung', '/children?limit=100', (c) => c['first_name'] === 'Paula')) },
	{ route: 'settings', who: 'eltern', path: '/settings' },
	...['about', 'account', 'alerts', 'devices', 'display', 'programs', 'sessions'].map((x): Screen => ({ route: `settings/${x}`, who: 'eltern', path: `/settings/${x}` })),
	{ route: 'today', who: 'baeren', path: '/today' },
	{ route: 'today', who: 'leitung', path: '/today', open: (p) => p.getByRole('button', { name: 'Namensliste' }).click() },
	{ route: 'notices/new', who: 'baeren', path: '/notices/new', open: (p) => expect(p.getByText(/^Erreicht \d/)).toBeVisible() },
	{
		route: 'notices/new',
		who: 'leitung',
		path: '/notices/new',
		open: (p) => p.getByText('Sprache, Ende').click()
	},
	{ route: 'n/[id]/edit', who: 'leitung', path: async (h) => `/n/${await event(h)}/edit`, open: (p) => expect(p.getByLabel('Überschrift')).not.toHaveValue('') },
	{ route: 'n/[id]/print', who: 'leitung', path: async (h) => `/n/${await event(h)}/print` },
	{ route: 'kitas', who: 'betrieb', path: '/kitas' },
	{ route: 'kitas/new', who: 'betrieb', path: '/kitas/new' },
	{ route: 'kitas/providers', who: 'betrieb', path: '/kitas/providers' },
	{ route: 'kitas/[id]', who: 'betrieb', path: async (h) => '/kitas/' + (await first(h, 'betrieb', '/kitas')) },
	{ route: 'kita', who: 'leitung', path: '/kita' },
	{ route: 'kita/overview', who: 'leitung', path: '/kita/overview', open: (page) => page.getByText('Zahlen als Tabelle').click() },
	{ route: 'kita/import', who: 'leitung', path: '/kita/import' },
	{ route: 'kita/invitations', who: 'leitung', path: '/kita/invitations' },
	{ route: 'kita/settings', who: 'leitung', path: '/kita/settings' },
	{ route: 'kita/calendar', who: 'leitung', path: '/kita/calendar' },
	{ route: 'kita/audit', who: 'leitung', path: '/kita/audit' },
	{ route: 'children', who: 'baeren', path: '/children' },
	{ route: 'children', who: 'leitung', path: '/children' },
	{ route: 'children/new', who: 'leitung', path: '/children/new' },
	{ route: 'kita/groups', who: 'leitung', path: '/kita/groups' },
	{ route: 'kita/guardians', who: 'leitung', path: '/kita/guardians' },
	{ route: 'kita/guardians/new', who: 'leitung', path: '/kita/guardians/new' },
	{ route: 'kita/guardians/[id]', who: 'leitung', path: async (h) => '/kita/guardians/' + (await first(h, 'leitung', `/guardians?kita_id=${await kitaOf(h, 'leitung')}`)) },
	{ route: 'kita/staff', who: 'leitung', path: '/kita/staff' },
	{ route: 'kita/staff/[id]', who: 'leitung', path: async (h) => '/kita/staff/' + (await first(h, 'leitung', `/staff?kita_id=${await kitaOf(h, 'leitung')}`, (x) => x['role'] === 'educator')) },
	{ route: 'kita/move', who: 'leitung', path: '/kita/move' },
	{ route: 'kita/bans', who: 'leitung', path: '/kita/bans' },
	{ route: 'kita/bans', who: 'baeren', path: '/kita/bans' },
	{ route: 'kita/bans/new', who: 'leitung', path: '/kita/bans/new' }
];

/** show opens a screen and waits until it has something to show. */
export async function show(page: Page, house: House, s: Screen) {
	if (s.who) await house.signIn(page.context(), s.who);
	await page.goto(house.url + (typeof s.path === 'string' ? s.path : await s.path(house)));
	await s.open?.(page);
	await expect(page.locator('h1').first()).toBeVisible();
	await expect(page.locator('.skeleton')).toHaveCount(0);
}
