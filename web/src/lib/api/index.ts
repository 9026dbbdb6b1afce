import createClient from 'openapi-fetch';
import { ahead } from './ahead';
import type { paths } from './schema';
import type { FieldError } from './types';

/** How long an answer may take before the network counts as gone. Uploads ask for more (see lib/upload). */
const PATIENCE = 20_000;

/** Refused is what the server said no to (RFC 9457): `message` is for people, in their language, `code` for programs. */
export class Refused extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		detail: string,
		readonly fields: FieldError[] = [],
		/** Seconds to wait, from Retry-After. */
		readonly wait = 0
	) {
		super(detail);
		this.name = 'Refused';
	}

	/** The sentence about one field of the request, '' when it was right. `audience` also answers for `audience.targets[2]`. */
	field(name: string): string {
		return this.fields.find((f) => f.field === name || f.field.startsWith(name + '.') || f.field.startsWith(name + '['))?.detail ?? '';
	}
}

/** Unreachable: no answer came. Nothing is known of what became of the request, so it may be sent again. */
export class Unreachable extends Error {
	constructor(cause?: unknown) {
		super('no answer', { cause });
		this.name = 'Unreachable';
	}
}

let language = 'de';
let onSignedOut = () => {};

/** The language of the server's sentences. */
export function speak(tag: string) {
	language = tag;
}

/** What to do when the server no longer knows who is asking. */
export function whenSignedOut(f: () => void) {
	onSignedOut = f;
}

export const api = createClient<paths>({
	fetch: async (request) => (await ahead(request)) ?? fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE)]) })
});

api.use({
	onRequest({ request }) {
		request.headers.set('Accept-Language', language);
		return request;
	}
});

/** What a service that stands before ours answers when ours is not there. */
const GATEWAY = new Set([502, 503, 504]);

/** refusal reads a problem document, whoever wrote it. */
export async function refusal(response: Response, body: unknown): Promise<Error> {
	if (GATEWAY.has(response.status)) return new Unreachable(response.status);
	const p = (typeof body === 'object' && body !== null ? body : {}) as { code?: string; detail?: string; errors?: FieldError[] | null };
	if (response.status === 401 && p.code === 'unauthenticated') onSignedOut();
	return new Refused(response.status, p.code ?? `http.${response.status}`, p.detail ?? response.statusText, p.errors ?? [], Number(response.headers.get('Retry-After')) || 0);
}

/** answer waits for a call of `api`: what it holds, or throws Refused or Unreachable. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
	let got;
	try {
		got = await call;
	} catch (cause) {
		throw new Unreachable(cause);
	}
	if (!got.response.ok) throw await refusal(got.response, got.error);
	return got.data as T;
}

/** all pages of a list, `limit` at a time. For lists that are searched and sorted on the device. */
export async function everyPage<T>(page: (after?: string) => Promise<{ items: T[]; next?: string }>): Promise<T[]> {
	const items: T[] = [];
	let after: string | undefined;
	do {
		const p = await page(after);
		items.push(...p.items);
		after = p.next;
	} while (after);
	return items;
}
