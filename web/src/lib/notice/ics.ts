// An event for the phone's calendar (RFC 5545), made on the device.

export interface Event {
	/** The same for every version of it: a correction then takes the place of what is in the calendar. */
	id: string;
	version: number;
	title: string;
	text: string;
	place?: string;
	/** Where it can be read again. */
	url: string;
	/** RFC 3339. */
	starts: string;
	ends?: string;
	/** When this version was made. */
	made: string;
	/** The kita's: it says what is a whole day. */
	timeZone: string;
}

/** icalendar is the content of an .ics file with one event. */
export function icalendar(e: Event): string {
	const span = wholeDays(e);
	const lines = [
		'BEGIN:VCALENDAR',
		'VERSION:2.0',
		'PRODID:-//Morgenkreis//Morgenkreis//DE',
		'METHOD:PUBLISH',
		'BEGIN:VEVENT',
		`UID:${e.id}@morgenkreis`,
		`SEQUENCE:${Math.max(0, e.version - 1)}`,
		`DTSTAMP:${utc(e.made)}`,
		`LAST-MODIFIED:${utc(e.made)}`,
		...(span
			? [`DTSTART;VALUE=DATE:${date(span.first)}`, `DTEND;VALUE=DATE:${date(span.after)}`]
			: [`DTSTART:${utc(e.starts)}`, ...(e.ends ? [`DTEND:${utc(e.ends)}`] : [])]),
		`SUMMARY:${escape(e.title)}`,
		...(e.place ? [`LOCATION:${escape(e.place)}`] : []),
		...(e.text ? [`DESCRIPTION:${escape(e.text)}`] : []),
		`URL:${e.url}`,
		...(span ? ['TRANSP:TRANSPARENT'] : []),
		'END:VEVENT',
		'END:VCALENDAR'
	];
	return lines.map(fold).join('\r\n') + '\r\n';
}

/** wholeDays are the first day and the day after the last, when the event begins and ends with days; nothing otherwise. */
export function wholeDays({ starts, ends, timeZone }: Pick<Event, 'starts' | 'ends' | 'timeZone'>): { first: string; after: string } | undefined {
	const from = local(starts, timeZone);
	if (from.clock !== '00:00') return undefined;
	if (!ends) return { first: from.day, after: next(from.day) };
	const to = local(ends, timeZone);
	if (to.clock === '00:00' && to.day > from.day) return { first: from.day, after: to.day };
	if (to.clock === '23:59') return { first: from.day, after: next(to.day) };
	return undefined;
}

function local(at: string, timeZone: string) {
	const parts = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone }).formatToParts(
		new Date(at)
	);
	const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
	return { day: `${part('year')}-${part('month')}-${part('day')}`, clock: `${part('hour')}:${part('minute')}` };
}

function next(day: string): string {
	const d = new Date(day + 'T12:00:00Z');
	d.setUTCDate(d.getUTCDate() + 1);
	return d.toISOString().slice(0, 10);
}

const date = (day: string) => day.replace(/-/g, '');
const utc = (at: string) => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** Section 3.3.11. Other control characters than the line's end have no place in a text. */
const escape = (text: string) =>
	text
		.replace(/\r\n?/g, '\n')
		.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
		.replace(/[\\;,]/g, '\\$&')
		.replace(/\n/g, '\\n');

/** Section 3.1: at most 75 octets a line, and no character cut in two. */
function fold(line: string): string {
	const bytes = new TextEncoder();
	let out = '';
	let room = 75;
	for (const c of line) {
		const size = bytes.encode(c).length;
		if (size > room) {
			out += '\r\n ';
			room = 74;
		}
		out += c;
		room -= size;
	}
	return out;
}
