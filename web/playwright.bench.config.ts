import { defineConfig } from '@playwright/test';
import tests from './playwright.config';
import { whole } from './tests/browsers';

// What the app costs a phone: npm run bench. One after the other, so that nothing else takes the machine's time.
export default defineConfig({ ...tests, testDir: 'bench', fullyParallel: false, workers: 1, timeout: 300_000, projects: tests.projects?.filter((p) => p.name === 'phone').map((p) => ({ ...p, use: { ...p.use, ...whole } })) });
