// Attachments, once seen, stay on the device for a while, so that they are there without a network too.
// They never change under their id, so what is here need not be asked for again.
import { refusal, Unreachable } from '$lib/api';
import { ours, PICTURES } from '$lib/device';

export type Form = 'thumbnail' | 'content';

/** How many are kept; the oldest go. */
const MOST = 300;

const addressOf = (id: string, form: Form) => `/api/v1/files/${id}/${form}`;

/** Where an attachment is, for a link that opens it. */
export const contentOf = (id: string) => addressOf(id, 'content');

/**
 * Opened from an iPhone's or iPad's home screen, where there is one window and no button of a browser's: a file that is opened, or
 * saved by a link, stands over the whole app, and nothing leads back but to end it. There, files go out by the system's own sheet.
 * Only there is navigator.standalone true.
 */
export const boxed = (globalThis.navigator as { standalone?: boolean } | undefined)?.standalone === true;

/** bytes of an attachment, from the device or the server. It throws Refused or Unreachable. */
export async function bytes(id: string, form: Form): Promise<Blob> {
	const address = addressOf(id, form);
	const cache = await pictures();
	const here = await cache?.match(address).catch(() => undefined);
	if (here) return here.blob();
	let response: Response;
	let blob: Blob;
	try {
		response = await fetch(address, { signal: AbortSignal.timeout(60_000) });
		blob = await response.blob();
	} catch (cause) {
		throw new Unreachable(cause);
	}
	if (!response.ok) throw await refusal(response, JSON.parse((await blob.text()) || '{}'));
	void put(address, blob);
	return blob;
}

async function pictures(): Promise<Cache | undefined> {
	try {
		return 'caches' in window ? await caches.open(PICTURES) : undefined;
	} catch {
		return undefined; // a window that keeps nothing
	}
}

async function put(address: string, blob: Blob) {
	try {
		if (!(await ours())) return;
		const cache = await caches.open(PICTURES);
		await cache.put(address, new Response(blob, { headers: { 'Content-Type': blob.type } }));
		const all = await cache.keys();
		for (const old of all.slice(0, Math.max(0, all.length - MOST))) await cache.delete(old);
		// Somebody signed out while it was written: then it went after the others.
		if (!(await ours())) await caches.delete(PICTURES);
	} catch (e) {
		console.warn('a picture is not kept', e);
	}
}

/** forgetPictures takes attachments off the device. */
export async function forgetPictures(ids: readonly string[]) {
	const cache = ids.length ? await pictures() : undefined;
	for (const id of ids) for (const form of ['thumbnail', 'content'] as const) await cache?.delete(addressOf(id, form)).catch(() => false);
}

/** save puts bytes where the device keeps its files. */
export function save(blob: Blob, name: string) {
	const url = URL.createObjectURL(blob);
	const a = document.createElement('a');
	a.href = url;
	a.download = name;
	a.click();
	// The browser reads it after this task; how long after, none says.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * give hands a file to the person in the way their device can: false when it wants another tap, because bringing the file here
 * took longer than a tap counts; from then on it is here.
 */
export async function give(blob: Blob, name: string): Promise<boolean> {
	const sheet = boxed ? shareable(blob, name) : undefined;
	if (!sheet) save(blob, name);
	else
		try {
			await navigator.share(sheet);
		} catch (e) {
			if ((e as Error).name === 'NotAllowedError') return false;
			// They thought better of it.
			if ((e as Error).name !== 'AbortError') throw e;
		}
	return true;
}

/** shareable is the file as other apps of the phone would take it; nothing where they do not. */
export function shareable(blob: Blob, name: string): ShareData | undefined {
	const data: ShareData = { files: [new File([blob], name, { type: blob.type })] };
	return navigator.canShare?.(data) ? data : undefined;
}
