// What this device keeps for the account that is signed in: what was last seen, drafts, what still has to be sent.
// Everything belongs to one account, and goes when it signs out or another signs in.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore } from 'idb';

/** What the server answered, and when it was asked. */
export interface Seen<T = unknown> {
	data: T;
	at: string;
}

/** A change made on this device that the server has not taken yet. */
export interface Pending {
	/** Also the order: UUIDv7. */
	id: string;
	method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	path: string;
	body?: unknown;
	/** What it is, for the person: an absence, a confirmation; and about whom. */
	what: 'absence' | 'absence_withdrawal' | 'confirmation' | 'opened';
	about: string;
	at: string;
	/** It may have reached the server, with its answer lost. */
	tried?: boolean;
	/** Why the server said no; then it waits for the person, not for the network. */
	refused?: string;
}

interface Schema extends DBSchema {
	/** whose, and what every screen needs to start. */
	owner: { key: 'account'; value: string };
	seen: { key: string; value: Seen };
	drafts: { key: string; value: unknown };
	pending: { key: string; value: Pending };
}

const NAME = 'morgenkreis';
let opened: Promise<IDBPDatabase<Schema>> | undefined;

/** Whose answers this window shows. What is kept for somebody else is not there for it, and it keeps nothing for them. */
let mine: string | undefined;

/** Tells the other windows whose the device is now; '' for nobody. */
const windows = 'BroadcastChannel' in globalThis ? new BroadcastChannel('morgenkreis.owner') : undefined;

/** A database that does not open counts as none: the app must not wait for it for ever. */
const PATIENCE = 4_000;

function db() {
	return (opened ??= new Promise<IDBPDatabase<Schema>>((resolve, reject) => {
		setTimeout(() => reject(new Error('the database does not open')), PATIENCE);
		openDB<Schema>(NAME, 1, {
			upgrade(d) {
				d.createObjectStore('owner');
				d.createObjectStore('seen');
				d.createObjectStore('drafts');
				d.createObjectStore('pending', { keyPath: 'id' });
			},
			// A newer version of the app in another window wants to change the schema.
			blocking: (_was, _wants, event) => {
				(event.target as IDBDatabase).close();
				opened = undefined;
			},
			terminated: () => (opened = undefined)
		}).then(resolve, reject);
	}));
}

