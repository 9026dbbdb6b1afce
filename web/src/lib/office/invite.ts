// Invitations as both leaders and operators give them out.
import { answer, api } from '$lib/api';
import type { Invited } from '$lib/api/types';

/** Whom to invite, as the server takes it: people of a kita, a group of it, or somebody for a provider. */
export type Invitees =
	| { kita_id: string; guardian_ids: string[] }
	| { kita_id: string; staff_ids: string[] }
	| { kita_id: string; group_id: string }
	| { provider_id: string };

/** One fresh invitation, with its code. What the same person was given before ends. */
export async function invite(who: Invitees): Promise<Invited[]> {
	return (await answer(api.POST('/api/v1/invitations', { body: who }))).items;
}

/** The same as letters to print, a page each. */
export async function letters(who: Invitees): Promise<Blob> {
	return (await answer(api.POST('/api/v1/invitations/letters', { body: who, parseAs: 'blob' }))) as unknown as Blob;
}

/** At most so many people at once (handlers.Invite). */
export const atOnce = 500;
