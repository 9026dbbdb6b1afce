// Whether this device can be reached when the app is closed: the service worker, the browser's permission, the subscription at the
// browser's push service, and what our server knows of it. The four drift apart by themselves, so every start puts them right again.
//
//   push.state     what is the case (see State); reactive
//   push.id        the id of this device at the server (/push/subscriptions/{id}), '' while it is not known there
//   push.enable()  asks and subscribes; from a tap, after the person was told why. Throws PushTrouble, Refused or Unreachable
//   push.disable() takes this device off, and remembers that it was meant so
//   push.test()    sends a push and waits until this device's service worker says it arrived
//   push.sync()    puts things right; the layout calls it at each start
import { dev } from '$app/environment';
import { answer, api, Refused } from './api';
import { draft, dropDraft, forget, keep, keepDraft, recall } from './device';
import { t } from './i18n/index.svelte';
import { bytesOf, deviceName, sameKey, systemOf } from './push-device';

/**
 * checking: not known yet. unsupported: this browser can not. install: on an iPhone or iPad only the app on the home screen can.
 * denied: the person, or the device, forbade it; only the browser's settings can change that. off: it can be switched on.
 * on: this device is reached.
 */
export type State = 'checking' | 'unsupported' | 'install' | 'denied' | 'off' | 'on';

/**
 * Why it did not work. dismissed: the question was closed without an answer. private: a private window, where browsers allow no push.
 * worker: no service worker could start. timeout: the browser never answered. service: the browser's push service is out of reach.
 */
export type Trouble = 'unsupported' | 'install' | 'denied' | 'dismissed' | 'private' | 'worker' | 'timeout' | 'service';

/** PushTrouble says why this device can not be reached; what to do about it stands in lib/texts, `push.<trouble>`. */
export class PushTrouble extends Error {
	constructor(
		readonly trouble: Trouble,
		cause?: unknown
	) {
		super(trouble, { cause });
		this.name = 'PushTrouble';
	}
}

/** How long the browser may take to subscribe. Without a way to its push service some never answer at all. */
const SUBSCRIBING = 20_000;
/** How long a service worker may take to start: its first start loads the app. */
const STARTING = 15_000;
/** How long a push may take. Most are there within a second; a phone that sleeps takes its time. */
const ARRIVING = 30_000;
/** How often the server hears of a subscription that did not change: it may have dropped what we still have. */
const SAY_AGAIN = 24 * 3600_000;
/** How often a window that stays open looks for a newer app. */
const LOOK_FOR_NEWER = 3600_000;

/** What this device told the server, for the account that is signed in. */
interface Told {
	/** The subscription as it was told, as a digest: whoever knows an endpoint can address the device. */
	digest: string;
	id: string;
}
const TOLD = 'push';
/** Taken off on purpose: then no start puts it back. Kept with what is the person's own, which neither time nor the end of a session takes. */
const OFF = 'push.off';

class Push {
	state = $state<State>('checking');
	id = $state('');

	#registering?: Promise<ServiceWorkerRegistration>;
	#syncing?: Promise<void>;
	/** Counts whose device it has been: what was found out for one account says nothing about the next. */
	#turn = 0;

	/**
	 * start brings the service worker up once the page has loaded, so that it takes nothing from the first screen; it answers how
	 * to stop. What the worker caches makes the next start independent of the network.
	 */
	start(): () => void {
		let looked = Date.now();
		const begin = () => void this.#register().catch((e) => console.warn('no service worker', e));
		const idle = () => (window.requestIdleCallback ?? ((f: () => void) => setTimeout(f, 300)))(begin, { timeout: 2000 });
		// A phone keeps the app open for weeks.
		const look = () => {
			if (document.visibilityState !== 'visible' || Date.now() - looked < LOOK_FOR_NEWER) return;
			looked = Date.now();
			void this.#registering?.then((r) => r.update()).catch(() => {});
		};
		if (document.readyState === 'complete') idle();
		else window.addEventListener('load', idle, { once: true });
		document.addEventListener('visibilitychange', look);
		return () => {
			window.removeEventListener('load', idle);
			document.removeEventListener('visibilitychange', look);
		};
	}

