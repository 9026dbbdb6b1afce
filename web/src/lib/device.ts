// What this device keeps for the account that is signed in: what was last seen, drafts, what still has to be sent.
// Everything belongs to one account, and goes when it signs out or another signs in.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** What the server answered, and when. */
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
let open: Promise<IDBPDatabase<Schema>> | undefined;

function db() {
	return (open ??= openDB<Schema>(NAME, 1, {
		upgrade(d) {
			d.createObjectStore('owner');
			d.createObjectStore('seen');
			d.createObjectStore('drafts');
			d.createObjectStore('pending', { keyPath: 'id' });
		},
		// A newer version of the app in another window wants to change the schema.
		blocking: (_was, _wants, event) => (event.target as IDBDatabase).close(),
		terminated: () => (open = undefined)
	}));
}

/** A device that keeps nothing (a private window of some browsers) still works, as long as there is a network. */
async function orNothing<T>(work: (d: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
	try {
		return await work(await db());
	} catch (e) {
		console.warn('this device keeps nothing', e);
		open = undefined;
		return undefined;
	}
}

/** belongTo makes the device that of an account. What another account left is gone before this returns. */
export async function belongTo(account: string) {
	await orNothing(async (d) => {
		const was = await d.get('owner', 'account');
		if (was === account) return;
		if (was !== undefined) await wipe();
		await d.put('owner', account, 'account');
	});
}

export const owner = () => orNothing((d) => d.get('owner', 'account'));

/** wipe forgets everything of everybody: data, drafts, what was not sent, pictures, notifications on the screen. */
export async function wipe() {
	await orNothing(async (d) => {
		const tx = d.transaction(['owner', 'seen', 'drafts', 'pending'], 'readwrite');
		await Promise.all([...Array.from(tx.objectStoreNames, (name) => tx.objectStore(name).clear()), tx.done]);
	});
	if ('caches' in window) for (const name of await caches.keys()) if (name.startsWith('account')) await caches.delete(name);
	const registration = await navigator.serviceWorker?.getRegistration();
	for (const n of (await registration?.getNotifications?.()) ?? []) n.close();
	await navigator.clearAppBadge?.().catch(() => {});
}

export const recall = <T>(key: string) => orNothing((d) => d.get('seen', key)) as Promise<Seen<T> | undefined>;
/**
 * keep remembers what the server said. An answer that comes after the account has left is dropped.
 * $state proxies cannot be cloned into a database; JSON is all that comes from the server anyway.
 */
export const keep = (key: string, seen: Seen) =>
	orNothing(async (d) => {
		const tx = d.transaction(['owner', 'seen'], 'readwrite');
		if (await tx.objectStore('owner').get('account')) await tx.objectStore('seen').put(JSON.parse(JSON.stringify(seen)), key);
		await tx.done;
	});
export const forget = (key: string) => orNothing((d) => d.delete('seen', key));

export const draft = <T>(key: string) => orNothing((d) => d.get('drafts', key)) as Promise<T | undefined>;
export const keepDraft = (key: string, value: unknown) => orNothing((d) => d.put('drafts', value, key));
export const dropDraft = (key: string) => orNothing((d) => d.delete('drafts', key));

export const pending = async () => (await orNothing((d) => d.getAll('pending'))) ?? [];
export const keepPending = (p: Pending) => orNothing((d) => d.put('pending', JSON.parse(JSON.stringify(p))));
export const dropPending = (id: string) => orNothing((d) => d.delete('pending', id));
