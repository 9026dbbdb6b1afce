// What works without any page: pushes are shown and reported, and the app opens at once, with or without a network.
// Nothing of the API is ever answered from here: what is kept of it belongs to an account, and lib/device keeps it.
import { build, files, version } from '$service-worker';
import { bytesOf, deviceName, sameKey } from './lib/push-device';

const worker = self as unknown as ServiceWorkerGlobalScope;

type Words = { device: string; generic: string; generic_text: string };
const words = import.meta.glob<Words>('./lib/texts/*.json', { import: 'push', eager: true });

/** In the language of the device: nobody told the worker another. */
function text(): Words {
	for (const tag of [...navigator.languages, 'de']) {
		const found = words[`./lib/texts/${tag.toLowerCase().split('-')[0]}.json`];
		if (found) return found;
	}
	throw new Error('no German');
}

/* ---- the app itself ---- */

const SHELL = `shell ${version}`;
/** Every address is this one page (see web.go). */
const PAGE = '/';
/** What only the system asks for, when the app is installed or starts, and what the browser must see in its newest form. */
const notKept = /^\/(splash\/|apple-touch|manifest|screens\/)/;
const kept = new Set([PAGE, ...build, ...files.filter((f) => !notKept.test(f))]);

worker.addEventListener('install', (e) => {
	e.waitUntil(install());
});

/** The whole app of this version, or nothing: half of one would fail somewhere in a cellar. */
async function install() {
	const shell = await caches.open(SHELL);
	const page = await fetch(PAGE, { cache: 'no-cache' });
	const html = await page.clone().text();
	// Several servers are not renewed in the same second: the page of another version would look for files that nobody has.
	if (!page.ok || (build.length && !build.some((f) => html.includes(f)))) throw new Error(`the page is not of version ${version}`);
	await shell.put(PAGE, page);
	await Promise.all(
		[...kept].map(async (path) => {
			if (path === PAGE) return;
			// Its name changes with its content, so most of a new version is here already.
			const here = immutable(path) ? await caches.match(path, { ignoreVary: true }) : undefined;
			const file = here ?? (await fetch(path, { cache: immutable(path) ? 'default' : 'no-cache' }));
			if (!file.ok) throw new Error(`${path}: ${file.status}`);
			await shell.put(path, file);
		})
	);
	// Open pages go on with their files, which stay (see tidy); the next that opens is the new version.
	await worker.skipWaiting();
}

const immutable = (path: string) => path.startsWith('/_app/immutable/');

worker.addEventListener('activate', (e) => {
	e.waitUntil(tidy().then(() => worker.clients.claim()));
});

/** Older versions go as soon as no window is open that may still ask for a piece of them. `opening` is one that has just come. */
async function tidy(opening = '') {
	const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
	if (windows.some((w) => w.id !== opening)) return;
	for (const name of await caches.keys()) if (name.startsWith('shell ') && name !== SHELL) await caches.delete(name);
}

worker.addEventListener('fetch', (e) => {
	const { request } = e;
	const { origin, pathname } = new URL(request.url);
	if (request.method !== 'GET' || origin !== worker.location.origin || pathname.startsWith('/api/')) return;
	if (request.mode === 'navigate') {
		if (!isPage(pathname)) return;
		e.respondWith(fromShell(PAGE, request));
		e.waitUntil(tidy(e.resultingClientId));
	} else if (kept.has(pathname)) e.respondWith(fromShell(pathname, request));
	// A page of the version before is still open.
	else if (immutable(pathname)) e.respondWith(caches.match(pathname, { ignoreVary: true }).then((found) => found ?? fetch(request)));
});

/** An address that the app answers; the rest is the server's. */
const isPage = (path: string) => !/\.\w+$|^\/(healthz|readyz)$/.test(path);

/** At once from this device, whether or not there is a network. A browser that ran out of room may have dropped it. */
async function fromShell(path: string, request: Request): Promise<Response> {
	const shell = await caches.open(SHELL);
	return (await shell.match(path, { ignoreVary: true, ignoreSearch: true })) ?? fetch(request);
}

/* ---- push ---- */

/** docs/api.md, "Push"; notify/payload.go. Whatever is missing or wrong in it, something is shown. */
interface Pushed {
	notification?: NotificationOptions & {
		title?: string;
		renotify?: boolean;
		navigate?: string;
		data?: { url?: string; receipt?: string; kind?: string };
	};
	app_badge?: number;
}

worker.addEventListener('push', (e) => {
	e.waitUntil(pushed(e.data));
});

