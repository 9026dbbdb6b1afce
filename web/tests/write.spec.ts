// Writing a notice: in ten seconds, once, to those it is for; and nothing typed is lost.
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, test, type House } from './house';
import { kitaOf } from './screens';

type Notice = {
	id: string;
	title: string;
	body: string;
	kind: string;
	state: string;
	audience: { kind: string; targets?: string[] };
	publish_at: string;
	starts_at?: string;
	ends_at?: string;
	place?: string;
	confirm_wanted: boolean;
	file_ids: string[];
};
type Preview = { recipients: number; families: number; no_device: { name: string }[]; banned: unknown[] };

const posted = async (api: APIRequestContext, title: string): Promise<Notice[]> =>
	((await (await api.get('/api/v1/notices?box=posted&limit=50')).json()) as { items: Notice[] }).items.filter((n) => n.title === title);

const groupsOf = async (house: House, who: 'baeren' | 'leitung') =>
	((await (await (await house.api(who)).get(`/api/v1/groups?kita_id=${await kitaOf(house, who)}`)).json()) as { items: { id: string; name: string }[] }).items;

async function preview(house: House, who: 'baeren' | 'leitung', audience: unknown): Promise<Preview> {
	const api = await house.api(who);
	return (await api.post('/api/v1/notices/preview', { data: { kita_id: await kitaOf(house, who), audience } })).json();
}

/** Counts what a thumb does on the page, keys not among it. */
async function countTaps(page: Page) {
	await page.addInitScript(() => {
		(window as unknown as { taps: number }).taps = 0;
		addEventListener('pointerdown', () => (window as unknown as { taps: number }).taps++, true);
	});
	return () => page.evaluate(() => (window as unknown as { taps: number }).taps);
}

const chip = (page: Page, name: string) => page.locator('fieldset label').filter({ hasText: name });
const send = (page: Page) => page.getByRole('button', { name: 'Senden', exact: true });
const ready = (page: Page) => expect(page.getByText(/^Erreicht \d/)).toBeVisible();

/** A picture larger than the app sends, as a file. */
async function bigPicture(page: Page, type: string, width = 2600, height = 1950): Promise<Buffer> {
	const base64 = await page.evaluate(
		async ([type, width, height]) => {
			const canvas = new OffscreenCanvas(width, height);
			const at = canvas.getContext('2d')!;
			const picture = at.createImageData(width, height);
			// As a camera sees: no pixel quite like its neighbour.
			let seed = 1;
			for (let i = 0; i < picture.data.length; i++) {
				seed = (seed * 1103515245 + 12345) & 0x7fffffff;
				picture.data[i] = i % 4 === 3 ? 255 : 100 + ((i >> 9) % 64) + ((seed >> 16) % 16);
			}
			at.putImageData(picture, 0, 0);
			const bytes = new Uint8Array(await (await canvas.convertToBlob({ type, quality: 1 })).arrayBuffer());
			let s = '';
			for (let i = 0; i < bytes.length; i += 0x8000) s += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
			return btoa(s);
		},
		[type, width, height] as const
	);
	return Buffer.from(base64, 'base64');
}

