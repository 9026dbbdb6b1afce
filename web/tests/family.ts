// What the tests of a family's screens need of the house: notices with pictures, a parent's own view of them.
import { deflateSync, crc32 } from 'node:zlib';
import type { APIRequestContext } from '@playwright/test';
import { expect, type House, type Who } from './house';
import { kitaOf } from './screens';

export interface Note {
	id: string;
	title: string;
	kind: string;
	confirm_wanted: boolean;
	starts_at?: string;
	files: { id: string; thumbnail: boolean; name: string }[];
	mine: { opened_at?: string; confirmed_at?: string; child_ids: string[] };
	ledger: Record<string, number>;
}

/** one asks for one notice as somebody sees it. */
export async function one(api: APIRequestContext, id: string): Promise<Note> {
	return (await api.get(`/api/v1/notices/${id}`)).json();
}

export async function inbox(house: House, who: Who = 'eltern'): Promise<Note[]> {
	return (await (await (await house.api(who)).get('/api/v1/notices?limit=100')).json()).items;
}

/** found is the first that fits; without one the test has nothing to be about. */
export function found<T>(list: T[], fits: (x: T) => boolean): T {
	const x = list.find(fits);
	expect(x).toBeTruthy();
	return x!;
}

/** posted publishes a notice for the whole kita, as its leader, and answers its id. */
export async function posted(house: House, notice: Record<string, unknown>, api?: APIRequestContext): Promise<string> {
	const leader = api ?? (await house.api('leitung'));
	const r = await leader.post('/api/v1/notices', { data: { kita_id: await kitaOf(house, 'leitung'), kind: 'news', title: 'Neues', body: 'Text.', audience: { kind: 'kita' }, ...notice } });
	expect(r.status(), await r.text()).toBe(201);
	return (await r.json()).id;
}

/** withPictures posts a notice with n pictures of one colour each. */
export async function withPictures(house: House, n: number, notice: Record<string, unknown> = {}): Promise<string> {
	const leader = await house.api('leitung');
	const kita = await kitaOf(house, 'leitung');
	const file_ids: string[] = [];
	for (let i = 0; i < n; i++) {
		const r = await leader.post(`/api/v1/files?kita_id=${kita}&name=bild-${i + 1}.png`, { headers: { 'Content-Type': 'image/png' }, data: png(400, 300, [(i * 90) % 256, 140, 200 - i * 40]) });
		expect(r.status(), await r.text()).toBe(201);
		file_ids.push((await r.json()).id);
	}
	return posted(house, { title: 'Bilder vom Ausflug', kind: 'daily', file_ids, ...notice }, leader);
}

function png(width: number, height: number, colour: number[]): Buffer {
	const chunk = (type: string, data: Buffer) => {
		const body = Buffer.concat([Buffer.from(type), data]);
		const out = Buffer.alloc(body.length + 8);
		out.writeUInt32BE(data.length);
		body.copy(out, 4);
		out.writeUInt32BE(crc32(body), body.length + 4);
		return out;
	};
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width);
	head.writeUInt32BE(height, 4);
	head.set([8, 2, 0, 0, 0], 8);
	const row = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: width }, () => colour).flat())]);
	const rows = Buffer.concat(Array.from({ length: height }, () => row));
	return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
