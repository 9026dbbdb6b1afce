// Settings that live with the account, and hold on all devices.
import { answer, api } from '$lib/api';
import type { paths } from '$lib/api/schema';
import { session } from '$lib/session.svelte';

type Change = NonNullable<paths['/api/v1/account']['patch']['requestBody']>['content']['application/json'];

/** changeAccount keeps a change and shows the app in it. */
export async function changeAccount(body: Change) {
	const account = await answer(api.PATCH('/api/v1/account', { body }));
	if (session.me) await session.is({ ...session.me, account });
}
