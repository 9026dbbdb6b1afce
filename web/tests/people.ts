// What the tests about people share: the kita, a child by its name, the rows of a list.
import { expect, type APIRequestContext, type Page } from '@playwright/test';
import type { House } from './house';

export interface Seen {
	id: string;
	first_name: string;
	last_name: string;
	name: string;
	group?: { id: string; name: string };
}

export const kitaOf = async (api: APIRequestContext): Promise<string> => (await (await api.get('/api/v1/session')).json()).memberships[0].kita_id;

/** Everything at a path of the API that is a list, all pages of it. */
export async function all(api: APIRequestContext, path: string): Promise<Seen[]> {
	const items: Seen[] = [];
	let after = '';
	do {
		const r = await api.get(`/api/v1/${path}${path.includes('?') ? '&' : '?'}kita_id=${await kitaOf(api)}${path.startsWith('groups') ? '' : '&limit=100'}${after && '&after=' + after}`);
		expect(r.status(), await r.text()).toBe(200);
		const page = await r.json();
		items.push(...page.items);
		after = page.next ?? '';
	} while (after);
	return items;
}

/** One of a list, by first and last name, or by the name of a group. */
export async function find(api: APIRequestContext, path: string, name: string): Promise<Seen> {
	const found = (await all(api, path)).find((x) => x.name === name || `${x.first_name} ${x.last_name}` === name);
	expect(found, `${name} in ${path}`).toBeDefined();
	return found!;
}

export async function takeIn(api: APIRequestContext, child: { first_name: string; last_name: string; born?: string; group?: string; allergies?: string; number?: string }) {
	const { group, ...rest } = child;
	const group_id = group && (await find(api, 'groups', group)).id;
	const r = await api.post('/api/v1/children', { data: { kita_id: await kitaOf(api), born: '2022-03-04', ...rest, ...(group_id ? { group_id, from: '2026-08-01' } : {}) } });
	expect(r.status(), await r.text()).toBe(201);
	return (await r.json()) as Seen;
}

/** The account speaks English from now on. */
export async function inEnglish(house: House, who: Parameters<House['api']>[0]) {
	const api = await house.api(who);
	expect((await api.patch('/api/v1/account', { data: { language: 'en' } })).status()).toBe(200);
}

/** The names of the rows of a list, from top to bottom. */
export const rows = (page: Page) => page.locator('main li:not([hidden]) > [data-row]');

/** Nothing may be pushed out at the side. */
export async function fitsSideways(page: Page) {
	expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
}
