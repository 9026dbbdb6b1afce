// A PostgreSQL server for the tests, started by them on a temporary folder, and databases in it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { TestInfo } from '@playwright/test';

export type Engine = 'sqlite' | 'postgres';

const TEMPLATE = 'demo';

export interface Postgres {
	/** The address of the database that each test gets a copy of. */
	template: string;
	stop(): Promise<void>;
}

function named(address: string, database: string): string {
	return address.replace(/^postgres:\/\/\/[^?]*/, `postgres:///${database}`);
}

function run(address: string, statement: string) {
	return promisify(execFile)('psql', ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', statement, address]);
}

/** Starts the server; program is the test binary, which knows how. */
export async function startPostgres(program: string): Promise<Postgres> {
	const server: ChildProcess = spawn(program, { env: { ...process.env, TEST_BINARY_RUNS_POSTGRES: '1' }, stdio: ['pipe', 'pipe', 'inherit'] });
	const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
	const address = await Promise.race([
		new Promise<string>((resolve) => createInterface({ input: server.stdout! }).once('line', resolve)),
		gone.then(() => Promise.reject(new Error('PostgreSQL did not start')))
	]);
	process.env['MORGENKREIS_APP_TESTS_POSTGRES'] = address;
	await run(address, `create database ${TEMPLATE}`);
	return {
		template: named(address, TEMPLATE),
		stop: () => {
			server.stdin!.end();
			return gone;
		}
	};
}

/** A database of the test's own: a copy of that of the demo kita, or an empty one. Nothing where the test runs on SQLite. */
export async function ownDatabase(info: TestInfo, like: 'demo' | 'empty'): Promise<{ address: string; drop(): Promise<unknown> } | undefined> {
	if ((info.project.use as { engine?: Engine }).engine !== 'postgres') return undefined;
	const server = process.env['MORGENKREIS_APP_TESTS_POSTGRES'] ?? '';
	const name = `t${info.testId.replaceAll('-', '_')}_${info.retry}_${info.repeatEachIndex}`;
	await run(server, `create database ${name} template ${like === 'demo' ? TEMPLATE : 'template0'}`);
	return { address: named(server, name), drop: () => run(server, `drop database ${name} with (force)`) };
}
