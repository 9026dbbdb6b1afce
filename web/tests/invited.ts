// Who gets a letter from the kita.
import type { APIRequestContext } from '@playwright/test';
import { expect, type House } from './house';
import { kitaOf } from './screens';

interface Invited {
	code: string;
	url: string;
	name: string;
}
export interface Guardian {
	id: string;
	first_name: string;
	last_name: string;
	email?: string;
	signed_in?: boolean;
}

/** someone is a guardian of the demo kita, with or without an account, and who may invite them. */
export async function someone(house: House, fits: (g: Guardian) => boolean): Promise<{ leader: APIRequestContext; kita: string; guardian: Guardian }> {
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

/** invite has the leader write to a guardian, one without an account where nothing else is said. */
export async function invite(house: House, fits: (g: Guardian) => boolean = (g) => !g.signed_in): Promise<Invited & { guardian: Guardian; leader: APIRequestContext }> {
	const { leader, kita, guardian } = await someone(house, fits);
	const r = await leader.post('/api/v1/invitations', { data: { kita_id: kita, guardian_ids: [guardian.id] } });
	expect(r.status(), await r.text()).toBe(201);
	return { ...(await r.json()).items[0], guardian, leader };
}
