// The two browsers that the app is tried in, both Debian's Chromium: no test tool downloads one here.
import type { PlaywrightTestOptions, PlaywrightWorkerOptions } from '@playwright/test';

type Browser = Pick<PlaywrightTestOptions & PlaywrightWorkerOptions, 'launchOptions' | 'serviceWorkers'>;

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/**
 * As people have it: with notifications and what else belongs to a browser's own windows, and with the app's service worker, which
 * fetches the whole app in each test anew.
 */
export const whole: Browser = { launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args }, serviceWorkers: 'allow' };

/** The same engine without windows, and without the service worker: a third of the work, for tests that are about neither. */
export const bare: Browser = { launchOptions: { executablePath: process.env['CHROMIUM_BARE'] ?? '/usr/bin/chromium-headless-shell', args }, serviceWorkers: 'block' };
