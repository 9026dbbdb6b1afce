// What is addressed to whoever is signed in: asked for, kept, counted, and with what was done about it on this device.
import { answer, api } from '$lib/api';
import { forget, keep, keepAll, recall, recallAll } from '$lib/device';
import { outbox } from '$lib/outbox.svelte';
import { forgetPictures } from './pictures';
import type { Notice, NoticeKind } from '$lib/api/types';

export interface Received {
	items: Notice[];
	next?: string;
	unread: number;
}

export interface Narrowed {
	kind?: NoticeKind;
	only?: 'unread' | 'unconfirmed';
	after?: string;
	limit?: number;
}

/** inboxKey is under what the first page of a list is kept. */
export const inboxKey = (q: Narrowed) => `inbox ${q.only ?? ''} ${q.kind ?? ''}`;

const keyOf = (id: string) => `notice:${id}`;

/** received asks for a page of what is addressed to me, and keeps each of them, so that it opens without a network too. */
export async function received(query: Narrowed = {}): Promise<Received> {
	const asked = new Date().toISOString();
	const page = await answer(api.GET('/api/v1/notices', { params: { query: { limit: 20, ...query } } }));
	unread.set(page.unread);
	void remember(page, asked, Object.keys(query).length === 0);
	return page;
}

async function remember({ items, next }: Received, at: string, newest: boolean) {
	await keepAll(items.map((data) => [keyOf(data.id), { data, at }]));
	if (!newest) return;
	// The start shows a part of it; the inbox then has all of it, network or not.
	await keep(inboxKey({}), { data: { items, next, unread: unread.count }, at });
	// What would have to be in the newest page and is not was withdrawn, or is no longer for us.
	const oldest = next ? (items.at(-1)?.published_at ?? '') : '';
	for (const { data } of await recallAll<Notice>(keyOf('')))
		if (data.mine && !data.audience && (data.published_at ?? '') > oldest && !items.some((n) => n.id === data.id)) await forgetNotice(data);
}

/** oneNotice asks for one. */
export const oneNotice = (id: string) => answer(api.GET('/api/v1/notices/{id}', { params: { path: { id } } }));
export const noticeKey = keyOf;

/** forgetNotice leaves nothing of it on the device. */
export async function forgetNotice(n: Notice) {
	await forget(keyOf(n.id));
	await forgetPictures(n.file_ids);
}

const confirmedPath = (id: string) => `/api/v1/notices/${id}/confirmed`;
const openedPath = (id: string) => `/api/v1/notices/${id}/opened`;

/**
 * standing is a notice with what was done about it on this device, whether the server knows yet or not. asked is when the server was
 * asked for it: an answer can be younger than what was done, and know nothing of it.
 */
export function standing(n: Notice, asked: string): Notice {
	if (!n.mine) return n;
	const mine = { ...n.mine };
	const done = [openedPath(n.id), confirmedPath(n.id)].flatMap((path) => outbox.taken[path] ?? []).filter((t) => t.at >= asked);
	for (const p of [...done.map((t) => t.change), ...outbox.waiting]) {
		if (p.path === openedPath(n.id)) mine.opened_at ??= p.at;
		if (p.path === confirmedPath(n.id)) mine.confirmed_at = (p.body as { confirmed: boolean }).confirmed ? p.at : undefined;
	}
	return { ...n, mine };
}

/** waits tells whether a confirmation, or its withdrawal, is still to be sent. */
export const waits = (id: string) => outbox.waiting.some((p) => p.path === confirmedPath(id));

/** What was opened since this page began. The server is told once, and not again when it says no. */
const opened = new Set<string>();

/** open tells the server, once, that the notice was read. */
export async function open(n: Notice) {
	if (opened.has(n.id)) return;
	opened.add(n.id);
	unread.set(unread.count - 1);
	await outbox.put({ method: 'PUT', path: openedPath(n.id), what: 'opened', about: n.title }).catch(() => undefined);
}

/** confirm confirms, or takes it back; at once on the screen. It throws what the server refused, with all as it was before. */
export const confirm = (n: Notice, yes: boolean): Promise<'sent' | 'kept'> =>
	outbox.put({ method: 'PUT', path: confirmedPath(n.id), body: { confirmed: yes }, what: 'confirmation', about: n.title });

/** How many are unread: at the app's icon and in the menu. */
class Unread {
	count = $state(0);

	set(n: number) {
		this.count = Math.max(0, n);
		void keep('unread', { data: this.count, at: new Date().toISOString() });
		void (this.count ? navigator.setAppBadge?.(this.count) : navigator.clearAppBadge?.())?.catch(() => {});
	}

	/** load shows what the device knows, then asks; for screens that ask for no list themselves. */
	async load(ask: boolean) {
		const seen = await recall<number>('unread');
		if (seen && !this.count) this.count = seen.data;
		if (ask) await received({ limit: 1 }).catch(() => undefined);
	}
}

export const unread = new Unread();
