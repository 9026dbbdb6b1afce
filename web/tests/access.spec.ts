// What every screen owes to those who see, hear or move differently (WCAG 2.2 AA).
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { Result } from 'axe-core';
import { expect, test } from './house';
import { screens, show } from './screens';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('every screen is in the list', () => {
	const routes = readdirSync('src/routes', { recursive: true, encoding: 'utf8' })
		.filter((f) => f.endsWith('+page.svelte'))
		.map((f) => relative('.', dirname(f)));
	expect(routes.filter((r) => !screens.some((s) => s.route === r))).toEqual([]);
});

/** Controls that the tabulator has to stop at. Of radio buttons with one name it stops at one; the arrows reach the rest. */
function numberStops() {
	const able = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
	const shown = Array.from(document.querySelectorAll<HTMLElement>(able)).filter(
		(e) => e.checkVisibility({ visibilityProperty: true }) && !(e as HTMLButtonElement).disabled && e.tabIndex >= 0
	);
	const groups: Record<string, string> = {};
	let n = 0;
	for (const e of shown) {
		const group = e instanceof HTMLInputElement && e.type === 'radio' ? e.name : '';
		e.dataset['stop'] = group ? (groups[group] ??= String(n++)) : String(n++);
	}
	return n;
}

/** Those of the first stops that were not reached. The button for more goes when more has come by itself meanwhile. */
function missed({ reached, all }: { reached: string[]; all: number }) {
	return Array.from(document.querySelectorAll<HTMLElement>('[data-stop]'))
		.filter((e) => Number(e.dataset['stop']) < all && !reached.includes(e.dataset['stop']!) && e.checkVisibility({ visibilityProperty: true }) && !(e as HTMLButtonElement).disabled)
		.map((e) => e.outerHTML.slice(0, 160));
}

/** Where the focus is, and whether one sees that it is there: a ring, drawn by the control or by what stands around it. */
function focused() {
	const e = document.activeElement as HTMLElement | null;
	if (!e || e === document.body) return null;
	const box = e.getBoundingClientRect();
	const ring = [e, e.closest('label'), e.parentElement].some((x) => {
		const style = x && getComputedStyle(x);
		return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
	});
	return { stop: e.dataset['stop'] ?? '', seen: ring && box.bottom > 0 && box.top < innerHeight, what: e.outerHTML.slice(0, 160) };
}

/** What stands out of the page at its side. */
function tooWide() {
	const room = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= room) return [];
	return Array.from(document.querySelectorAll('body *'))
		.filter((e) => e.getBoundingClientRect().right > room + 1)
		.slice(0, 3)
		.map((e) => e.outerHTML.slice(0, 120));
}

for (const s of screens)
	test(`${typeof s.path === 'string' ? s.path : `/${s.route}`} as ${s.who ?? 'a stranger'}: for everybody`, async ({ page, house }) => {
		await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
		await show(page, house, s);

		for (const colorScheme of ['light', 'dark'] as const) {
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			// Not as a script tag: the policy would refuse it, as it should.
			await page.evaluate(axe);
			const found = await page.evaluate(async () => {
				const run = await (window as unknown as { axe: typeof import('axe-core') }).axe.run(document, {
					runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
				});
				return run.violations;
			});
			expect
				.soft(
					found.map((v: Result) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + (n.failureSummary ?? '').split('\n')[1]).join(' | ')}`),
					`axe, ${colorScheme}`
				)
				.toEqual([]);
		}

		const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && Number(a.effect?.getTiming().duration) > 10).length);
		expect.soft(moving, 'animations for those who asked for none').toBe(0);

		// From the top, wherever opening the screen has left the focus.
		await page.evaluate(() => {
			document.body.tabIndex = -1;
			document.body.focus();
			document.body.removeAttribute('tabindex');
		});
		// Of a long list the first sixty: the rest are the same.
		const all = Math.min(await page.evaluate(numberStops), 60);
		const reached = new Set<string>();
		const unseen: string[] = [];
		for (let i = 0; i < all * 2 + 10 && reached.size < all; i++) {
			await page.keyboard.press('Tab');
			const at = await page.evaluate(focused);
			if (at?.stop) reached.add(at.stop);
			if (at && !at.seen) unseen.push(at.what);
		}
		expect.soft(reached.size, 'controls that the tabulator reaches').toBeGreaterThan(0);
		expect.soft(await page.evaluate(missed, { reached: [...reached], all }), 'controls that the tabulator does not reach').toEqual([]);
		expect.soft(unseen, 'controls whose focus is not seen').toEqual([]);

		await page.setViewportSize({ width: 320, height: 640 });
		expect.soft(await page.evaluate(tooWide), 'wider than 320 pixels').toEqual([]);
		// WCAG 1.4.4: text alone grows to 200 %, on an ordinary phone.
		await page.setViewportSize({ width: 390, height: 844 });
		await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
		expect.soft(await page.evaluate(tooWide), 'letters of twice the size').toEqual([]);
	});