async function pushed(data: PushMessageData | null) {
	let message: Pushed = {};
	try {
		message = (data?.json() as Pushed | null) ?? {};
	} catch {
		// Not ours, or not whole. Browsers take the permission away from who shows nothing.
	}
	const n = message.notification;
	const { url, receipt, kind } = n?.data ?? {};
	const target = own(url ?? n?.navigate);
	// Before anything else, and above all before the network.
	const shown = await show(message, target, kind);
	await Promise.allSettled([shown && receipt ? report(receipt) : undefined, badge(message.app_badge), tell({ type: 'pushed', url: target, kind })]);
}

async function show({ notification: n }: Pushed, url: string, kind?: string): Promise<boolean> {
	const { generic, generic_text } = text();
	const looks = { icon: '/icons/192.png', badge: '/icons/badge.png', data: { url } };
	try {
		if (typeof n?.title !== 'string' || !n.title) throw new TypeError('nothing to show');
		const options: NotificationOptions & { renotify?: boolean } = {
			...looks,
			body: n.body ?? '',
			lang: n.lang ?? '',
			dir: n.dir ?? 'auto',
			tag: n.tag ?? '',
			// Without a tag there is nothing to replace, and browsers throw.
			renotify: Boolean(n.renotify && n.tag),
			silent: n.silent === true,
			// What can not wait does not go away by itself on a desktop.
			requireInteraction: kind === 'urgent'
		};
		await worker.registration.showNotification(n.title, options);
		return true;
	} catch (e) {
		console.warn('a push that can not be shown as it is', e);
		await worker.registration.showNotification(generic, { ...looks, body: generic_text, tag: 'generic' });
		return false;
	}
}

/** Says "shown". The signed token is all it takes: no session, no page. Once more when the network stumbles. */
async function report(token: string) {
	for (const wait of [0, 3000]) {
		if (wait) await new Promise((r) => setTimeout(r, wait));
		try {
			const said = await fetch('/api/v1/push/receipts', {
				method: 'POST',
				headers: { 'Content-Type': 'application/json' },
				body: JSON.stringify({ token }),
				keepalive: true
			});
			if (said.status < 500) return;
		} catch {
			// Once more.
		}
	}
}

/** The number on the app's icon, where there is one. */
async function badge(n: unknown) {
	if (typeof n !== 'number') return;
	if (n > 0) await navigator.setAppBadge?.(n);
	else await navigator.clearAppBadge?.();
}

async function tell(message: object) {
	for (const w of await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })) w.postMessage(message);
}

/** own is where a tap leads: a place of this app, whatever the message says. */
function own(url: unknown): string {
	try {
		const u = new URL(String(url ?? '/'), worker.location.origin);
		if (u.origin === worker.location.origin) return u.href;
	} catch {
		// Then the start.
	}
	return worker.location.origin + '/';
}

worker.addEventListener('notificationclick', (e) => {
	e.notification.close();
	e.waitUntil(open(own((e.notification.data as { url?: string } | null)?.url)));
});

/** open brings an address to the front: in the window that is there, without loading it anew, or in a new one. */
async function open(url: string) {
	const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
	const w = windows.find((x) => x.focused) ?? windows.find((x) => x.visibilityState === 'visible') ?? windows[0];
	if (w) {
		// Not every browser lets itself be brought to the front; the page is shown in it all the same.
		const front = await w.focus().catch(() => w);
		if (await asked(front, url)) return;
		if (await front.navigate(url).catch(() => null)) return;
	}
	await worker.clients.openWindow(url);
}

/** asked lets the app in the window go there by itself. false when it does not answer: it may be starting, or stuck. */
function asked(w: WindowClient, url: string): Promise<boolean> {
	const { pathname, search, hash } = new URL(url);
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		const timer = setTimeout(() => resolve(false), 1500);
		port1.onmessage = () => {
			clearTimeout(timer);
			resolve(true);
		};
		w.postMessage({ type: 'open', path: pathname + search + hash }, [port2]);
	});
}

worker.addEventListener('pushsubscriptionchange', (e) => {
	e.waitUntil(renew(e as PushSubscriptionChangeEvent));
});

/** Not in TypeScript's library. */
interface PushSubscriptionChangeEvent extends ExtendableEvent {
	readonly oldSubscription?: PushSubscription | null;
	readonly newSubscription?: PushSubscription | null;
}

/** renew follows when the browser's push service gave this device another address. What fails is mended at the next start. */
async function renew(e: PushSubscriptionChangeEvent) {
	const { key } = (await (await fetch('/api/v1/push/key')).json()) as { key: string };
	const manager = worker.registration.pushManager;
	let now = e.newSubscription ?? (await manager.getSubscription());
	if (now && !sameKey(now, key)) {
		await now.unsubscribe();
		now = null;
	}
	now ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
	await fetch('/api/v1/push/subscriptions', {
		method: 'POST',
		credentials: 'same-origin',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ ...now.toJSON(), name: deviceName(navigator.userAgent, text().device) })
	});
}
