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

/** remember keeps what is in the demo kita, so that a database that was made of it can be put back. */
export const remember = (address: string) =>
	run(address, `do $$ declare t text; begin
	create schema pristine;
	for t in select tablename from pg_tables where schemaname = 'public' loop execute format('create table pristine.%1$I as table public.%1$I', t); end loop;
end $$`);

const putBack = (address: string) =>
	run(address, `do $$ declare t text; begin
	set local session_replication_role = replica;
	for t in select tablename from pg_tables where schemaname = 'pristine' loop
		execute format('delete from public.%I', t);
		execute format('insert into public.%1$I select * from pristine.%1$I', t);
	end loop;
end $$`);

export interface Database {
	address: string;
	/** Whoever has it is done with it. */
	leave(): Promise<unknown>;
}

const onPostgres = (info: TestInfo) => (info.project.use as { engine?: Engine }).engine === 'postgres';
const server = () => process.env['MORGENKREIS_APP_TESTS_POSTGRES'] ?? '';

/** The worker's copy of the demo kita, if it has one. Making it, and the wall in it, takes longer than many a test. */
let copy = '';

/** The demo kita in a database that no other test uses meanwhile. Nothing where the test runs on SQLite. */
export async function demoDatabase(info: TestInfo): Promise<Database | undefined> {
	if (!onPostgres(info)) return undefined;
	if (!copy) {
		const name = `demo_${info.parallelIndex}`;
		// A worker before this one may have left it in the middle of a test.
		await run(server(), `drop database if exists ${name} with (force)`);
		await run(server(), `create database ${name} template ${TEMPLATE}`);
		copy = named(server(), name);
	}
	return { address: copy, leave: () => putBack(copy) };
}

/** An empty database of the test's own. Nothing where the test runs on SQLite. */
export async function emptyDatabase(info: TestInfo): Promise<Database | undefined> {
	if (!onPostgres(info)) return undefined;
	const name = `t${info.testId.replaceAll('-', '_')}_${info.retry}_${info.repeatEachIndex}`;
	await run(server(), `create database ${name} template template0`);
	return { address: named(server(), name), leave: () => run(server(), `drop database ${name} with (force)`) };
}
