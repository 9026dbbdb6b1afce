// What became of a report, and the way back.
import type { Absence, Child } from '$lib/api/types';
import { outbox } from '$lib/outbox.svelte';
import { days, t } from '$lib/i18n/index.svelte';

export type Reason = Absence['reason'];
export const reasons: Reason[] = ['sick', 'vacation', 'other'];

/** The body of a report, as it also waits in the outbox. */
export interface Body {
	id: string;
	child_id: string;
	from: string;
	to: string;
	reason: Reason;
	illness?: string;
	note?: string;
}

/** The server's answer to a report. */
export type Answer = Absence & { joined: boolean };

/** Reported is one child's report: with the server's answer, or without one when it waits on the device. */
export interface Reported {
	child: Pick<Child, 'id' | 'kita_id' | 'first_name' | 'last_name'>;
	body: Body;
	answer?: Answer;
}

/** waitingFor is the report's entry in the outbox while it is there. */
export const waitingFor = (id: string) => outbox.items.find((p) => p.what === 'absence' && (p.body as Body).id === id);

/** reports that wait on this device, oldest first. */
export const waitingReports = () => outbox.waiting.filter((p) => p.what === 'absence');

/**
 * takeBack withdraws a report wherever it is: 'sent' when it is gone for sure, 'kept' when the server has to be told later.
 * What waits and can not have reached the server is simply not sent.
 */
export async function takeBack(id: string, about: string): Promise<'sent' | 'kept'> {
	const waits = waitingFor(id);
	if (waits) await outbox.drop(waits.id);
	if (waits && !waits.tried) return 'sent';
	return outbox.put({ method: 'DELETE', path: `/api/v1/absences/${id}`, what: 'absence_withdrawal', about });
}

/** From–to as people say them, with today by its name. */
export const spoken = (from: string, to: string, today: string) => (from === to && from === today ? t('absence.today') : days(from, to));