	/** sync compares permission, subscription and server, and mends what is mendable without asking anybody. It never throws. */
	sync(): Promise<void> {
		const turn = this.#turn;
		return (this.#syncing ??= this.#sync(turn)
			.catch((e) => console.warn('push not synced', e))
			.finally(() => {
				if (turn === this.#turn) this.#syncing = undefined;
			}));
	}

	async #sync(turn: number) {
		const cannot = obstacle();
		if (cannot) {
			this.state = cannot === 'install' ? 'install' : 'unsupported';
			return;
		}
		const found = (state: State, id = '') => {
			if (turn === this.#turn) this.#is(state, id);
		};
		const told = await recall<Told>(TOLD);
		if (Notification.permission !== 'granted') {
			// Taken back in the browser's settings: the server must not go on believing that this device is reached.
			if (told?.data.id) await this.#retract(told.data.id);
			await forget(TOLD);
			await dropDraft(OFF);
			found(Notification.permission === 'denied' ? 'denied' : 'off');
			return;
		}
		if (await draft<true>(OFF)) {
			found('off');
			return;
		}
		const fresh = told && Date.now() - Date.parse(told.at) < SAY_AGAIN;
		// What is known already need not wait for a worker to start.
		if (told && this.state === 'checking') found('on', told.data.id);
		let held: PushSubscription | null = null;
		try {
			const registration = await this.#register();
			held = await registration.pushManager.getSubscription();
			if (held && fresh && told.data.digest === (await digest(held))) {
				found('on', told.data.id);
				return;
			}
			// Allowed, and not taken off by the person: a subscription that is gone comes back without a question.
			const got = await subscribed(registration);
			if (turn === this.#turn) await this.#tell(got);
		} catch (e) {
			// Without a network the server still knows what it knew; without a subscription nobody is reached.
			if (!told || !held) found('off');
			throw e;
		}
	}

	/**
	 * enable asks for permission where it is still to be asked, subscribes and tells the server. To be called from a tap. It throws
	 * PushTrouble for what the device does not do, Refused and Unreachable for our server.
	 */
	async enable(): Promise<void> {
		const cannot = obstacle();
		if (cannot) throw this.#failed(new PushTrouble(cannot));
		// First of all: a browser asks only while the tap is fresh.
		const allowed = Notification.permission === 'default' ? await Notification.requestPermission() : Notification.permission;
		if (allowed === 'denied') throw this.#failed(new PushTrouble('denied'));
		if (allowed !== 'granted') throw this.#failed(new PushTrouble('dismissed'));
		try {
			await this.#tell(await subscribed(await this.#register()));
		} catch (e) {
			throw this.#failed(e as Error);
		}
	}

	/** disable takes this device off, here and at the server. */
	async disable(): Promise<void> {
		const told = await recall<Told>(TOLD);
		const id = this.id || told?.data.id;
		if (id) await this.#retract(id, true);
		await keepDraft(OFF, true);
		await forget(TOLD);
		const registration = await navigator.serviceWorker?.getRegistration();
		await (await registration?.pushManager?.getSubscription())?.unsubscribe().catch(() => false);
		this.#is(Notification.permission === 'denied' ? 'denied' : 'off');
	}

	/**
	 * test sends a push to this device and waits for its service worker. false when none came in time. It throws what the server
	 * said: push.test_too_soon when the last one is still on its way.
	 */
	async test(wait = ARRIVING): Promise<boolean> {
		if (!this.id) await this.enable();
		// Before it is sent: it may be faster than the answer.
		const arrival = arrived(wait);
		try {
			await answer(api.POST('/api/v1/push/subscriptions/{id}/test', { params: { path: { id: this.id } } }));
		} catch (e) {
			arrival.stop();
			// Removed from another device, or dropped by its push service.
			if (e instanceof Refused && e.status === 404) await this.signedOut();
			throw e;
		}
		return arrival.came;
	}

	/** signedOut forgets what the server was told: a session takes its devices with it, and the next has to say it anew. */
	async signedOut(): Promise<void> {
		this.#turn++;
		this.#syncing = undefined;
		this.id = '';
		if (this.state === 'on') this.state = 'checking';
		await forget(TOLD);
	}

	#is(state: State, id = '') {
		this.state = state;
		this.id = id;
	}

	#failed(e: Error): Error {
		if (e instanceof PushTrouble) this.#is(e.trouble === 'unsupported' || e.trouble === 'install' || e.trouble === 'denied' ? e.trouble : 'off');
		else this.#is('off');
		return e;
	}

