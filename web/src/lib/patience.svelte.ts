// Waiting that the server asked for (429, Retry-After), counted down where the person sees it.
import { Refused } from './api';

export class Patience {
	/** Seconds that are still to wait. */
	left = $state(0);
	#timer = 0;

	/** after takes the wait out of what the server said; true when it asked for one. */
	after(e: unknown): boolean {
		if (!(e instanceof Refused) || e.status !== 429 || !e.wait) return false;
		const end = Date.now() + e.wait * 1000;
		const tick = () => {
			this.left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
			if (!this.left) clearInterval(this.#timer);
		};
		clearInterval(this.#timer);
		this.#timer = window.setInterval(tick, 1000);
		tick();
		return true;
	}

	/** "4:07" */
	get clock(): string {
		return `${Math.floor(this.left / 60)}:${String(this.left % 60).padStart(2, '0')}`;
	}

	stop() {
		clearInterval(this.#timer);
	}
}
