import { readFileSync } from 'node:fs';
import { expect, test } from './house';
import { found, inbox, one, posted, withPictures } from './family';
import { icalendar } from '../src/lib/notice/ics';

test('a notice is read, confirmed, and that taken back @tablet @desktop', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, { title: 'Elternabend', body: 'Wir treffen uns **um acht**.', confirm_wanted: true });
	const before = (await one(leader, id)).ledger;
	const told: string[] = [];
	const page = await as('eltern', '/');
	page.on('request', (r) => r.method() === 'PUT' && told.push(r.url().replace(/.*\//, '')));
	await page.goto(house.url + '/n/' + id);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Elternabend');
	await expect(page.locator('.body strong')).toHaveText('um acht');
	await expect(page.getByText('Für Ella und Theo')).toBeVisible();
	await expect.poll(async () => (await one(leader, id)).ledger['opened']).toBe(before['opened']! + 1);
	await page.getByRole('button', { name: 'Gelesen – bestätigen' }).click();
	await expect(page.getByText(/Sie haben bestätigt/)).toBeVisible();
	await expect.poll(async () => (await one(leader, id)).ledger['confirmed']).toBe(before['confirmed']! + 1);
	// The button that takes it back has the focus now: a keyboard is not sent to the top of the page.
	await page.keyboard.press('Enter');
	await expect(page.getByRole('button', { name: 'Gelesen – bestätigen' })).toBeVisible();
	await expect.poll(async () => (await one(leader, id)).ledger['confirmed']).toBe(before['confirmed']!);
	// What the server has and this device does not know of yet would be sent once more after a reload, and rightly so.
	expect(told).toEqual(['opened', 'confirmed', 'confirmed']);
	await page.reload();
	await expect(page.getByRole('button', { name: 'Gelesen – bestätigen' })).toBeVisible();
});

test('what the server refuses is not shown as done', async ({ house, as }) => {
	const id = await posted(house, { title: 'Kommt weg', confirm_wanted: true });
	const page = await as('eltern', '/n/' + id);
	const leader = await house.api('leitung');
	// It is withdrawn between the tap and what the tap asks for: before, the page would hear of it, or find it out by itself.
	await page.route('**/api/v1/notices/*/confirmed', async (route) => {
		await leader.post(`/api/v1/notices/${id}/withdrawal`);
		await route.continue();
	});
	await page.getByRole('button', { name: 'Gelesen – bestätigen' }).click();
	await expect(page.getByText(/Sie haben bestätigt/)).toHaveCount(0);
	await expect(page.locator('.toast.bad')).toBeVisible();
	// And what was withdrawn is not shown again, from the device either.
	await page.goto(house.url + '/n/' + id);
	await expect(page.getByText('Das ist nicht mehr da')).toBeVisible();
	await expect(page.getByText('Kommt weg')).toHaveCount(0);
});

test('a correction says that it is one', async ({ house, as }) => {
	const id = await posted(house, { title: 'Um neun' });
	await (await house.api('leitung')).patch(`/api/v1/notices/${id}`, { data: { title: 'Um zehn' } });
	const page = await as('eltern', '/n/' + id);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Um zehn');
	await expect(page.getByText(/^Korrigiert: /)).toBeVisible();
});

test('the author reads it with the ledger below, and is counted as nobody', async ({ house, as }) => {
	const id = await posted(house, { title: 'Vom Team' });
	const page = await as('leitung', '/n/' + id);
	await expect(page.getByRole('heading', { level: 1 })).toHaveText('Vom Team');
	await expect(page.getByRole('button', { name: 'Gelesen – bestätigen' })).toHaveCount(0);
});

test('pictures fill the screen, by keyboard too, and back closes them @desktop', async ({ house, as }) => {
	const id = await withPictures(house, 3);
	const page = await as('eltern', '/n/' + id);
	const second = page.getByRole('button', { name: 'Bild 2 von 3 groß zeigen' });
	await expect(second.locator('img')).toHaveJSProperty('complete', true);
	await second.focus();
	await page.keyboard.press('Enter');
	const viewer = page.getByRole('dialog', { name: 'Bilder' });
	const where = viewer.getByRole('status');
	await expect(where).toContainText('Bild 2 von 3');
	await expect(viewer.getByRole('img', { name: 'Bild 2 von 3' })).toBeInViewport();
	await page.keyboard.press('ArrowRight');
	await expect(where).toContainText('Bild 3 von 3');
	await page.keyboard.press('Home');
	await expect(where).toContainText('Bild 1 von 3');
	const small = (await viewer.getByRole('img', { name: 'Bild 1 von 3' }).boundingBox())!.width;
	await page.keyboard.press('+');
	await expect.poll(async () => (await viewer.getByRole('img', { name: 'Bild 1 von 3' }).boundingBox())!.width).toBeGreaterThan(small * 1.5);
	await page.keyboard.press('0');
	const [saved] = await Promise.all([page.waitForEvent('download'), viewer.getByRole('button', { name: 'Bild speichern' }).click()]);
	expect(saved.suggestedFilename()).toBe('bild-1.png');
	await page.keyboard.press('Escape');
	await expect(viewer).toHaveCount(0);
	await expect(page.getByRole('button', { name: 'Bild 1 von 3 groß zeigen' })).toBeFocused();
	await second.click();
	await expect(viewer).toBeVisible();
	await page.goBack();
	await expect(viewer).toHaveCount(0);
	await expect(page).toHaveURL(house.url + '/n/' + id);
});

test('on an iPhone’s home screen a PDF goes out by the system’s sheet, which leads back', async ({ house, as, context }) => {
	await context.addInitScript(() => {
		const shared: string[] = [];
		let taps = 0;
		Object.assign(window, { shared });
		Object.defineProperties(navigator, {
			standalone: { value: true },
			canShare: { value: () => true },
			share: {
				value: async (data: ShareData) => {
					if (!taps++) throw new DOMException('too late', 'NotAllowedError');
					shared.push(...(data.files ?? []).map((f) => `${f.name} ${f.type}`));
				}
			}
		});
	});
	const note = found(await inbox(house), (n) => n.files.some((f) => !f.thumbnail));
	const file = note.files.find((f) => !f.thumbnail)!;
	const page = await as('eltern', '/n/' + note.id);
	const button = page.getByRole('button', { name: file.name });
	await expect(page.getByRole('link', { name: file.name })).toHaveCount(0);
	await button.click();
	await expect(page.getByText('Bitte tippen Sie noch einmal.')).toBeVisible();
	await button.click();
	await expect.poll(() => page.evaluate(() => (window as unknown as { shared: string[] }).shared)).toEqual([`${file.name} application/pdf`]);
});

test('an event goes into the calendar, and its correction takes its place', async ({ house, as }) => {
	const leader = await house.api('leitung');
	const id = await posted(house, {
		kind: 'event',
		title: 'Laternen; Lieder, Brot',
		body: 'Bitte **warm** anziehen.\n\nWir singen draußen, im Hof und auf der Wiese hinter dem Haus.',
		starts_at: '2026-12-04T15:30:00Z',
		ends_at: '2026-12-04T18:00:00Z',
		place: 'Garten, hinten'
	});
	const page = await as('eltern', '/n/' + id);
	await expect(page.getByText('Freitag, 4. Dezember, 16:30 bis 19:00 Uhr')).toBeVisible();
	const ics = async () => {
		const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'In meinen Kalender' }).click()]);
		expect(saved.suggestedFilename()).toMatch(/\.ics$/);
		return readFileSync(await saved.path(), 'utf8');
	};
	const first = await ics();
	expect(first).toContain('DTSTART:20261204T153000Z\r\nDTEND:20261204T180000Z\r\n');
	expect(first).toContain('SUMMARY:Laternen\\; Lieder\\, Brot\r\n');
	expect(first).toContain('LOCATION:Garten\\, hinten\r\n');
	expect(first.replace(/\r\n /g, '')).toContain('DESCRIPTION:Bitte warm anziehen.\\n');
	const field = (text: string, name: string) => new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1];
	await leader.patch(`/api/v1/notices/${id}`, { data: { starts_at: '2026-12-04T16:00:00Z' } });
	await page.reload();
	await expect(page.getByText('17:00 bis 19:00 Uhr')).toBeVisible();
	const then = await ics();
	expect(field(then, 'UID')).toBe(field(first, 'UID'));
	expect(Number(field(then, 'SEQUENCE'))).toBeGreaterThan(Number(field(first, 'SEQUENCE')));
	expect(then).toContain('DTSTART:20261204T160000Z');
});