	#register(): Promise<ServiceWorkerRegistration> {
		if (!navigator.serviceWorker) return Promise.reject(new PushTrouble('worker'));
		this.#registering ??= navigator.serviceWorker
			.register('/service-worker.js', { type: dev ? 'module' : 'classic', updateViaCache: 'none' })
			.then(() => within(STARTING, navigator.serviceWorker.ready, 'worker'));
		return this.#registering.catch((e) => {
			this.#registering = undefined;
			throw e instanceof PushTrouble ? e : new PushTrouble('worker', e);
		});
	}

	async #tell(subscription: PushSubscription) {
		const { endpoint, expirationTime, keys } = subscription.toJSON() as { endpoint: string; expirationTime: number | null; keys: { p256dh: string; auth: string } };
		const name = deviceName(navigator.userAgent, t('push.device'), navigator.maxTouchPoints);
		const device = await answer(api.POST('/api/v1/push/subscriptions', { body: { endpoint, expirationTime, keys, name } }));
		await dropDraft(OFF);
		await keep(TOLD, { data: { digest: await digest(subscription), id: device.id } satisfies Told, at: new Date().toISOString() });
		this.#is('on', device.id);
	}

	async #retract(id: string, must = false) {
		try {
			await answer(api.DELETE('/api/v1/push/subscriptions/{id}', { params: { path: { id } } }));
		} catch (e) {
			// Gone already is as good.
			if (must && !(e instanceof Refused && e.status === 404)) throw e;
		}
	}
}

export const push = new Push();

/** Whether the app runs from the home screen, without a browser's bars. */
export function installed(): boolean {
	return window.matchMedia('(display-mode: standalone), (display-mode: fullscreen)').matches || (navigator as { standalone?: boolean }).standalone === true;
}

/** The kind of device, for pictures and hints. */
export const system = () => systemOf(navigator.userAgent, navigator.maxTouchPoints);
export const onApple = () => system() === 'iPhone' || system() === 'iPad';

/** askable tells whether this browser could be reached, and its owner was never asked. */
export const askable = () => !obstacle() && Notification.permission === 'default';

/** obstacle is what keeps this browser from push before anybody is asked. */
function obstacle(): Trouble | undefined {
	if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return undefined;
	if (onApple() && !installed()) return 'install';
	return 'unsupported';
}

/** subscribed is this device's subscription for the server's key: the one there is, or a new one. */
async function subscribed(registration: ServiceWorkerRegistration): Promise<PushSubscription> {
	const { key } = await answer(api.GET('/api/v1/push/key'));
	const held = await registration.pushManager.getSubscription();
	if (held && sameKey(held, key)) return held;
	// One for another key is of no use to us, and stands in the way of a new one.
	await held?.unsubscribe().catch(() => false);
	try {
		return await within(SUBSCRIBING, registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) }), 'timeout');
	} catch (e) {
		throw e instanceof PushTrouble ? e : new PushTrouble(troubleOf(e), e);
	}
}

/** troubleOf reads what subscribe threw. In a private window browsers say "not permitted" although the person permitted it. */
function troubleOf(e: unknown): Trouble {
	const { name, message } = e as DOMException;
	if (Notification.permission === 'denied') return 'denied';
	if (name === 'NotAllowedError' || name === 'SecurityError' || /permission denied/i.test(message)) return 'private';
	return name === 'NotSupportedError' ? 'unsupported' : 'service';
}

/** within waits for work, and no longer: then it throws. */
function within<T>(ms: number, work: Promise<T>, trouble: Trouble): Promise<T> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new PushTrouble(trouble)), ms);
		work.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}

/** arrived listens for the test push: `came` tells whether it was there in time. */
function arrived(ms: number): { came: Promise<boolean>; stop: () => void } {
	let done = (_came: boolean) => {};
	const came = new Promise<boolean>((resolve) => {
		const told = (e: MessageEvent) => {
			const m = e.data as { type?: string; kind?: string } | null;
			if (m?.type === 'pushed' && m.kind === 'test') done(true);
		};
		const timer = setTimeout(() => done(false), ms);
		navigator.serviceWorker.addEventListener('message', told);
		done = (came) => {
			clearTimeout(timer);
			navigator.serviceWorker.removeEventListener('message', told);
			resolve(came);
		};
	});
	return { came, stop: () => done(false) };
}

async function digest(subscription: PushSubscription): Promise<string> {
	const said = new TextEncoder().encode(JSON.stringify(subscription.toJSON()));
	const sum = await crypto.subtle.digest('SHA-256', said);
	return Array.from(new Uint8Array(sum).slice(0, 16), (b) => b.toString(16).padStart(2, '0')).join('');
}
