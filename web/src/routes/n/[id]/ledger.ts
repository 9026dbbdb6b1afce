// The ledger in the words of the screen: each state its name, its place in the picture, and who is still missing.
import type { Ledger, Notice, Recipient } from '$lib/api/types';

/** From the best news to the worst, as the picture goes from its start to its end. */
export const states = ['confirmed', 'opened', 'shown', 'accepted', 'waiting', 'emailed', 'call_list'] as const;
export type State = (typeof states)[number];

export type Counts = Record<State, number>;

export const countsOf = (l: Ledger): Counts => ({
	confirmed: l.confirmed,
	opened: l.opened,
	shown: l.shown,
	accepted: l.accepted,
	waiting: l.waiting,
	emailed: l.emailed,
	call_list: l.call_list
});

/** counted counts people, where the list is newer than the sum. */
export function counted(people: readonly Recipient[]): Counts {
	const n = Object.fromEntries(states.map((s) => [s, 0])) as Counts;
	for (const p of people) n[p.state]++;
	return n;
}

export const total = (c: Counts) => states.reduce((sum, s) => sum + c[s], 0);
/** A device showed it, or the person did something with it: that, and not that it was sent, is "reached". */
export const reached = (c: Counts) => c.confirmed + c.opened + c.shown;
export const read = (c: Counts) => c.confirmed + c.opened;

/** isMissing tells whether somebody should still do something about this person. */
export const isMissing = (n: Notice, r: Recipient) => (n.confirm_wanted ? r.state !== 'confirmed' : r.state !== 'confirmed' && r.state !== 'opened' && r.state !== 'shown');

/** No push can reach them: they need paper, or a call. */
export const hasNoDevice = (r: Recipient) => (r.trouble === 'no_device' || !r.has_account) && r.state !== 'confirmed' && r.state !== 'opened';