/** The same JPEG, held sideways by a camera: an EXIF segment with orientation 6. */
function turned(jpeg: Buffer): Buffer {
	const tiff = Buffer.from('49492a0008000000' + '0100' + '1201' + '0300' + '01000000' + '06000000' + '00000000', 'hex');
	const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
	const head = Buffer.from([0xff, 0xe1, 0, 0]);
	head.writeUInt16BE(exif.length + 2, 2);
	return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

test('a notice in ten seconds: three taps besides typing @tablet @desktop', async ({ house, context, page }) => {
	await house.signIn(context, 'baeren');
	const taps = await countTaps(page);
	await page.goto(house.url + '/notices/new');
	await ready(page);
	const bears = (await groupsOf(house, 'baeren'))[0]!;
	await expect(page.getByRole('checkbox', { name: bears.name })).toBeChecked();
	await expect(page.getByRole('radio', { name: 'Neuigkeit' })).toBeChecked();
	await page.getByLabel('Überschrift').click();
	await page.keyboard.type('Morgen in den Wald');
	await page.keyboard.press('Enter');
	await page.keyboard.type('Bitte Gummistiefel mitgeben.');
	await send(page).click();
	await expect(page).toHaveURL(/\/n\/[0-9a-f-]{36}$/);
	expect(await taps()).toBeLessThanOrEqual(3);
	const there = await posted(await house.api('baeren'), 'Morgen in den Wald');
	expect(there).toHaveLength(1);
	expect(there[0]).toMatchObject({ body: 'Bitte Gummistiefel mitgeben.', kind: 'news', state: 'published', audience: { kind: 'groups', targets: [bears.id] } });
	expect(page.url()).toContain(there[0]!.id);
	const { families } = await preview(house, 'baeren', { kind: 'groups', targets: [bears.id] });
	await expect(page.getByText(`Gesendet an ${families} Familien.`)).toBeVisible();
});

test('who it reaches is what the server says, live with the choice, and nobody is written to by accident', async ({ house, as }) => {
	const groups = await groupsOf(house, 'leitung');
	const [a, b] = [groups[0]!, groups[1]!];
	const page = await as('leitung', '/notices/new');
	const all = await preview(house, 'leitung', { kind: 'kita' });
	await expect(page.getByRole('checkbox', { name: 'Ganze Kita' })).toBeChecked();
	await expect(page.getByText(`Erreicht ${all.families} Familien`)).toBeVisible();
	await chip(page, a.name).click();
	await expect(page.getByRole('checkbox', { name: 'Ganze Kita' })).not.toBeChecked();
	const one = await preview(house, 'leitung', { kind: 'groups', targets: [a.id] });
	await expect(page.getByText(`Erreicht ${one.families} Familien`)).toBeVisible();
	await chip(page, b.name).click();
	const two = await preview(house, 'leitung', { kind: 'groups', targets: [a.id, b.id] });
	await expect(page.getByText(`Erreicht ${two.families} Familien`)).toBeVisible();
	expect(new Set([all.families, one.families, two.families]).size).toBe(3);
	await page.getByRole('button', { name: `${two.no_device.length} Personen haben kein Gerät` }).click();
	await expect(page.getByRole('dialog').getByRole('list').first().getByRole('listitem')).toHaveCount(two.no_device.length);
	await expect(page.getByRole('dialog').getByText(two.no_device[0]!.name, { exact: true })).toBeVisible();
	await page.getByRole('button', { name: 'Schließen' }).click();
	// None at all: the page says so and sends nothing.
	await chip(page, a.name).click();
	await chip(page, b.name).click();
	await page.getByLabel('Überschrift').fill('An niemanden');
	await send(page).click();
	await expect(page.getByText('Bitte wählen Sie, wer es bekommt.').first()).toBeVisible();
	expect(await posted(await house.api('leitung'), 'An niemanden')).toHaveLength(0);
});

test('bans are named to the leader, and to nobody else', async ({ house, as }) => {
	const all = await preview(house, 'leitung', { kind: 'kita' });
	expect(all.banned.length).toBeGreaterThan(0);
	const page = await as('leitung', '/notices/new');
	await page.getByRole('button', { name: /Kontaktsperre/ }).click();
	await expect(page.getByRole('dialog').getByText('Wegen einer Kontaktsperre nicht dabei')).toBeVisible();
});

test('nobody else hears of a ban', async ({ as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await expect(page.getByText(/Kontaktsperre/)).toHaveCount(0);
});

test('the whole kita and what is urgent are asked about first', async ({ house, as }) => {
	const page = await as('leitung', '/notices/new');
	await ready(page);
	await page.getByLabel('Überschrift').fill('Laternenfest');
	await send(page).click();
	const ask = page.getByRole('dialog', { name: 'An die ganze Kita senden?' });
	await expect(ask).toBeVisible();
	await ask.getByRole('button', { name: 'Abbrechen' }).click();
	expect(await posted(await house.api('leitung'), 'Laternenfest')).toHaveLength(0);
	await chip(page, 'Frösche').click();
	await chip(page, 'Dringend').click();
	await send(page).click();
	await page.getByRole('dialog', { name: 'Dringende Nachricht senden?' }).getByRole('button', { name: 'Senden' }).click();
	await expect(page).toHaveURL(/\/n\//);
	expect(await posted(await house.api('leitung'), 'Laternenfest')).toHaveLength(1);
});

test('single children are found by name', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const child = (await (await (await house.api('baeren')).get(`/api/v1/children?kita_id=${kita}&limit=1`)).json()).items[0] as { id: string; first_name: string; last_name: string };
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await chip(page, 'Einzelne Kinder').click();
	await expect(page.getByText('Bitte wählen Sie, wer es bekommt.')).toBeVisible();
	await page.getByLabel('Kind suchen').fill(child.first_name.slice(0, 3));
	await page.getByRole('list', { name: 'Gefunden' }).getByRole('button', { name: `${child.first_name} ${child.last_name}` }).click();
	const { families } = await preview(house, 'baeren', { kind: 'children', targets: [child.id] });
	await expect(page.getByText(families === 1 ? 'Erreicht 1 Familie,' : `Erreicht ${families} Familien,`)).toBeVisible();
	await page.getByLabel('Überschrift').fill('Die Brille ist da');
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	expect((await posted(await house.api('baeren'), 'Die Brille ist da'))[0]!.audience).toEqual({ kind: 'children', targets: [child.id] });
});

test('a big picture leaves the phone small and upright, and again after the connection was cut', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	const png = await bigPicture(page, 'image/png');
	const jpeg = turned(await bigPicture(page, 'image/jpeg', 2700, 1800));
	let cuts = 0;
	const sent: number[] = [];
	await page.route('**/api/v1/files?*', async (route) => {
		const body = route.request().postDataBuffer();
		if (cuts++ < 1) return route.abort('connectionreset');
		sent.push(body?.length ?? 0);
		return route.continue();
	});
	await page.getByLabel('Bild oder PDF').setInputFiles([{ name: 'Herbst.png', mimeType: 'image/png', buffer: png }]);
	await expect(page.getByText('Nicht hochgeladen. Kein Netz?')).toBeVisible();
	await page.getByRole('button', { name: 'Herbst.png noch einmal hochladen' }).click();
	await expect(page.getByText('Hochgeladen', { exact: true })).toHaveCount(1);
	await page.getByLabel('Bild oder PDF').setInputFiles([{ name: 'Quer.jpg', mimeType: 'image/jpeg', buffer: jpeg }]);
	await expect(page.getByText('Hochgeladen', { exact: true })).toHaveCount(2);
	expect(sent[0]!).toBeLessThan(png.length);
	await page.getByLabel('Überschrift').fill('Der Herbst ist da');
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	const api = await house.api('baeren');
	const files = (await posted(api, 'Der Herbst ist da'))[0]!.file_ids;
	expect(files).toHaveLength(2);
	const [first, second] = await Promise.all(files.map(async (id) => (await (await api.get(`/api/v1/files/${id}`)).json()) as { name: string; width: number; height: number; size: number }));
	expect(first).toMatchObject({ name: 'Herbst.png', width: 2048, height: 1536 });
	expect(first!.size).toBeLessThan(png.length);
	// 2700 × 1800, held sideways: it stands upright, and is no larger than the server was sent.
	expect(second).toMatchObject({ name: 'Quer.jpg', height: 2048 });
	expect(second!.width).toBeLessThan(second!.height);
});

test('what is no picture is refused in words, and stands in the way until it is taken away', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await page.getByLabel('Bild oder PDF').setInputFiles([{ name: 'Brief.docx', mimeType: 'application/msword', buffer: Buffer.from('nichts') }]);
	await expect(page.getByRole('alert').filter({ hasText: 'Diese Datei lässt sich nicht anhängen. Möglich sind Bilder und PDFs.' })).toBeVisible();
	await page.getByLabel('Überschrift').fill('Ohne Brief');
	await expect(send(page)).toBeDisabled();
	await page.getByRole('button', { name: 'Brief.docx entfernen' }).click();
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	expect((await posted(await house.api('baeren'), 'Ohne Brief'))[0]!.file_ids).toEqual([]);
});

