// Who comes first, as the test says: nothing is left to how quick a machine is.
import type { Page } from '@playwright/test';

/** A word that is waited for until it is given, and stays given. */
export function signal<T = void>() {
	let give: (word: T) => void = () => {};
	const given = new Promise<T>((r) => (give = r));
	return { give, given };
}

/** gate answers what the page asks for as the server does at that moment, and while it is closed keeps the answers back. */
export async function gate(page: Page, method: string, path: string) {
	let opened = signal();
	let reached = signal();
	opened.give();
	await page.route(
		(url) => url.pathname === path,
		async (route) => {
			if (route.request().method() !== method) return route.fallback();
			const response = await route.fetch();
			reached.give();
			await opened.given;
			await route.fulfill({ response });
		}
	);
	return {
		close() {
			opened = signal();
			reached = signal();
		},
		open: () => opened.give(),
		/** reached waits for an answer that is kept back. */
		reached: () => reached.given
	};
}
