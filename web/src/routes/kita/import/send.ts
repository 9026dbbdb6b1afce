// A list on its way to the server. XMLHttpRequest, since fetch does not tell how much of a body has left.
import { Refused, refusal, Unreachable } from '$lib/api';
import type { ImportResult } from '$lib/api/types';
import { language } from '$lib/i18n/index.svelte';

/** Ten megabytes of a list may take minutes on a village's line. */
const PATIENCE = 5 * 60_000;

/** The list as it was when it was chosen: whoever mends the file meanwhile chooses it again. */
export interface Chosen {
	name: string;
	bytes: Blob;
}

export async function choose(file: File): Promise<Chosen> {
	return { name: file.name, bytes: new Blob([await file.arrayBuffer()]) };
}

interface Wanted {
	kita: string;
	dryRun: boolean;
	archiveMissing: boolean;
	/** The share of the list that has left, 0 to 1. */
	progress?: (share: number) => void;
}

/** send brings the list in, or with dryRun asks what that would change. Throws Refused or Unreachable. */
export function send(list: Chosen, o: Wanted): Promise<ImportResult> {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		const query = new URLSearchParams({ kita_id: o.kita, dry_run: String(o.dryRun), archive_missing: String(o.archiveMissing) });
		request.open('POST', '/api/v1/imports?' + query);
		// Browsers disagree about what a CSV file is called; the server looks at the bytes.
		request.setRequestHeader('Content-Type', 'application/octet-stream');
		request.setRequestHeader('Accept-Language', language());
		request.timeout = PATIENCE;
		request.upload.onprogress = (e) => e.lengthComputable && o.progress?.(e.loaded / e.total);
		request.onerror = request.ontimeout = request.onabort = () => reject(new Unreachable());
		request.onload = async () => {
			let body: unknown;
			try {
				body = JSON.parse(request.responseText);
			} catch {
				// Not the server's own words, then.
			}
			if (request.status === 200) resolve(body as ImportResult);
			else reject(await refusal(new Response(null, { status: request.status, statusText: request.statusText }), body));
		};
		request.send(list.bytes);
	});
}

/** A fault of the list, as a row of a table shows it. */
export interface Fault {
	line: number;
	column: string;
	value: string;
	reason: string;
}

const quoted = '[„“]([\\s\\S]*?)[“”]';

/**
 * faults reads the errors of a refused list. `field` is the place ("line 17, column Geburtsdatum"); `detail` is the whole
 * sentence with place and value before the reason. A sentence that begins otherwise is a reason as it stands.
 */
export function faults(e: Refused): Fault[] {
	return e.fields.map((f) => {
		const [, line = '0', column = ''] = /^line (\d+)(?:, column ([\s\S]*))?$/.exec(f.field) ?? [undefined, '0', /^column ([\s\S]*)$/.exec(f.field)?.[1] ?? ''];
		let rest = f.detail;
		const cut = (pattern: string) => {
			const found = new RegExp('^' + pattern).exec(rest);
			if (found) rest = rest.slice(found[0].length);
			return found?.[1] ?? '';
		};
		if (line !== '0') cut('(?:Zeile|Line) \\d+(?:, )?');
		if (column) cut('(?:Spalte|[Cc]olumn) ' + '[„“]' + column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '[“”](?:, )?');
		const value = /^[„“][\s\S]*?[“”]: /.test(rest) ? cut(quoted) : '';
		const reason = rest.replace(/^: /, '');
		return { line: Number(line), column, value, reason: reason.charAt(0).toLocaleUpperCase() + reason.slice(1) };
	});
}