/** A photograph as an iPhone takes it: HEIC, which Chromium can not read and the server does not take. */
const HEIC = 'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAT9tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAFjAAEAAAAAAAAAPQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGh2YzEAAAAAv2lwcnAAAAChaXBjbwAAAHVodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQAoQgEBA3AAAAMAkAAAAwAAAwAeoDCBJZbqSSmubAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAGAAAABIAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAoMAAABFbWRhdAAAADkoAa8LYPrIezhsG1Shz9p2hT3p+bZMkA4w/Jvb3cz/xlnQVWwezRzFbYWYFGIy+Zx+n/Y9AWyS08A=';

test('a picture that this device can not read is refused in words, whether or not the system knows its type; the rest is up to the server', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	const sent: string[] = [];
	page.on('request', (r) => r.url().includes('/api/v1/files?') && sent.push(new URL(r.url()).searchParams.get('name')!));
	for (const [name, type] of [
		['IMG_1.HEIC', 'image/heic'],
		['IMG_2.HEIC', '']
	] as const) {
		await page.getByLabel('Bild oder PDF').evaluate(
			(input: HTMLInputElement, [name, type, base64]) => {
				const chosen = new DataTransfer();
				chosen.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
				input.files = chosen.files;
				input.dispatchEvent(new Event('change', { bubbles: true }));
			},
			[name, type, HEIC] as const
		);
		const line = page.getByRole('list', { name: 'Anhänge' }).getByRole('listitem').filter({ hasText: name });
		await expect(line.getByRole('alert')).toHaveText(/Diese Art von Bild kann Ihr Gerät nicht lesen\. Machen Sie ein Bildschirmfoto davon/);
		await page.getByLabel('Überschrift').fill('Vom Ausflug');
		await expect(send(page)).toBeDisabled();
		await page.getByRole('button', { name: `${name} entfernen` }).click();
	}
	expect(sent).toEqual([]);

	// What is of the right kind the server judges: here, what is no PDF but for its name.
	await page.getByLabel('Bild oder PDF').setInputFiles([{ name: 'Rest.pdf', mimeType: 'application/pdf', buffer: Buffer.from('kein PDF') }]);
	await expect(page.getByRole('alert').filter({ hasText: 'der Inhalt muss dazu passen' })).toBeVisible();
	expect(sent).toEqual(['Rest.pdf']);
	await page.getByRole('button', { name: 'Rest.pdf entfernen' }).click();
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	expect((await posted(await house.api('baeren'), 'Vom Ausflug'))[0]!.file_ids).toEqual([]);
});

