// Once before all tests: builds the server, with a clock that can be set, and makes the demo kita that each test gets a copy of,
// on both engines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remember, startPostgres } from './postgres';
import { serve } from './server';

const AT = '2026-11-24T08:00:00+01:00';

export default async function setup() {
	const folder = mkdtempSync(join(tmpdir(), 'morgenkreis-app-'));
	process.env['MORGENKREIS_APP_TESTS'] = folder;
	execFileSync('go', ['test', '-c', '-o', join(folder, 'morgenkreis'), './cmd/morgenkreis'], { cwd: '..', stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '1' } });
	const house = await serve({ data: join(folder, 'demo'), demo: true, at: AT });
	await house.stop();
	const postgres = await startPostgres(join(folder, 'morgenkreis'));
	const second = await serve({ data: join(folder, 'demo-postgres'), database: postgres.template, demo: true, at: AT });
	await second.stop();
	for (const database of [join(folder, 'demo', 'morgenkreis.db'), postgres.template])
		execFileSync(join(folder, 'morgenkreis'), { stdio: 'inherit', env: { ...process.env, TEST_BINARY_SIGNS_IN_FAST: database } });
	await remember(postgres.template);
	return async () => {
		await postgres.stop();
		rmSync(folder, { recursive: true, force: true });
	};
}
