// What a screen shows: at once what this device saw last, then what the server says.
import { untrack } from 'svelte';
import { forget, keep, recall } from './device';
import { Refused } from './api';

/** Live is one answer of the server on the screen. Its fields are reactive. */
export class Live<T> {
	data = $state.raw<T>();
	/** When the server was asked for it (RFC 3339): what happened since may be missing. */
	at = $state('');
	/** asking is true while an answer is on its way. */
	asking = $state(false);
	/** What went wrong the last time; nothing when it went well. */
	error = $state.raw<Error>();
	/** What is shown is from `at`: the network, or the server, gave nothing newer. */
	get stale() {
		return this.error !== undefined && this.data !== undefined;
	}
	/** What is shown is from `at`, and whether it still holds is being asked. */
	get checking() {
		return this.asking && this.#recalled && this.data !== undefined;
	}
	#recalled = $state(false);
	#gone: { tell(data: T): void } | undefined;
	/** Nothing to show yet, and nothing went wrong. */
	get loading() {
		return this.data === undefined && this.error === undefined;
	}

	#run = 0;

	/** key names the answer on this device, '' for what is not to be kept there; ask gets it; gone hears what is no longer ours. */
	constructor(
		private readonly key: string,
		private readonly ask: () => Promise<T>,
		gone?: (data: T) => void
	) {
		this.#gone = gone && { tell: gone };
	}

	/** load shows what is kept, then asks. Fit for an $effect; a later call wins over an earlier one. */
	async load(): Promise<void> {
		const run = ++this.#run;
		if (this.key && this.data === undefined) {
			const seen = await recall<T>(this.key);
			if (seen && run === this.#run && this.data === undefined) {
				this.data = seen.data;
				this.at = seen.at;
				this.#recalled = true;
			}
		}
		if (run !== this.#run) return;
		this.asking = true;
		const asked = new Date().toISOString();
		try {
			const data = await this.ask();
			if (run === this.#run) this.set(data, asked);
		} catch (e) {
			if (run !== this.#run) return;
			this.error = e as Error;
			// What is no longer ours to see must not stay on the screen.
			if (e instanceof Refused && (e.status === 404 || e.status === 401)) {
				if (this.key) void forget(this.key);
				if (this.data !== undefined) this.#gone?.tell(this.data);
				this.data = undefined;
			}
		} finally {
			if (run === this.#run) this.asking = false;
		}
	}

	/** set shows what is known already, from the answer to a change. An answer to what was asked before it is too late. */
	set(data: T, at = new Date().toISOString()) {
		this.#run++;
		this.asking = false;
		this.#recalled = false;
		this.data = data;
		this.at = at;
		this.error = undefined;
		if (this.key) void keep(this.key, { data, at });
	}
}

/** Change is what the server says is to be read again; `again` is everything. */
export interface Change {
	kind: string;
	id?: string;
}

/** What the server tells of while it happens; docs/api.md, "Live changes". */
export type Kind = 'notices' | 'ledger' | 'absences' | 'children' | 'groups' | 'kitas';

/** Which changes matter: these kinds, or those that it is true of. */
export type About = Kind[] | ((c: Change) => boolean);

/**
 * live makes a Live and keeps it fresh while its component is there: at the start, when the person comes back, when a push arrived,
 * when the server says that something changed which it is about.
 */
export function live<T>(key: string, ask: () => Promise<T>, about: About = [], gone?: (data: T) => void): Live<T> {
	const l = new Live(key, ask, gone);
	$effect(() => {
		// What load reads is what it writes: without this it would run for ever.
		untrack(() => void l.load());
		return whenStirred(() => void l.load(), about, oneByOne(() => l.load()));
	});
	return l;
}

/** oneByOne lets what was begun end before it begins again: on a slow network, changes that come faster than answers would otherwise show none. */
export function oneByOne(load: () => Promise<void>): () => void {
	let wanted = false;
	let busy = false;
	return async () => {
		wanted = true;
		if (busy) return;
		busy = true;
		while (wanted) {
			wanted = false;
			await load();
		}
		busy = false;
	};
}

/**
 * whenStirred calls f when there may be something new: the app comes to the front, the network comes back, a push came, something was
 * sent. What the server says has changed, and it is about, calls changed.
 */
export function whenStirred(f: () => void, about: About = [], changed = f): () => void {
	const shown = () => document.visibilityState === 'visible' && f();
	const told = (e: MessageEvent) => (e.data as { type?: string } | null)?.type === 'pushed' && f();
	const heard = (e: Event) => {
		const c = (e as CustomEvent<Change>).detail;
		if (c.kind === 'again' || (typeof about === 'function' ? about(c) : (about as string[]).includes(c.kind))) changed();
	};
	document.addEventListener('visibilitychange', shown);
	window.addEventListener('online', f);
	window.addEventListener('morgenkreis:sent', f);
	window.addEventListener('morgenkreis:changed', heard);
	navigator.serviceWorker?.addEventListener('message', told);
	return () => {
		document.removeEventListener('visibilitychange', shown);
		window.removeEventListener('online', f);
		window.removeEventListener('morgenkreis:sent', f);
		window.removeEventListener('morgenkreis:changed', heard);
		navigator.serviceWorker?.removeEventListener('message', told);
	};
}

/** tell says on this page that something changed. */
export const tell = (c: Change) => window.dispatchEvent(new CustomEvent<Change>('morgenkreis:changed', { detail: c }));
