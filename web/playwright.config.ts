import { defineConfig, devices } from '@playwright/test';

// The browser is Debian's: no test tool downloads one here.
const launchOptions = {
	executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
};

export default defineConfig({
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
		trace: 'retain-on-failure',
		launchOptions
	},
	projects: [
		{ name: 'phone', use: { ...devices['Pixel 7'], viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 } },
		// The main paths once more where there is room; marked in the title of the test.
		{ name: 'tablet', grep: /@tablet/, use: { viewport: { width: 820, height: 1180 }, hasTouch: true } },
		{ name: 'desktop', grep: /@desktop/, use: { viewport: { width: 1280, height: 800 } } }
	]
});
