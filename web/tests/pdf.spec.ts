// A PDF is read where the browser reads one: its viewer is one of its own, and what was fetched is kept by the service worker.
import { readFileSync } from 'node:fs';
import { whole } from './browsers';
import { found, inbox } from './family';
import { expect, PDF_VIEWER, test } from './house';

test.use(whole);

test('a PDF opens to be read, and is saved under its name @tablet', async ({ house, as, context }) => {
	const note = found(await inbox(house), (n) => n.files.some((f) => !f.thumbnail));
	const file = note.files.find((f) => !f.thumbnail)!;
	const page = await as('eltern', '/n/' + note.id);
	const link = page.getByRole('link', { name: file.name });
	await expect(link).toHaveAttribute('rel', 'noopener');
	const [answer, tab] = await Promise.all([context.waitForEvent('response', (r) => r.url().endsWith(`/files/${file.id}/content`) && r.request().isNavigationRequest()), context.waitForEvent('page'), link.click()]);
	expect(answer.status()).toBe(200);
	expect(answer.headers()['content-type']).toBe('application/pdf');
	expect(answer.headers()['content-disposition']).toMatch(/^inline;/);
	// It is on the screen, and not in a folder.
	await expect.poll(() => tab.frames().some((f) => f.url().startsWith(PDF_VIEWER))).toBe(true);
	await tab.close();
	const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `${file.name} speichern` }).click()]);
	expect(saved.suggestedFilename()).toBe(file.name);
	expect(readFileSync(await saved.path()).subarray(0, 5).toString()).toBe('%PDF-');
	// In the basement it is still here, and no tab opens on nothing.
	await context.setOffline(true);
	const [again] = await Promise.all([page.waitForEvent('download'), link.click()]);
	expect(readFileSync(await again.path()).subarray(0, 5).toString()).toBe('%PDF-');
	expect(context.pages()).toHaveLength(1);
});
