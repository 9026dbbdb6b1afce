// A browser that can be pushed to. Chromium can not subscribe without Google's servers, so its pushManager is replaced by one that gives
// real keys and an address at the house's push service; what comes there is opened as a browser would (RFC 8291) and handed to the
// service worker through the browser's own door (CDP).
import { createDecipheriv, createECDH, hkdfSync, randomBytes, type ECDH } from 'node:crypto';
import { expect, type BrowserContext, type CDPSession, type Page } from '@playwright/test';
import type { House } from './house';

/** How pushManager.subscribe behaves: as it should; never answering; as in a private window; without its push service. */
export type Manner = 'works' | 'hangs' | 'private' | 'unreachable';

export interface Payload {
	notification: { title: string; body?: string; tag?: string; renotify?: boolean; data: { url: string; receipt?: string; kind?: string } };
	app_badge: number;
}

export class Handset {
	/** Where the push service takes what is for this device. */
	endpoint: string;
	#key: ECDH;
	#auth = randomBytes(16);
	#cdp = new Map<Page, { session: CDPSession; registration: Promise<string> }>();

	private constructor(
		private readonly house: House,
		private readonly context: BrowserContext
	) {
		this.#key = createECDH('prime256v1');
		this.#key.generateKeys();
		this.endpoint = `${house.push.url}/send/${randomBytes(8).toString('hex')}`;
	}