/** A device that keeps nothing (a private window of some browsers) still works, as long as there is a network. */
async function orNothing<T>(work: (d: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
	for (const last of [false, true]) {
		try {
			return await work(await db());
		} catch (e) {
			const name = (e as Error).name;
			if (!last && name === 'QuotaExceededError') await makeRoom();
			else if (last || name !== 'InvalidStateError') {
				console.warn('this device keeps nothing', e);
				opened = undefined;
				return undefined;
			} else opened = undefined; // closed under our hands: a new one will do
		}
	}
	return undefined;
}

/** makeRoom gives up what the server has too, for what it does not have yet. */
async function makeRoom() {
	await forgetPictures();
	await db()
		.then(async (d) => {
			// All but who it is: without that the app would not start without a network.
			await d.delete('seen', IDBKeyRange.upperBound('me', true));
			await d.delete('seen', IDBKeyRange.lowerBound('me', true));
		})
		.catch(() => {});
}

const everything = ['owner', 'seen', 'drafts', 'pending'] as const;

/** belongTo makes the device, and this window, that of an account. What another account left is gone before this returns. */
export async function belongTo(account: string) {
	const was = await orNothing(async (d) => {
		const tx = d.transaction(everything, 'readwrite');
		const was = await tx.objectStore('owner').get('account');
		if (was !== account) {
			await Promise.all(everything.map((name) => tx.objectStore(name).clear()));
			await tx.objectStore('owner').put(account, 'account');
		}
		await tx.done;
		return was;
	});
	mine = account;
	if (was === account) return;
	windows?.postMessage(account);
	if (was !== undefined) await forgetOutside();
}

/** owner is whose the device is, and makes this window theirs. */
export async function owner(): Promise<string | undefined> {
	mine = await orNothing((d) => d.get('owner', 'account'));
	return mine;
}

/** ours tells whether the device still belongs to whom this window shows. */
export const ours = async () => (await orNothing((d) => d.get('owner', 'account'))) === mine;

/** whenTaken calls f when another window has made the device somebody else's, or nobody's. */
export function whenTaken(f: () => void) {
	windows?.addEventListener('message', (e) => {
		if (mine !== undefined && e.data !== mine) f();
	});
}

/** wipe forgets everything of everybody: data, drafts, what was not sent, pictures, notifications on the screen. */
export async function wipe() {
	mine = undefined;
	await orNothing(async (d) => {
		const tx = d.transaction(everything, 'readwrite');
		await Promise.all([...everything.map((name) => tx.objectStore(name).clear()), tx.done]);
	});
	windows?.postMessage('');
	await forgetOutside();
}

/** fade forgets what the server would show again to whoever signs in: all but drafts, what was not sent, and whether the device shall be reached. */
export async function fade() {
	await orNothing((d) => d.clear('seen'));
	await forgetOutside();
}

async function forgetOutside() {
	await forgetPictures();
	const registration = await navigator.serviceWorker?.getRegistration();
	for (const n of (await registration?.getNotifications?.()) ?? []) n.close();
	await navigator.clearAppBadge?.().catch(() => {});
}

/** Pictures lie in caches whose names begin so; they go with the account. */
export const PICTURES = 'account-pictures';

async function forgetPictures() {
	if ('caches' in globalThis) for (const name of await caches.keys()) if (name.startsWith('account')) await caches.delete(name);
}

/** whose runs work in one transaction when the device is still this window's account's. Those that only read wait for no other reader. */
function whose<S extends 'seen' | 'drafts' | 'pending', T, M extends 'readonly' | 'readwrite' = 'readwrite'>(
	name: S,
	work: (store: IDBPObjectStore<Schema, ['owner', S], S, M>) => Promise<T>,
	mode: M = 'readwrite' as M
): Promise<T | undefined> {
	return orNothing(async (d) => {
		const tx = d.transaction(['owner', name] as ['owner', S], mode);
		// Its end is waited for below; this keeps an abort from being told twice.
		tx.done.catch(() => {});
		const is = await (tx.objectStore('owner') as unknown as { get(k: string): Promise<string | undefined> }).get('account');
		const got = mine !== undefined && is === mine ? await work(tx.objectStore(name) as never) : undefined;
		await tx.done;
		return got;
	});
}

/** $state proxies cannot be cloned into a database; JSON is all that comes from the server anyway. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export const recall = <T>(key: string) => whose('seen', (s) => s.get(key), 'readonly') as Promise<Seen<T> | undefined>;
/** keep remembers what the server said. An answer that comes after the account has left is dropped. */
export const keep = (key: string, seen: Seen) => whose('seen', (s) => s.put(plain(seen), key));
/** keepAll remembers several at once. */
export const keepAll = (all: [key: string, seen: Seen][]) => whose('seen', (s) => Promise.all(all.map(([key, seen]) => s.put(plain(seen), key))));
export const forget = (key: string) => whose('seen', (s) => s.delete(key));
/** recallAll is what is kept under keys that begin with prefix. */
export const recallAll = async <T>(prefix: string) => ((await whose('seen', (s) => s.getAll(IDBKeyRange.bound(prefix, prefix + '\uffff')), 'readonly')) ?? []) as Seen<T>[];

/** prune forgets what nobody has looked at since the day before (RFC 3339); the phone has other things to keep. */
export const prune = (before: string) =>
	whose('seen', async (s) => {
		for (let c = await s.openCursor(); c; c = await c.continue()) if (c.value.at < before && c.key !== 'me') await c.delete();
	});

/** What is the person's own, and nowhere else: drafts, and what they decided on this device. It stays until somebody else signs in. */
export const draft = <T>(key: string) => whose('drafts', (s) => s.get(key), 'readonly') as Promise<T | undefined>;
export const keepDraft = (key: string, value: unknown) => whose('drafts', (s) => s.put(value, key));
export const dropDraft = (key: string) => whose('drafts', (s) => s.delete(key));

export const pending = async () => (await whose('pending', (s) => s.getAll(), 'readonly')) ?? [];
/** keepPending answers whether the device has it now. */
export const keepPending = async (p: Pending) => (await whose('pending', (s) => s.put(plain(p)))) !== undefined;
export const dropPending = (id: string) => whose('pending', (s) => s.delete(id));
