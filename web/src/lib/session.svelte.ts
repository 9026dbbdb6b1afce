// Who holds the device, and in which role they look at it.
import { flushSync } from 'svelte';
import { answer, api, Refused, whenSignedOut } from './api';
import { belongTo, fade, keep, owner, ours, prune, recall, whenTaken, wipe } from './device';
import { addDays, use } from './i18n/index.svelte';
import { alone, outbox } from './outbox.svelte';
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
/** The same name stands in app.html. */
const START = 'morgenkreis.start';

/** startsAs remembers which role this device starts in. */
export function startsAs(role: Role) {
	try {
		localStorage.setItem(START, role);
	} catch {
		// Then a start asks for a little too much.
	}
}

/** How long the device keeps what it was shown, in days. */
const KEPT = 60;

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
		whenTaken(() => this.#begin());
		// A page that comes back with the back button is as it was left, whoever has signed out or in since.
		window.addEventListener('pageshow', (e) => {
			if (e.persisted) void ours().then((same) => same || this.#begin());
		});
		const known = (await owner()) ? await recall<Me>('me') : undefined;
		try {
			this.#hat = localStorage.getItem(HAT) ?? '';
		} catch {
			// Then the first hat it is.
		}
		if (known) {
			this.me = known.data;
			void this.refresh();
			// Not while the first screen waits for the same database.
			setTimeout(() => void prune(addDays(new Date().toISOString().slice(0, 10), -KEPT)), 10_000);
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
		const other = this.me && this.me.account.id !== me.account.id;
		await belongTo(me.account.id);
		await keep('me', { data: me, at: new Date().toISOString() });
		if (other) return this.#begin();
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
		// There is a network, or this ends here: what still waits goes first.
		await outbox.flush();
		await alone(async () => {
			try {
				await answer(api.DELETE('/api/v1/session'));
			} catch (e) {
				// Ended already, by somebody's hand or by time: all the more reason to leave nothing here.
				if (!(e instanceof Refused && e.status === 401)) throw e;
			}
			await (await registration?.pushManager?.getSubscription())?.unsubscribe().catch(() => false);
			await this.#leave();
		});
	}

	/** The server does not know the session any more. Drafts and what was not sent stay until somebody else signs in: they are theirs. */
	#end() {
		if (this.me) this.ended = true;
		this.me = null;
		void fade();
	}

	/** A whole new page: nothing of the account stays in memory, and no late answer finds a screen. */
	#begin(at = '/') {
		// Off the screen before it can be put aside for the back button.
		flushSync(() => (this.me = undefined));
		location.replace(at);
	}

	async #leave() {
		await wipe();
		try {
			localStorage.removeItem(HAT);
			localStorage.removeItem(START);
		} catch {
			// Nothing was kept, then.
		}
		this.#begin('/sign-in');
	}
}

export const session = new Session();
