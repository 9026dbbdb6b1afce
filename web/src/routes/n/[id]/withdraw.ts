// Taking a notice back: asked before, and what it said stays with its author as a draft.
import { goto } from '$app/navigation';
import { draftAgain } from '../../notices/new/again';
import { answer, api } from '$lib/api';
import type { Notice } from '$lib/api/types';
import { t } from '$lib/i18n/index.svelte';
import type { Hat } from '$lib/session.svelte';
import { toasts } from '$lib/toasts.svelte';
import { confirm } from '$lib/ui/confirm.svelte';

/** withdraw asks, takes the notice back, and answers whether it is. The way back makes a draft of it: what was seen was seen. */
export async function withdraw(notice: Notice, hat: Hat | undefined): Promise<boolean> {
	const yes = await confirm({
		title: t('inbox.posted_withdraw_ask', { title: notice.title }),
		text: notice.state === 'scheduled' ? t('inbox.posted_withdraw_planned') : t('inbox.posted_withdraw_text'),
		yes: t('inbox.posted_withdraw'),
		danger: true
	});
	if (!yes) return false;
	await answer(api.POST('/api/v1/notices/{id}/withdrawal', { params: { path: { id: notice.id } } }));
	// Whatever shows it asks again.
	window.dispatchEvent(new Event('morgenkreis:sent'));
	toasts.show(t('inbox.posted_withdraw_done'), {
		undo:
			hat &&
			(async () => {
				await draftAgain(notice, hat);
				await goto('/notices/new');
				toasts.show(t('inbox.posted_draft_again'), { tone: 'plain' });
			})
	});
	return true;
}
