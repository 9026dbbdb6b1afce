// What changes at the server while somebody looks: it says what is to be read again, and the screens read it (docs/api.md, "Live
// changes"). Loaded when the app stands, and not part of its start.
import type { Change } from './live.svelte';

/** Two heartbeats and some: a stream that is silent for longer leads nowhere, in ms. */
const SILENT = 60_000;
/** Whoever was cut off comes back after so long, twice as long each time it fails, and never all at the same moment. */
const FIRST = 3_000;
const LONGEST = 60_000;

/**
 * listen hears what changes as long as the app is looked at and there is a network. told gets each change; back is called when
 * the stream stands again after it was lost: whatever happened meanwhile nobody has told. It answers how to stop.
 */
export function listen(told: (c: Change) => void, back: () => void): () => void {
	let stream: AbortController | undefined;
	/** When the screens last asked for all they show, or were told what else there is. */
	let read = Date.now() - performance.now();

	async function run(signal: AbortSignal) {
		let wait = FIRST;
		for (let lost = false; !signal.aborted; lost = true) {
			const began = Date.now();
			const status = await hear(signal, lost).catch(() => 0);
			if (signal.aborted) return;
			if (status === 401) return back(); // which finds out that nobody is signed in any more
			if (Date.now() - began > SILENT) wait = FIRST;
			await pause(wait * (0.5 + Math.random()), signal);
			wait = Math.min(wait * 2, LONGEST);
		}
	}

	/** hear reads one stream to its end. */
	async function hear(signal: AbortSignal, lost: boolean): Promise<number> {
		const silence = new AbortController();
		let timer = 0;
		const heard = () => {
			clearTimeout(timer);
			timer = window.setTimeout(() => silence.abort(), SILENT);
		};
		heard();
		try {
			const age = lost ? 0 : Math.ceil((Date.now() - read) / 1000);
			const response = await fetch('/api/v1/events/stream?age=' + Math.min(age, 86_400), { signal: AbortSignal.any([signal, silence.signal]) });
			if (!response.ok || !response.body) return response.status;
			if (lost) back();
			read = Date.now();
			const words = response.body.getReader();
			const decoder = new TextDecoder();
			for (let rest = ''; ; ) {
				const { value, done } = await words.read();
				if (done) return response.status;
				heard();
				const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
				rest = blocks.pop() ?? '';
				for (const block of blocks) {
					const [, kind, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
					if (!kind || !data) continue;
					read = Date.now();
					told({ ...(JSON.parse(data) as object), kind });
				}
			}
		} finally {
			clearTimeout(timer);
		}
	}

	/** What comes to the front, or back to a network, asks for all it shows by itself (whenStirred). */
	function look() {
		const wanted = document.visibilityState === 'visible' && navigator.onLine;
		if (wanted === Boolean(stream)) return;
		stream?.abort();
		stream = undefined;
		if (!wanted) return;
		stream = new AbortController();
		void run(stream.signal);
	}
	function stirred() {
		if (!stream) read = Date.now();
		look();
	}
	look();
	document.addEventListener('visibilitychange', stirred);
	window.addEventListener('online', stirred);
	window.addEventListener('offline', look);
	return () => {
		document.removeEventListener('visibilitychange', stirred);
		window.removeEventListener('online', stirred);
		window.removeEventListener('offline', look);
		stream?.abort();
	};
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
	});
}
