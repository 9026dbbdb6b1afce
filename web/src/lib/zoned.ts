// Times of day in the kita's own zone, whatever the phone's is: a leader on holiday still means half past four in Berlin.

const parts = (at: number, timeZone: string) => {
	const f = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
	return Object.fromEntries(f.formatToParts(at).map((p) => [p.type, p.value])) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', string>;
};

/** localTime is what the clocks of a zone show at an instant, as inputs take it: "2026-11-24T08:15". */
export function localTime(at: number | string, timeZone: string): string {
	const p = parts(typeof at === 'string' ? Date.parse(at) : at, timeZone);
	return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/**
 * instant is when the clocks of a zone show `local` ("2026-11-24T08:15"), in RFC 3339. Of the hour that comes twice it is the
 * first; one that is left out is as much later as the clocks jump.
 */
export function instant(local: string, timeZone: string): string {
	const wanted = Date.parse(local + 'Z');
	// The offset of a day earlier holds until the clocks change; if it does not fit there, they have changed.
	for (const hours of [-24, 24]) {
		const probe = wanted + hours * 3_600_000;
		const at = wanted - (Date.parse(localTime(probe, timeZone) + 'Z') - probe);
		if (localTime(at, timeZone) === local) return new Date(at).toISOString();
	}
	const before = wanted - 24 * 3_600_000;
	return new Date(wanted - (Date.parse(localTime(before, timeZone) + 'Z') - before)).toISOString();
}
