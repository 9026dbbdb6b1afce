// From a notice that is there back to what was typed.
import { answer, api } from '$lib/api';
import type { Notice } from '$lib/api/types';
import { addDays } from '$lib/i18n/index.svelte';
import type { Hat } from '$lib/session.svelte';
import { localTime } from '$lib/zoned';
import { blank, draftKey, keepAgain, type Form } from './compose.svelte';

/** timesOf is from–to as the form holds it; midnight to midnight is all day. */
export function timesOf(n: Pick<Notice, 'starts_at' | 'ends_at'>, zone: string): Pick<Form, 'allDay' | 'startDay' | 'startTime' | 'endDay' | 'endTime'> {
	const [startDay = '', startTime = ''] = n.starts_at ? localTime(n.starts_at, zone).split('T') : [];
	const [endDay = '', endTime = ''] = n.ends_at ? localTime(n.ends_at, zone).split('T') : [];
	if (startTime === '00:00' && endTime === '00:00') {
		const last = addDays(endDay, -1);
		return { allDay: true, startDay, startTime: '', endDay: last === startDay ? '' : last, endTime: '' };
	}
	return { allDay: false, startDay, startTime, endDay: endDay === startDay ? '' : endDay, endTime };
}

/** draftAgain makes a draft of a notice that was withdrawn, in place of the one that may be there. */
export async function draftAgain(n: Notice, hat: Hat) {
	const kita = await answer(api.GET('/api/v1/kitas/{id}', { params: { path: { id: n.kita_id } } }));
	const kind = n.audience?.kind ?? 'kita';
	const targets = n.audience?.targets ?? [];
	const form: Form = {
		...blank(n.kita_id, kind === 'groups' ? targets : [kind], n.language),
		children: kind === 'children' ? targets : [],
		kind: n.kind as Form['kind'],
		title: n.title,
		body: n.body,
		confirm: n.confirm_wanted,
		place: n.place ?? '',
		endsOn: n.ends_on ?? '',
		publish: n.published_at ? '' : localTime(n.publish_at, kita.time_zone),
		...timesOf(n, kita.time_zone)
	};
	await keepAgain(
		draftKey(hat, n.kita_id),
		form,
		n.files.map((f) => ({ id: f.id, name: f.name, done: true }))
	);
}
