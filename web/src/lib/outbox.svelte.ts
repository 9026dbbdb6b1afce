// What a person did without a network: kept on the device, shown as waiting, and sent when the network is back, once.
// Every change in here can be sent twice without harm (a chosen id, or a PUT), so "once" is the server's promise too.
import { refusal, Refused, Unreachable } from './api';
import { dropPending, keepPending, ours, pending, type Pending } from './device';
import { newID } from './ids';
import { language } from './i18n/index.svelte';

/** How soon it is tried again when nothing answers though there is a network: twice as long each time, up to the last. */
const FIRST = 5_000;
const LAST = 300_000;

/** Tells the other windows that the box has changed, and what of it the server has taken. */
const windows = 'BroadcastChannel' in globalThis ? new BroadcastChannel('morgenkreis.outbox') : undefined;

/** A change that the server has taken, and when this device knew: answers that were asked for before may be without it. */
export interface Taken {
	change: Pending;
	at: string;
}

class Outbox {
	items = $state.raw<Pending[]>([]);
	sending = $state(false);
	/** The last that the server took at each path since this page began. */
	taken = $state.raw<Record<string, Taken>>({});

	/** On their way to the device's database: the person sees what they did before it lies there. */
	#unsaved = $state.raw<Pending[]>([]);

	#again = false;
	#running: Promise<void> | undefined;
	#pause = FIRST;
	#timer: ReturnType<typeof setTimeout> | undefined;
	/** Changes whose sender is still there to hear what the server says, and what it said. */
	#asked = new Set<string>();
	#said = new Map<string, { answer: unknown } | { no: Refused }>();

	constructor() {
		windows?.addEventListener('message', (e) => {
			const sent = e.data as Pending[];
			sent.forEach((p) => this.#took(p));
			void this.load();
			if (sent.length) window.dispatchEvent(new Event('morgenkreis:sent'));
		});
	}

	/** Those that wait for the network; the others wait for the person. */
	get waiting() {
		return [...this.items.filter((p) => !p.refused), ...this.#unsaved.filter((p) => !this.items.some((saved) => saved.id === p.id))];
	}
	get refused() {
		return this.items.filter((p) => p.refused);
	}

	async load() {
		this.items = await pending();
	}

	/**
	 * put sends a change, after all that was made before it, or keeps it for later when nothing answers or nobody is signed
	 * in any more. 'sent' or 'kept'; throws Refused when the server said no, and Unreachable when nothing answers and the
	 * device can keep nothing. A later PUT to the same path takes the place of one that still waits: only what holds in the
	 * end has to be told. taken gets what the server answered, when it did.
	 */
	async put<T>(change: Omit<Pending, 'id' | 'at' | 'refused' | 'tried'>, taken?: (answer: T) => void): Promise<'sent' | 'kept'> {
		const p: Pending = { ...change, id: this.#next(), at: new Date().toISOString() };
		this.#unsaved = [...this.#unsaved, p];
		try {
			// On the device first: what is lost between the tap and the answer is lost for the family.
			if (!(await keepPending(p))) {
				const answer = await transmit(p);
				this.#took(p);
				window.dispatchEvent(new Event('morgenkreis:sent'));
				taken?.(answer as T);
				return 'sent';
			}
			await this.#changed();
		} finally {
			this.#unsaved = this.#unsaved.filter((x) => x !== p);
		}
		if (!navigator.onLine) return 'kept';
		this.#asked.add(p.id);
		await this.flush();
		this.#asked.delete(p.id);
		const said = this.#said.get(p.id);
		this.#said.delete(p.id);
		if (said && 'no' in said) throw said.no;
		if (said) {
			taken?.(said.answer as T);
			return 'sent';
		}
		const left = this.items.find((x) => x.id === p.id);
		if (!left) {
			// Another window sent it, and may not have said so yet; or a later one took its place.
			if (!this.waiting.some((later) => later.path === p.path)) this.#took(p);
			return 'sent';
		}
		if (!left.refused) return 'kept';
		// Another window sent it, and heard the no.
		await this.drop(p.id);
		throw new Refused(409, 'refused', left.refused);
	}

	/** An id after all that are there, whatever became of the clock meanwhile: the order of ids is the order of sending. */
	#next(): string {
		const last = this.waiting.at(-1)?.id.replace(/-/g, '').slice(0, 12);
		return newID(Math.max(Date.now(), last ? parseInt(last, 16) + 1 : 0));
	}

	async drop(id: string) {
		await dropPending(id);
		await this.#changed();
	}

	async #changed(sent: Pending[] = []) {
		await this.load();
		windows?.postMessage(sent);
	}

	#took(change: Pending) {
		if ((this.taken[change.path]?.change.id ?? '') > change.id) return;
		this.taken = { ...this.taken, [change.path]: { change, at: new Date().toISOString() } };
	}

	/** flush sends what waits, oldest first, in one window at a time, and is done when all has been tried that was there when it was called. */
	flush(): Promise<void> {
		this.#again = true;
		return (this.#running ??= this.#run());
	}

	async #run() {
		this.sending = true;
		clearTimeout(this.#timer);
		try {
			while (this.#again) {
				this.#again = false;
				await alone(() => this.#send());
			}
		} finally {
			this.sending = false;
			this.#running = undefined;
		}
	}

	async #send() {
		await this.load();
		if (!this.items.length) return;
		const sent: Pending[] = [];
		let retry = 0;
		/** Addresses at which the server failed: what was done there later must not overtake. */
		const stuck: string[] = [];
		const saved = this.items.filter((p) => !p.refused);
		for (const p of saved) {
			if (saved.some((later) => later.id > p.id && later.path === p.path && p.method === 'PUT' && later.method === 'PUT')) {
				await dropPending(p.id);
				continue;
			}
			if (stuck.some((path) => p.path.startsWith(path))) continue;
			// Somebody else may have signed in meanwhile, in another window: it must not go out in their name.
			if (!(await ours())) break;
			try {
				if (!p.tried) await keepPending({ ...p, tried: true });
				const answer = await transmit(p);
				if (this.#asked.has(p.id)) this.#said.set(p.id, { answer });
				this.#took(p);
				await dropPending(p.id);
				sent.push(p);
			} catch (e) {
				if (e instanceof Refused && e.status === 401) break;
				if (!(e instanceof Refused) || e.status === 429) {
					retry = Math.max(this.#pause, e instanceof Refused ? e.wait * 1000 : 0);
					break;
				}
				if (e.status >= 500 || e.status === 408) {
					stuck.push(p.path);
					retry = this.#pause;
				} else if (this.#asked.has(p.id)) {
					this.#said.set(p.id, { no: e });
					await dropPending(p.id);
				} else if (p.what === 'opened') await dropPending(p.id); // nothing that a person could do about
				else await keepPending({ ...p, tried: true, refused: e.fields[0]?.detail || e.message });
			}
		}
		this.#pause = retry ? Math.min(this.#pause * 2, LAST) : FIRST;
		if (retry) this.#timer = setTimeout(() => void this.flush(), retry);
		await this.#changed(sent);
		if (sent.length) window.dispatchEvent(new Event('morgenkreis:sent'));
	}
}

export const outbox = new Outbox();

/** Two windows of the same app share one outbox; a change is sent by one of them, and nobody signs out meanwhile. */
export async function alone<T>(work: () => Promise<T>): Promise<T> {
	return navigator.locks ? await navigator.locks.request('morgenkreis.outbox', work) : await work();
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