test('the phone locks: the draft is there again, with its picture, and can be thrown away and fetched back @tablet', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await chip(page, 'Termin').click();
	await page.getByLabel('Überschrift').fill('Elternabend');
	await page.getByLabel('Text', { exact: true }).fill('Wir reden über den Übergang in die Schule.');
	await page.getByLabel('Tag', { exact: true }).fill('2026-12-03');
	await page.getByLabel('Bild oder PDF').setInputFiles([{ name: 'Plan.png', mimeType: 'image/png', buffer: await bigPicture(page, 'image/png', 400, 300) }]);
	await expect(page.getByText('Hochgeladen', { exact: true })).toBeVisible();
	await page.reload();
	await expect(page.getByLabel('Überschrift')).toHaveValue('Elternabend');
	await expect(page.getByLabel('Text', { exact: true })).toHaveValue('Wir reden über den Übergang in die Schule.');
	await expect(page.getByRole('radio', { name: 'Termin' })).toBeChecked();
	await expect(page.getByLabel('Tag', { exact: true })).toHaveValue('2026-12-03');
	await expect(page.getByRole('list', { name: 'Anhänge' }).getByText('Plan.png')).toBeVisible();
	await expect(page.getByText(/^Ihr Entwurf/)).toBeVisible();
	await page.getByRole('button', { name: 'Verwerfen' }).click();
	await expect(page.getByLabel('Überschrift')).toHaveValue('');
	await expect(page.getByRole('list', { name: 'Anhänge' })).toBeHidden();
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page.getByLabel('Überschrift')).toHaveValue('Elternabend');
	await expect(page.getByRole('list', { name: 'Anhänge' }).getByText('Plan.png')).toBeVisible();
	// Walking away asks nothing, and loses nothing.
	await page.getByRole('link', { name: 'Heute' }).click();
	await page.getByRole('link', { name: 'Schreiben' }).click();
	await expect(page.getByLabel('Überschrift')).toHaveValue('Elternabend');
	await page.getByLabel('Von').fill('19:30');
	await page.getByLabel('Bis', { exact: true }).fill('21:00');
	await page.getByLabel('Ort').fill('Turnhalle');
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	expect((await posted(await house.api('baeren'), 'Elternabend'))[0]).toMatchObject({
		kind: 'event', starts_at: '2026-12-03T18:30:00.000Z', ends_at: '2026-12-03T20:00:00.000Z', place: 'Turnhalle'
	});
	await page.goto(house.url + '/notices/new');
	await ready(page);
	await expect(page.getByLabel('Überschrift')).toHaveValue('');
});

