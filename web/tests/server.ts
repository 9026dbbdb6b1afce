// The real server as a process: its own port, its own data, its own clock.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

export interface Server {
	url: string;
	/** What it printed so far. */
	log(): string;
	/** Ends it as an operator would; kill ends it as a power cut would. */
	stop(): Promise<void>;
	kill(): Promise<void>;
}

export interface Start {
	data: string;
	/** The address of a PostgreSQL database; a SQLite file in data without it. */
	database?: string | undefined;
	demo?: boolean;
	/** What its clock says when it starts (RFC 3339). */
	at: string;
	args?: string[];
	port?: number;
	/** Another program than the one that all tests start. */
	program?: string;
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const s = createServer();
		s.once('error', reject);
		s.listen(0, '127.0.0.1', () => {
			const { port } = s.address() as { port: number };
			s.close(() => resolve(port));
		});
	});
}

export async function serve({ data, database, demo, at, args = [], port, program: path }: Start): Promise<Server> {
	const p = port ?? (await freePort());
	const url = `http://localhost:${p}`;
	const program = spawn(
		path ?? join(process.env['MORGENKREIS_APP_TESTS'] ?? '', 'morgenkreis'),
		['serve', '--data', data, '--listen', `127.0.0.1:${p}`, '--base-url', url, '--metrics-listen', 'off', '--drain-time', '0s', '--push-allow-loopback', ...(demo ? ['--demo'] : []), ...(database ? ['--database', database] : []), ...args],
		{ env: { ...process.env, TEST_BINARY_RUNS_MORGENKREIS: '1', TEST_BINARY_CLOCK: at } }
	);
	let log = '';
	program.stdout.on('data', (d) => (log += d));
	program.stderr.on('data', (d) => (log += d));
	const gone = new Promise<void>((resolve) => program.once('exit', () => resolve()));
	const end = async (signal: NodeJS.Signals) => {
		program.kill(signal);
		await gone;
	};
	for (;;) {
		if (program.exitCode !== null) throw new Error(`the server ended:\n${log}`);
		const ready = await fetch(url + '/readyz').then((r) => r.ok, () => false);
		if (ready) return { url, log: () => log, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
		await new Promise((r) => setTimeout(r, 20));
	}
}
