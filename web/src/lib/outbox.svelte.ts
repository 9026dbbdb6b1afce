// What a person did without a network: kept on the device, shown as waiting, and sent when the network is back, once.
// Every change in here can be sent twice without harm (a chosen id, or a PUT), so "once" is the server's promise too.
import { refusal, Refused, Unreachable } from './api';
import { dropPending, keepPending, pending, type Pending } from './device';
import { newID } from './ids';
import { language } from './i18n/index.svelte';

class Outbox {
	items = $state.raw<Pending[]>([]);
	sending = $state(false);

	/** Those that wait for the network; the others wait for the person. */
	get waiting() {
		return this.items.filter((p) => !p.refused);
	}
	get refused() {
		return this.items.filter((p) => p.refused);
	}

	async load() {
		this.items = await pending();
	}

	/**
	 * put sends a change, or keeps it for later when nothing answers or nobody is signed in any more. 'sent' or 'kept'; throws Refused when the server
	 * said no. A later change to the same path replaces one that still waits: confirmed and taken back is nothing to send.
	 * taken gets what the server answered, when it did.
	 */
	async put<T>(change: Omit<Pending, 'id' | 'at' | 'refused' | 'tried'>, taken?: (answer: T) => void): Promise<'sent' | 'kept'> {
		const p: Pending = { ...change, id: newID(), at: new Date().toISOString(), tried: navigator.onLine };
		for (const old of this.items) if (old.path === p.path && old.method === p.method && p.method === 'PUT') await dropPending(old.id);
		// On the device first: what is lost between the tap and the answer is lost for the family.
		await keepPending(p);
		await this.load();
		let said: unknown;
		try {
			said = await transmit(p);
		} catch (e) {
			if (forLater(e)) return 'kept';
			await this.drop(p.id);
			throw e;
		}
		await this.drop(p.id);
		taken?.(said as T);
		return 'sent';
	}

	async drop(id: string) {
		await dropPending(id);
		await this.load();
	}

	/** flush sends what waits, oldest first, in one window at a time. It stops at the first that gets no answer. */
	async flush() {
		if (this.sending) return;
		this.sending = true;
		try {
			await alone(async () => {
				await this.load();
				let sent = 0;
				for (const p of this.waiting) {
					try {
						if (!p.tried) await keepPending({ ...p, tried: true });
						await transmit(p);
						await dropPending(p.id);
						sent++;
					} catch (e) {
						if (forLater(e) || !(e instanceof Refused)) break;
						await keepPending({ ...p, tried: true, refused: e.fields[0]?.detail || e.message });
					}
				}
				await this.load();
				if (sent) window.dispatchEvent(new Event('morgenkreis:sent'));
			});
		} finally {
			this.sending = false;
		}
	}
}

export const outbox = new Outbox();

/** What says nothing about the change itself: no answer, a session that has ended, too much at once. */
const forLater = (e: unknown) => e instanceof Unreachable || (e instanceof Refused && (e.status === 401 || e.status === 429));

/** Two windows of the same app share one outbox; a change is sent by one of them. */
async function alone(work: () => Promise<void>) {
	if (navigator.locks) await navigator.locks.request('morgenkreis.outbox', work);
	else await work();
}

async function transmit(p: Pending): Promise<unknown> {
	let response: Response;
	try {
		response = await fetch(p.path, {
			method: p.method,
			headers: { 'Accept-Language': language(), ...(p.body === undefined ? {} : { 'Content-Type': 'application/json' }) },
			body: p.body === undefined ? undefined : JSON.stringify(p.body),
			signal: AbortSignal.timeout(20_000)
		});
	} catch (cause) {
		throw new Unreachable(cause);
	}
	const body: unknown = await response.json().catch(() => undefined);
	if (response.ok) return body;
	// Taking back what never arrived is done.
	if (p.method === 'DELETE' && response.status === 404) return;
	throw await refusal(response, body);
}