test.describe('the calendar file', () => {
	const event = { id: 'x', version: 1, title: 'T', text: '', url: 'https://k/n/x', starts: '2026-12-04T15:30:00Z', made: '2026-11-24T07:00:00Z', timeZone: 'Europe/Berlin' };

	test('has no line over 75 octets and cuts no character in two', () => {
		const text = 'Grüße 🐻 und mehr, '.repeat(40) + '\r\nEnde\u0007';
		const file = icalendar({ ...event, text });
		for (const line of file.split('\r\n')) {
			expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
			expect(line).not.toContain('\ufffd');
		}
		expect(file.replace(/\r\n /g, '')).toContain('DESCRIPTION:' + text.replaceAll(',', '\\,').replace('\r\n', '\\n').replace('\u0007', '') + '\r\n');
	});

	test('knows whole days in the zone of the kita, over the change of the clocks too', () => {
		expect(icalendar({ ...event, starts: '2026-12-22T23:00:00Z', ends: '2027-01-01T23:00:00Z' })).toContain('DTSTART;VALUE=DATE:20261223\r\nDTEND;VALUE=DATE:20270102\r\n');
		expect(icalendar({ ...event, starts: '2026-12-22T23:00:00Z' })).toContain('DTSTART;VALUE=DATE:20261223\r\nDTEND;VALUE=DATE:20261224\r\n');
		expect(icalendar({ ...event, starts: '2027-03-27T23:00:00Z', ends: '2027-03-28T22:00:00Z' })).toContain('DTSTART;VALUE=DATE:20270328\r\nDTEND;VALUE=DATE:20270329\r\n');
		expect(icalendar({ ...event, starts: '2026-12-22T23:00:00Z', timeZone: 'Europe/London' })).toContain('DTSTART:20261222T230000Z\r\n');
	});
});