test.describe('on a phone that is elsewhere', () => {
	test.use({ timezoneId: 'America/New_York' });
	test('later is later by the clock of the kita', async ({ house, as }) => {
		const page = await as('baeren', '/notices/new');
		await ready(page);
		await page.getByLabel('Überschrift').fill('Guten Morgen');
		await page.getByLabel('Später senden').check();
		await expect(page.getByLabel('Senden am')).toHaveValue('2026-11-25T07:00');
		await page.getByLabel('Senden am').fill('2027-07-01T07:30');
		await page.getByRole('button', { name: 'Einplanen' }).click();
		await expect(page).toHaveURL(/\/n\//);
		// Berlin in summer: two hours before UTC's clock.
		expect((await posted(await house.api('baeren'), 'Guten Morgen'))[0]).toMatchObject({ state: 'scheduled', publish_at: '2027-07-01T05:30:00.000Z' });
	});
});

test('the answer gets lost: sent again it is the same notice', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	let asked = 0;
	await page.route('**/api/v1/notices', async (route) => {
		if (route.request().method() !== 'POST') return route.continue();
		if (asked++) return route.continue();
		await route.fetch();
		return route.abort('connectionreset');
	});
	await page.getByLabel('Überschrift').fill('Nur einmal');
	await send(page).click();
	await expect(page.getByText('Nicht gesendet')).toBeVisible();
	await page.getByRole('button', { name: 'Noch einmal senden' }).click();
	await expect(page).toHaveURL(/\/n\//);
	expect(asked).toBe(2);
	expect(await posted(await house.api('baeren'), 'Nur einmal')).toHaveLength(1);
});

test('the answer gets lost and the app is closed: it knows afterwards that the notice is there', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await page.route('**/api/v1/notices', async (route) => {
		if (route.request().method() !== 'POST') return route.continue();
		await route.fetch();
		return route.abort('connectionreset');
	});
	await page.getByLabel('Überschrift').fill('Längst da');
	await send(page).click();
	await expect(page.getByText('Nicht gesendet')).toBeVisible();
	await page.goto(house.url + '/notices/new');
	await expect(page).toHaveURL(/\/n\//);
	await expect(page.getByText('Diese Nachricht war schon gesendet.')).toBeVisible();
	expect(await posted(await house.api('baeren'), 'Längst da')).toHaveLength(1);
});

test('the answer gets lost and the text is changed: the change becomes a correction', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	let asked = 0;
	await page.route('**/api/v1/notices', async (route) => {
		if (route.request().method() !== 'POST' || asked++) return route.continue();
		await route.fetch();
		return route.abort('connectionreset');
	});
	await page.getByLabel('Überschrift').fill('Treffen um 9');
	await send(page).click();
	await expect(page.getByText('Nicht gesendet')).toBeVisible();
	await page.getByLabel('Überschrift').fill('Treffen um 10');
	await page.getByRole('button', { name: 'Noch einmal senden' }).click();
	await expect(page).toHaveURL(/\/edit$/);
	await expect(page.getByLabel('Überschrift')).toHaveValue('Treffen um 10');
	await page.getByRole('button', { name: 'Speichern' }).click();
	await expect(page).toHaveURL(/\/n\/[0-9a-f-]{36}$/);
	expect(await posted(await house.api('baeren'), 'Treffen um 9')).toHaveLength(0);
	expect(await posted(await house.api('baeren'), 'Treffen um 10')).toHaveLength(1);
});

