// What the page asked the server for before the app was here (app.html): one round trip less at each start.

declare global {
	interface Window {
		/** The answers on their way, by path and query; nothing came where there is no network. */
		ahead?: Map<string, Promise<Response | void>>;
	}
}

/** Whoever asks later than this after the start, in ms, wants to know what is now. */
const FRESH = 30_000;

/** ahead is the answer to a request that was asked already, once; undefined when it has to be asked. */
export async function ahead(request: Request): Promise<Response | undefined> {
	// What was asked before a change does not know of it.
	if (request.method !== 'GET' || performance.now() > FRESH) delete window.ahead;
	const { pathname, search } = new URL(request.url);
	const asked = window.ahead?.get(pathname + search);
	window.ahead?.delete(pathname + search);
	return (await asked) ?? undefined;
}
