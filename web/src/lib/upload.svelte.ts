// Attachments on their way: they leave as soon as they are chosen, while the text is still being written.
import { refusal, Refused, Unreachable } from './api';
import { newID } from './ids';
import { language } from './i18n/index.svelte';
import { shrink, Unreadable } from './upload-shrink';

/** A file as a draft keeps it. Its id stays: what arrived although no answer came is not sent twice. */
export interface KeptFile {
	id: string;
	name: string;
	/** Left out of what only the server has. */
	blob?: Blob;
	done: boolean;
}

/** No byte for so long means that the network is gone (ms). */
const PATIENCE = 30_000;

/** At most two at once: more only share the same thin line. */
let free = 2;
const queue: (() => void)[] = [];
async function turn<T>(work: () => Promise<T>): Promise<T> {
	if (free > 0) free--;
	else await new Promise<void>((go) => queue.push(go));
	try {
		return await work();
	} finally {
		const next = queue.shift();
		if (next) next();
		else free++;
	}
}

/** Upload is one attachment from the choice to the server. Its fields are reactive. */
export class Upload {
	id: string;
	readonly name: string;
	/** failed can be tried again; refused can not. */
	state = $state<'shrinking' | 'waiting' | 'sending' | 'done' | 'failed' | 'refused'>('shrinking');
	/** How much of it has left, 0 to 1. */
	sent = $state(0);
	/** Why the server refused it, in words; '' when it is this device that can not read it. */
	trouble = $state('');
	/** It is a picture, but of a kind that this device can not read. */
	foreign = $state(false);
	blob = $state.raw<Blob>();
	/** Where the picture can be shown from; '' for a PDF. */
	picture = $state('');
	#request: XMLHttpRequest | undefined;
	#removed = false;
	#running: Promise<void> = Promise.resolve();

	/** from is a file just chosen, or one that a draft kept. */
	constructor(
		private kita: string,
		from: File | KeptFile,
		private readonly onchange: () => void = () => {}
	) {
		this.name = from.name;
		if (from instanceof File) {
			this.id = newID();
			void this.#begin(from);
			return;
		}
		this.id = from.id;
		if (from.blob) this.#holds(from.blob);
		else this.picture = `/api/v1/files/${from.id}/thumbnail`;
		this.state = from.done ? 'done' : 'failed';
		if (!from.done) void this.send();
	}

	get kept(): KeptFile | undefined {
		const done = this.state === 'done';
		return (this.blob || done) && this.state !== 'refused' ? { id: this.id, name: this.name, blob: this.blob, done } : undefined;
	}

	async #begin(file: File) {
		try {
			this.#holds(await shrink(file));
		} catch (e) {
			this.state = 'refused';
			if (e instanceof Unreadable) this.foreign = e.picture;
			else console.error(e);
			return;
		}
		this.onchange();
		await this.send();
	}

	#holds(blob: Blob) {
		this.blob = blob;
		if (blob.type.startsWith('image/')) this.picture = URL.createObjectURL(blob);
	}

	/** send sends it, or sends it again. Nothing is thrown: `state` says what became of it. */
	send(): Promise<void> {
		if (this.blob && !this.#removed && this.state !== 'sending' && this.state !== 'done' && this.state !== 'waiting') this.#running = this.#send(this.blob);
		return this.#running;
	}

	async #send(blob: Blob) {
		this.state = 'waiting';
		this.trouble = '';
		try {
			await turn(async () => {
				if (!this.#removed) await this.#transmit(blob);
			});
			this.state = 'done';
		} catch (e) {
			// Signed out, or too often: it is the moment that is wrong, not the file.
			const again = !(e instanceof Refused) || e.status === 401 || e.status === 429 || e.status >= 500;
			this.state = again ? 'failed' : 'refused';
			if (e instanceof Refused) this.trouble = e.fields[0]?.detail ?? e.message;
		}
		this.onchange();
	}

	/** moveTo sends it to another kita: there it is another file. */
	async moveTo(kita: string) {
		if (kita === this.kita) return;
		this.#request?.abort();
		await this.#running;
		this.kita = kita;
		this.id = newID();
		if (this.state === 'refused') return;
		this.state = 'failed';
		await this.send();
	}

	/** anew makes it a file that the server has not seen, of what the server still has when the device has nothing. */
	async anew() {
		if (!this.blob) {
			const there = await fetch(`/api/v1/files/${this.id}/content`).catch((cause) => {
				throw new Unreachable(cause);
			});
			if (there.ok) this.blob = await there.blob();
		}
		this.id = newID();
		this.state = this.blob ? 'failed' : 'refused';
	}

	/** leave ends it; what the server has is taken away there when no notice names it. */
	leave() {
		this.#removed = true;
		this.#request?.abort();
		if (this.picture.startsWith('blob:')) URL.revokeObjectURL(this.picture);
	}

	#transmit(blob: Blob): Promise<void> {
		return new Promise((resolve, reject) => {
			// fetch does not tell how much has left.
			const x = (this.#request = new XMLHttpRequest());
			let silence: ReturnType<typeof setTimeout> | undefined;
			const heard = () => {
				clearTimeout(silence);
				silence = setTimeout(() => x.abort(), PATIENCE);
			};
			x.open('POST', '/api/v1/files?' + new URLSearchParams({ id: this.id, kita_id: this.kita, name: this.name }));
			x.setRequestHeader('Content-Type', blob.type);
			x.setRequestHeader('Accept-Language', language());
			x.upload.onprogress = (e) => {
				heard();
				if (e.lengthComputable) this.sent = e.loaded / e.total;
			};
			x.onerror = x.onabort = () => reject(new Unreachable());
			x.onloadend = () => clearTimeout(silence);
			x.onload = () => {
				if (x.status >= 200 && x.status < 300) return resolve();
				let body: unknown;
				try {
					body = JSON.parse(x.responseText);
				} catch {
					// Whoever answered is not the house.
				}
				void refusal(new Response(null, { status: x.status }), body).then(reject);
			};
			this.state = 'sending';
			this.sent = 0;
			heard();
			x.send(blob);
		});
	}
}
