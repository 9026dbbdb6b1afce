// The browser's own offer to install the app, kept until somebody wants it. Safari makes none, and Firefox on a desktop neither.
import { browser } from '$app/environment';

/** Not in TypeScript's library: no standard, but what Chrome, Edge and Samsung Internet do. */
interface BeforeInstallPrompt extends Event {
	prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}

class Install {
	#offer = $state.raw<BeforeInstallPrompt>();
	/** Just installed, while the page is still in the browser. */
	done = $state(false);

	/** Whether the browser can do it with one tap. */
	get offered() {
		return this.#offer !== undefined;
	}

	constructor() {
		// Not where the app is being built.
		if (!browser) return;
		// From the first line of the app on (routes/+layout.svelte): the browser makes its offer once.
		window.addEventListener('beforeinstallprompt', (e) => {
			e.preventDefault();
			this.#offer = e as BeforeInstallPrompt;
		});
		window.addEventListener('appinstalled', () => {
			this.done = true;
			this.#offer = undefined;
		});
	}

	/** ask shows the browser's question; true when the app is being installed. An offer is good for one question. */
	async ask(): Promise<boolean> {
		const offer = this.#offer;
		this.#offer = undefined;
		return (await offer?.prompt())?.outcome === 'accepted';
	}
}

export const install = new Install();
