import { defineConfig, devices } from '@playwright/test';
import { bare } from './tests/browsers';
import type { Engine } from './tests/postgres';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, ...bare };

export default defineConfig<{ engine: Engine }>({
	testDir: 'tests',
	globalSetup: './tests/setup.ts',
	fullyParallel: true,
	workers: 2,
	forbidOnly: !!process.env['CI'],
	// Once more where changes land: a machine that is busy with something else is no reason to refuse one. It prints which were flaky,
	// and those are mended first.
	retries: process.env['CI'] ? 1 : 0,
	timeout: 60_000,
	expect: { timeout: 10_000 },
	reporter: [['list']],
	use: {
		locale: 'de-DE',
		timezoneId: 'Europe/Berlin',
		// Recording costs a tenth of all work; --trace=retain-on-failure does it from the first time on.
		trace: 'on-first-retry'
	},
	projects: [
		// What is about the service worker, notifications or the time without a network asks for the whole browser in its file.
		{ name: 'phone', use: { engine: 'sqlite', ...phone } },
		// Each of them on PostgreSQL as well, but for those of the device and of its screen, to which the server's database is nothing;
		// what is marked for larger screens meets PostgreSQL there.
		{
			name: 'postgres',
			grepInvert: /@tablet|@desktop/,
			testIgnore: /(access|gallery|install|long-lists|offline|start|texts|update|worker)\.spec/,
			use: { engine: 'postgres', ...phone }
		},
		// The main paths once more where there is room; marked in the title of the test.
		{ name: 'tablet', grep: /@tablet/, use: { engine: 'postgres', viewport: { width: 820, height: 1180 }, hasTouch: true, ...bare } },
		{ name: 'desktop', grep: /@desktop/, use: { engine: 'postgres', viewport: { width: 1280, height: 800 }, ...bare } }
	]
});