test('sent too early: taken back at once, the text is a draft again', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await page.getByLabel('Überschrift').fill('Zu früh');
	await page.getByLabel('Text', { exact: true }).fill('Noch nicht fertig');
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	await page.getByRole('button', { name: 'Rückgängig' }).click();
	await expect(page).toHaveURL(/\/notices\/new$/);
	await expect(page.getByLabel('Überschrift')).toHaveValue('Zu früh');
	await expect(page.getByLabel('Text', { exact: true })).toHaveValue('Noch nicht fertig');
	expect((await posted(await house.api('baeren'), 'Zu früh')).map((n) => n.state)).toEqual(['withdrawn']);
	await ready(page);
	await send(page).click();
	await expect(page).toHaveURL(/\/n\//);
	expect((await posted(await house.api('baeren'), 'Zu früh')).map((n) => n.state).sort()).toEqual(['published', 'withdrawn']);
});

test('a name in a notice about an illness is seen before it is sent', async ({ house, as }) => {
	const kita = await kitaOf(house, 'baeren');
	const child = (await (await (await house.api('baeren')).get(`/api/v1/children?kita_id=${kita}&limit=1`)).json()).items[0] as { first_name: string };
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await chip(page, 'Krankheit').click();
	await page.getByLabel('Überschrift').fill('Läuse bei den Bären');
	await page.getByLabel('Text', { exact: true }).fill('Bitte schauen Sie heute nach.');
	await expect(page.getByText(/Im Text steht/)).toHaveCount(0);
	await page.getByLabel('Text', { exact: true }).fill(`Bitte schauen Sie nach, ${child.first_name}s Mütze war dabei.`);
	await expect(page.getByText(`Im Text steht: ${child.first_name}.`)).toBeVisible();
	await chip(page, 'Neuigkeit').click();
	await expect(page.getByText(/Im Text steht/)).toHaveCount(0);
});

