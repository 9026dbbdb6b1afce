// Short words at the edge of the screen: it is done, with a way back; or it is not, and why.
import { Refused, Unreachable } from './api';
import { t } from './i18n/index.svelte';

export interface Toast {
	id: number;
	tone: 'good' | 'bad' | 'plain';
	text: string;
	/** The way back. */
	undo?: () => void | Promise<void>;
}

class Toasts {
	list = $state.raw<Toast[]>([]);
	#n = 0;

	show(text: string, o: Partial<Pick<Toast, 'tone' | 'undo'>> = {}) {
		const toast: Toast = { id: ++this.#n, tone: o.tone ?? 'good', text, undo: o.undo };
		this.list = [...this.list.slice(-2), toast];
		// What can be undone, and what went wrong, is read before it goes.
		setTimeout(() => this.close(toast.id), toast.undo || toast.tone === 'bad' ? 10_000 : 5_000);
	}

	/** failed says why something did not work, in the server's words where it gave some. */
	failed(e: unknown) {
		this.show(sentence(e), { tone: 'bad' });
	}

	close(id: number) {
		this.list = this.list.filter((x) => x.id !== id);
	}
}

export const toasts = new Toasts();

/** sentence is an error as a person reads it. */
export function sentence(e: unknown): string {
	if (e instanceof Unreachable) return t('common.unreachable');
	if (e instanceof Refused) return e.fields.length === 1 && e.fields[0] ? e.fields[0].detail : e.message;
	console.error(e);
	return t('common.failed');
}
