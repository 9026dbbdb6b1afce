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
	 * put sends a change, or keeps it for later when nothing answers. 'sent' or 'kept'; throws Refused when the server
	 * said no. A later change to the same path replaces one that still waits: confirmed and taken back is nothing to send.
	 */
	async put(change: Omit<Pending, 'id' | 'at' | 'refused'>): Promise<'sent' | 'kept'> {
		const p: Pending = { ...change, id: newID(), at: new Date().toISOString() };
		for (const old of this.items) if (old.path === p.path && old.method === p.method && p.method === 'PUT') await dropPending(old.id);
		// On the device first: what is lost between the tap and the answer is lost for the family.
		await keepPending(p);
		await this.load();
		try {
			await transmit(p);
		} catch (e) {
			if (e instanceof Unreachable) return 'kept';
			await this.drop(p.id);
			throw e;
		}
		await this.drop(p.id);
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
						await transmit(p);
						await dropPending(p.id);
						sent++;
					} catch (e) {
						if (!(e instanceof Refused) || e.status === 401 || e.status === 429) break;
						await keepPending({ ...p, refused: e.fields[0]?.detail || e.message });
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

/** Two windows of the same app share one outbox; a change is sent by one of them. */
async function alone(work: () => Promise<void>) {
	if (navigator.locks) await navigator.locks.request('morgenkreis.outbox', work);
	else await work();
}

async function transmit(p: Pending) {
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
	if (response.ok) return;
	throw await refusal(response, await response.json().catch(() => undefined));
}