test('what the server refuses stands at its field', async ({ as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	await chip(page, 'Termin').click();
	await page.getByLabel('Überschrift').fill('Verkehrt herum');
	await page.getByLabel('Tag', { exact: true }).fill('2026-12-03');
	await page.getByLabel('Von').fill('19:30');
	await page.getByLabel('Bis', { exact: true }).fill('18:00');
	await send(page).click();
	await expect(page.getByLabel('Bis', { exact: true })).toHaveAttribute('aria-invalid', 'true');
	await expect(page.getByLabel('Überschrift')).toHaveValue('Verkehrt herum');
});

test('in English', async ({ house, as }) => {
	await (await house.api('baeren')).patch('/api/v1/account', { data: { language: 'en' } });
	const page = await as('baeren', '/notices/new');
	await expect(page.getByText(/^Reaches \d+ families/)).toBeVisible();
	await page.getByLabel('Heading').fill('Off to the woods');
	await page.getByRole('button', { name: 'Send', exact: true }).click();
	await expect(page).toHaveURL(/\/n\//);
	await expect(page.getByText(/^Sent to \d+ families/)).toBeVisible();
});

test('a parent can not write', async ({ as }) => {
	const page = await as('eltern', '/notices/new');
	await expect(page.getByText('Nachrichten schreibt das Team einer Kita.')).toBeVisible();
});

test('bold and lists are a button, or a key, on what is selected; and are taken back by the keyboard @desktop', async ({ house, as }) => {
	const page = await as('baeren', '/notices/new');
	await ready(page);
	const text = page.getByLabel('Text', { exact: true });
	const [bold, list] = [page.getByRole('button', { name: 'Fett' }), page.getByRole('button', { name: 'Liste', exact: true })];
	for (const button of [bold, list]) {
		const box = (await button.boundingBox())!;
		expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(44);
	}
	const select = (from: number, to: number) => text.evaluate((el, [a, b]) => (el as HTMLTextAreaElement).setSelectionRange(a!, b!), [from, to]);

	await text.fill('Morgen Regenhose mitbringen');
	await select(7, 17);
	await bold.click();
	await expect(text).toBeFocused();
	await expect(text).toHaveValue('Morgen **Regenhose** mitbringen');
	await page.keyboard.press('Control+z');
	await expect(text).toHaveValue('Morgen Regenhose mitbringen');
	await select(9, 9);
	await page.keyboard.press('Control+b');
	await expect(text).toHaveValue('Morgen **Regenhose** mitbringen');
	await page.keyboard.press('Control+b');
	await expect(text).toHaveValue('Morgen Regenhose mitbringen');

	// Nothing selected, nothing there: what is typed next is bold. A list goes on by itself, and an empty line ends it.
	await text.fill('');
	await bold.click();
	await page.keyboard.type('Bitte:');
	await page.keyboard.press('End');
	await page.keyboard.press('Enter');
	await list.click();
	await page.keyboard.type('Stiefel');
	await page.keyboard.press('Enter');
	await page.keyboard.type('Jacke');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	await page.keyboard.type('Danke!');
	await expect(text).toHaveValue('**Bitte:**\n- Stiefel\n- Jacke\nDanke!');
	await select(12, 28);
	await list.click();
	await expect(text).toHaveValue('**Bitte:**\nStiefel\nJacke\nDanke!');
	await list.click();
	await bold.click();
	await expect(text).toHaveValue('**Bitte:**\n- **Stiefel**\n- **Jacke**\nDanke!');
	await bold.click();
	await expect(text).toHaveValue('**Bitte:**\n- Stiefel\n- Jacke\nDanke!');

	await page.getByLabel('Überschrift').fill('Regen');
	await send(page).click();
	await expect(page.getByRole('heading', { level: 1, name: 'Regen' })).toBeVisible();
	await expect(page.locator('strong', { hasText: 'Bitte:' })).toBeVisible();
	await expect(page.getByRole('main').locator('li', { hasText: 'Jacke' })).toBeVisible();
	expect((await posted(await house.api('baeren'), 'Regen')).map((n) => n.body)).toEqual(['**Bitte:**\n- Stiefel\n- Jacke\nDanke!']);

	await page.goto(page.url() + '/edit');
	await text.evaluate((el) => (el as HTMLTextAreaElement).setSelectionRange(13, 13));
	await bold.click();
	await expect(text).toHaveValue('**Bitte:**\n- **Stiefel**\n- Jacke\nDanke!');
});