	/** take gives the context's pages a pushManager that works, and, unless told otherwise, the permission to notify. */
	static async take(house: House, context: BrowserContext, o: { manner?: Manner; permission?: boolean } = {}): Promise<Handset> {
		const h = new Handset(house, context);
		if (o.permission !== false) await h.permit();
		await context.addInitScript(replaced, { endpoint: h.endpoint, p256dh: h.#key.getPublicKey().toString('base64url'), auth: h.#auth.toString('base64url'), manner: o.manner ?? 'works' });
		return h;
	}

	/**
	 * moved is what follows when the push service gives the device another address: the service worker hears of it, without any page. The
	 * browser may bring the new subscription along, and it may be for a key that is not the server's any more. It answers what the worker
	 * asked of the browser, and its complaint when it gave up.
	 */
	async moved(brings: 'nothing' | 'a subscription' | 'one for another key' = 'nothing') {
		this.endpoint = `${this.house.push.url}/send/${randomBytes(8).toString('hex')}`;
		const with_ = { endpoint: this.endpoint, p256dh: this.#key.getPublicKey().toString('base64url'), auth: this.#auth.toString('base64url'), brings };
		return this.context.serviceWorkers()[0]!.evaluate(async (with_) => {
			const asked: string[] = [];
			const subscription = (key: ArrayBuffer | null) =>
				({
					endpoint: with_.endpoint,
					options: { userVisibleOnly: true, applicationServerKey: key },
					toJSON: () => ({ endpoint: with_.endpoint, expirationTime: null, keys: { p256dh: with_.p256dh, auth: with_.auth } }),
					unsubscribe: async () => Boolean(asked.push('unsubscribe'))
				}) as unknown as PushSubscription;
			PushManager.prototype.getSubscription = async () => null;
			PushManager.prototype.subscribe = async (o) => {
				asked.push('subscribe');
				const { buffer, byteLength } = o!.applicationServerKey as Uint8Array<ArrayBuffer>;
				if (!o?.userVisibleOnly || byteLength !== 65) throw new DOMException('no key', 'InvalidAccessError');
				return subscription(buffer);
			};
			let work: Promise<unknown> = Promise.reject(new Error('the worker does not listen'));
			work.catch(() => {});
			const e = Object.assign(new Event('pushsubscriptionchange'), {
				newSubscription: with_.brings === 'nothing' ? null : subscription(with_.brings === 'a subscription' ? null : new Uint8Array(65).fill(4).buffer),
				waitUntil: (w: Promise<unknown>) => (work = w)
			});
			self.dispatchEvent(e);
			const complaint = await work.then(
				() => '',
				(e) => String(e)
			);
			return { asked, complaint };
		}, with_);
	}

	permit() {
		return this.context.grantPermissions(['notifications'], { origin: this.house.url });
	}

	/** pushed waits for the push number n (from 1) at this handset's address, and opens it. */
	async pushed(n = 1): Promise<Payload> {
		const mine = () => this.house.push.taken.map((url, i) => ({ url, i })).filter((x) => this.endpoint.endsWith(x.url));
		// The app itself waits fifteen seconds for its worker, which first fetches the whole app.
		await expect.poll(() => mine().length, { message: 'pushes at the push service', timeout: 20_000 }).toBeGreaterThanOrEqual(n);
		return JSON.parse(this.open(this.house.push.sealed[mine()[n - 1]!.i]!)) as Payload;
	}

	/** open is what the browser does with a push (RFC 8291, RFC 8188): one record, aes128gcm. */
	open(sealed: Buffer): string {
		const salt = sealed.subarray(0, 16);
		const idLength = sealed[20]!;
		const sender = sealed.subarray(21, 21 + idLength);
		const record = sealed.subarray(21 + idLength);
		const own = this.#key.getPublicKey();
		const ikm = hkdfSync('sha256', this.#key.computeSecret(sender), this.#auth, Buffer.concat([Buffer.from('WebPush: info\0'), own, sender]), 32);
		const key = hkdfSync('sha256', Buffer.from(ikm), salt, 'Content-Encoding: aes128gcm\0', 16);
		const nonce = hkdfSync('sha256', Buffer.from(ikm), salt, 'Content-Encoding: nonce\0', 12);
		const cipher = createDecipheriv('aes-128-gcm', Buffer.from(key), Buffer.from(nonce));
		cipher.setAuthTag(record.subarray(-16));
		const padded = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
		return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8');
	}

	/**
	 * deliver hands a push to the service worker, as the browser does when one came, and waits until the worker has dealt with it. Whoever
	 * asks Chromium for its notifications while it is about to show one makes it forget that one: it takes away what it has noted but not
	 * yet put on the screen.
	 */
	async deliver(page: Page, data: Payload | string) {
		let known = this.#cdp.get(page);
		if (!known) {
			const session = await this.context.newCDPSession(page);
			const registration = new Promise<string>((resolve) =>
				session.on('ServiceWorker.workerRegistrationUpdated', (e) => {
					const r = e.registrations.find((x) => x.scopeURL === this.house.url + '/' && !x.isDeleted);
					if (r) resolve(r.registrationId);
				})
			);
			await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
			await session.send('ServiceWorker.enable');
			this.#cdp.set(page, (known = { session, registration }));
		}
		const before = await page.evaluate(() => {
			const w = window as unknown as { dealtWith?: number };
			if (w.dealtWith === undefined) {
				w.dealtWith = 0;
				navigator.serviceWorker.addEventListener('message', (e) => e.data?.type === 'pushed' && w.dealtWith!++);
			}
			return w.dealtWith;
		});
		await known.session.send('ServiceWorker.deliverPushMessage', {
			origin: this.house.url,
			registrationId: await known.registration,
			data: typeof data === 'string' ? data : JSON.stringify(data)
		});
		await expect.poll(() => page.evaluate(() => (window as unknown as { dealtWith: number }).dealtWith), { message: 'pushes that the worker has dealt with' }).toBeGreaterThan(before);
	}
}

/** shown are the notifications that stand on the device's screen, in no order. */
export function shown(page: Page) {
	return page.evaluate(async () => {
		const all = await (await navigator.serviceWorker.ready).getNotifications();
		return all.map((n) => ({ title: n.title, body: n.body, tag: n.tag, lang: n.lang, dir: n.dir, silent: n.silent, data: n.data as unknown, timestamp: (n as unknown as { timestamp: number }).timestamp }));
	});
}

/** click does what a tap on a notification does. */
export async function click(page: Page, title: string) {
	const worker = page.context().serviceWorkers()[0]!;
	await worker.evaluate(async (title) => {
		// Of the worker's world, which these tests do not compile in.
		const scope = self as unknown as { registration: ServiceWorkerRegistration; NotificationEvent: new (type: string, o: { notification: Notification }) => Event };
		const notification = (await scope.registration.getNotifications()).find((n) => n.title === title);
		if (!notification) throw new Error('no such notification');
		self.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
	}, title);
}

/** Runs in the page, before any of its own. What is subscribed outlives a reload, as it does in a browser. */
function replaced(with_: { endpoint: string; p256dh: string; auth: string; manner: Manner }) {
	const KEY = 'handset.subscribed';
	const base64url = (b: ArrayBuffer | Uint8Array) =>
		btoa(String.fromCharCode(...new Uint8Array(b as ArrayBuffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	const subscription = (key: string) => ({
		endpoint: with_.endpoint,
		expirationTime: null,
		options: { userVisibleOnly: true, applicationServerKey: Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)).buffer },
		toJSON: () => ({ endpoint: with_.endpoint, expirationTime: null, keys: { p256dh: with_.p256dh, auth: with_.auth } }),
		unsubscribe: async () => {
			localStorage.removeItem(KEY);
			return true;
		}
	});
	PushManager.prototype.getSubscription = async () => {
		const key = localStorage.getItem(KEY);
		return (key ? subscription(key) : null) as unknown as PushSubscription;
	};
	PushManager.prototype.subscribe = async (o) => {
		const manner = sessionStorage.getItem('handset.manner') ?? with_.manner;
		if (manner === 'hangs') return new Promise(() => {});
		if (manner === 'private') throw new DOMException('Registration failed - permission denied', 'AbortError');
		if (manner === 'unreachable') throw new DOMException('Registration failed - push service error', 'AbortError');
		if (localStorage.getItem(KEY)) throw new DOMException('another key', 'InvalidStateError');
		const key = base64url(o!.applicationServerKey as Uint8Array);
		localStorage.setItem(KEY, key);
		return subscription(key) as unknown as PushSubscription;
	};
}
