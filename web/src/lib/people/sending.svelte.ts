// A form on its way: what was typed stays, and each refusal stands at its field.
import { tick } from 'svelte';
import { Refused } from '$lib/api';
import { sentence } from '$lib/toasts.svelte';

export class Sending {
	busy = $state(false);
	#refused = $state.raw<Refused>();
	/** What went wrong as a whole; '' when it can be said at a field. */
	trouble = $state('');

	/** The server's sentence about a field. */
	field(name: string): string {
		return this.#refused?.field(name) ?? '';
	}

	/** run sends once at a time: what came back, or nothing when it was refused. */
	async run<T>(send: () => Promise<T>): Promise<T | undefined> {
		if (this.busy) return undefined;
		this.busy = true;
		this.#refused = undefined;
		this.trouble = '';
		try {
			return await send();
		} catch (e) {
			if (e instanceof Refused && e.fields.length) this.#refused = e;
			// Said once more where the button is: the field may be far up.
			this.trouble = e instanceof Refused && e.fields.length > 1 ? e.message : sentence(e);
			await tick();
			document.querySelector<HTMLElement>('dialog[open] [aria-invalid], [aria-invalid]')?.focus();
			return undefined;
		} finally {
			this.busy = false;
		}
	}
}
