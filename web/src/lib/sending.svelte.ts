// A form on its way: what was typed stays, and each refusal stands in one place: at its field, or, when it is about none, above the button.
import { tick } from 'svelte';
import { Refused } from '$lib/api';
import { sentence } from '$lib/toasts.svelte';

/** toFirstError takes the focus to the first field that is wrong, in the dialog if one is open. A screen reader says with it what is wrong. */
export async function toFirstError(): Promise<boolean> {
	await tick();
	const within = document.querySelector('dialog[open]') ?? document;
	const wrong = within.querySelector<HTMLElement>('[aria-invalid], fieldset[data-wrong]');
	const field = wrong instanceof HTMLFieldSetElement ? (wrong.querySelector<HTMLElement>('input:checked') ?? wrong.querySelector('input')) : wrong;
	field?.focus();
	return !!field;
}

export class Sending {
	busy = $state(false);
	#refused = $state.raw<Refused>();
	/** What the screen has asked about since the refusal: the fields that are there to say it. */
	#asked: string[] = [];
	/** What went wrong beyond the fields that the form shows; '' when all of it is said there. */
	trouble = $state('');

	/** The server's sentence about a field. Whoever asks shows it. */
	field(name: string): string {
		this.#asked.push(name);
		return this.#refused?.field(name) ?? '';
	}

	/** clear forgets what was refused: another form, or what was typed is dropped. */
	clear() {
		this.#refused = undefined;
		this.trouble = '';
	}

	/** run sends once at a time: what came back, or nothing when it was refused. */
	async run<T>(send: () => Promise<T>): Promise<T | undefined> {
		if (this.busy) return undefined;
		this.busy = true;
		this.clear();
		try {
			return await send();
		} catch (e) {
			if (e instanceof Refused && e.fields.length) {
				this.#asked = [];
				this.#refused = e;
				await tick();
				const shown = (field: string) => this.#asked.some((a) => field === a || field.startsWith(a + '.') || field.startsWith(a + '['));
				this.trouble = e.fields.filter((f) => !shown(f.field)).map((f) => f.detail).join(' ');
			} else this.trouble = sentence(e);
			await toFirstError();
			return undefined;
		} finally {
			this.busy = false;
		}
	}
}
