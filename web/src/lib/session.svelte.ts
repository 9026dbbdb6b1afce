// Who holds the device, and in which role they look at it.
import { answer, api, Refused, whenSignedOut } from './api';
import { belongTo, keep, owner, recall, wipe } from './device';
import { use } from './i18n/index.svelte';
import type { Me } from './api/types';

export type Role = 'guardian' | 'educator' | 'leader' | 'provider' | 'operator';

/** A hat: one role in one place. Who has several chooses; guardians of two kitas wear one, their children stand together. */
export interface Hat {
	key: string;
	role: Role;
	kita?: string;
	kitaName?: string;
	provider?: string;
	/** The guardian's or staff member's own record, where there is one. */
	person?: string;
}

export function hatsOf(me: Me): Hat[] {
	const hats: Hat[] = [];
	for (const m of me.memberships) {
		const role = m.role as Role;
		if (role === 'guardian') {
			if (!hats.some((h) => h.role === 'guardian')) hats.push({ key: role, role });
		} else hats.push({ key: `${role} ${m.kita_id ?? m.provider_id}`, role, kita: m.kita_id, kitaName: m.kita_name ?? m.name, provider: m.provider_id, person: m.person_id });
	}
	if (me.account.operator && !hats.some((h) => h.role === 'operator')) hats.push({ key: 'operator', role: 'operator' });
	// The work first: who is both is more often in a hurry as an educator.
	const order: Role[] = ['leader', 'educator', 'provider', 'operator', 'guardian'];
	return hats.sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
}

const HAT = 'morgenkreis.hat';

class Session {
	/** Nobody (null), or who; undefined until it is known. */
	me = $state.raw<Me | null>();
	/** Why they are not signed in any more, when it was not their doing. */
	ended = $state(false);
	#hat = $state('');

	hats = $derived(this.me ? hatsOf(this.me) : []);
	hat = $derived(this.hats.find((h) => h.key === this.#hat) ?? this.hats[0]);

	/** start shows whoever the device knows at once, and asks the server who it is. Answers when something is known. */
	async start() {
		whenSignedOut(() => this.#end());
		const known = (await owner()) ? await recall<Me>('me') : undefined;
		try {
			this.#hat = localStorage.getItem(HAT) ?? '';
		} catch {
			// Then the first hat it is.
		}
		if (known) {
			this.me = known.data;
			void this.refresh();
		} else await this.refresh();
	}

	async refresh() {
		try {
			await this.is(await answer(api.GET('/api/v1/session')));
		} catch (e) {
			if (e instanceof Refused && e.status === 401) this.#end();
			else if (this.me === undefined) this.me = null;
		}
	}

	/** is takes over who signed in. */
	async is(me: Me) {
		await belongTo(me.account.id);
		await keep('me', { data: me, at: new Date().toISOString() });
		this.me = me;
		this.ended = false;
		await use(me.account.language);
	}

	wear(hat: Hat) {
		this.#hat = hat.key;
		try {
			localStorage.setItem(HAT, hat.key);
		} catch {
			// It holds until the app is closed.
		}
	}

	async signIn(login: string, password: string) {
		await this.is(await answer(api.POST('/api/v1/session', { body: { login, password } })));
	}

	/**
	 * signOut ends the session and leaves nothing of the account on the device. It throws Unreachable, and changes
	 * nothing, without a network: otherwise the session would live on while everybody thinks it is over.
	 */
	async signOut() {
		const registration = await navigator.serviceWorker?.getRegistration();
		await answer(api.DELETE('/api/v1/session'));
		await (await registration?.pushManager?.getSubscription())?.unsubscribe().catch(() => false);
		await this.#leave();
	}

	/** The server does not know the session any more. The account's data stay until somebody else signs in: it is theirs, and the outbox too. */
	#end() {
		if (this.me) this.ended = true;
		this.me = null;
	}

	async #leave() {
		await wipe();
		try {
			localStorage.removeItem(HAT);
		} catch {
			// Nothing was kept, then.
		}
		// A whole new page: nothing of the account stays in memory, and no late answer finds a screen.
		location.replace('/sign-in');
	}
}

export const session = new Session();
