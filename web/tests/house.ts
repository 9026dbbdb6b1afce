// What a test of the app starts from: a house of its own (a copy of the demo kita, on a Tuesday morning at 8:15), and people who
// are signed in to it.
import { test as base, expect, type APIRequestContext, type BrowserContext, type Page } from '@playwright/test';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bare } from './browsers';
import { demoDatabase } from './postgres';
import { serve, type Server } from './server';

export const NOW = '2026-11-24T08:15:00+01:00';
export const PASSWORD = 'morgenkreis';
export const PDF_VIEWER = 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/';
export type Who = 'leitung' | 'baeren' | 'eltern' | 'betrieb';

/** Takes every push, as a push service does, and remembers that it came; tests/handset opens what is in it. A whole browser's own
 * way of doing so is looked at in Firefox (cmd/morgenkreis). */
export interface PushService {
	url: string;
	taken: string[];
	/** What came, sealed, in the same order. */
	sealed: Buffer[];
}

export interface House extends Server {
	data: string;
	/** The address of its database, where that is not a file in data. */
	database: string | undefined;
	/** Signs in on the context's cookies, without the screen. */
	signIn(context: BrowserContext, who: Who): Promise<void>;
	/** Somebody else at the API, for what happens elsewhere meanwhile. */
	api(who: Who): Promise<APIRequestContext>;
	push: PushService;
}

export const test = base.extend<{ house: House; as: (who: Who, path?: string) => Promise<Page>; quiet: void }>({
	house: async ({ playwright }, use, info) => {
		const folder = mkdtempSync(join(tmpdir(), 'morgenkreis-house-'));
		const data = join(folder, 'data');
		const postgres = await demoDatabase(info);
		cpSync(join(process.env['MORGENKREIS_APP_TESTS'] ?? '', postgres ? 'demo-postgres' : 'demo'), data, { recursive: true });
		const server = await serve({ data, database: postgres?.address, demo: true, at: NOW });
		const taken: string[] = [];
		const sealed: Buffer[] = [];
		const service: HttpServer = createServer((req, res) => {
			const parts: Buffer[] = [];
			req.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
				taken.push(req.url ?? '');
				sealed.push(Buffer.concat(parts));
				res.writeHead(201, { Location: '/m/1' }).end();
			});
		});
		await new Promise<void>((r) => service.listen(0, '127.0.0.1', r));
		const contexts: APIRequestContext[] = [];
		const login = async (request: APIRequestContext, who: Who) => {
			const r = await request.post(server.url + '/api/v1/session', { data: { login: `${who}@sonnenschein.example`, password: PASSWORD } });
			expect(r.status(), await r.text()).toBe(201);
		};
		expect(existsSync(join(data, 'morgenkreis.db')), 'a SQLite file lies where there is no PostgreSQL, and there alone').toBe(!postgres);
		await use({
			...server,
			data,
			database: postgres?.address,
			push: { url: `http://127.0.0.1:${(service.address() as AddressInfo).port}`, taken, sealed },
			signIn: (context, who) => login(context.request, who),
			api: async (who) => {
				const c = await playwright.request.newContext({ baseURL: server.url });
				contexts.push(c);
				await login(c, who);
				return c;
			}
		});
		for (const c of contexts) await c.dispose();
		await server.stop();
		service.closeAllConnections();
		await new Promise((r) => service.close(r));
		if (info.status !== info.expectedStatus) console.log(server.log().split('\n').filter((l) => !l.includes('level=INFO')).join('\n').slice(-4000));
		await postgres?.leave();
		rmSync(folder, { recursive: true, force: true });
	},

	// The browser's clock goes with the server's.
	context: async ({ context, serviceWorkers }, use) => {
		await context.clock.install({ time: new Date(NOW) });
		// A browser without windows has nobody to ask and says "denied"; the screens are to be those of a device that was not asked yet.
		if (serviceWorkers === bare.serviceWorkers) await context.addInitScript(() => Object.defineProperty(Notification, 'permission', { get: () => 'default' }));
		await use(context);
	},

	// Whatever a test is about: no script fails, no policy is broken, nothing is asked of anybody but the house.
	quiet: [
		async ({ context, house }, use) => {
			const wrong: string[] = [];
			const look = (page: Page) => {
				page.on('pageerror', (e) => wrong.push(`${e.name}: ${e.message}\n${e.stack ?? ''}`));
				page.on('console', (m) => {
					if (/Content Security Policy|Refused to/.test(m.text())) wrong.push(m.text());
				});
			};
			context.on('page', look);
			context.pages().forEach(look);
			context.on('request', (r) => {
				// The browser's own viewer of PDFs is made of scripts too.
				if (!r.url().startsWith(house.url + '/') && !r.url().startsWith(PDF_VIEWER) && !/^(data|blob|about|chrome):/.test(r.url())) wrong.push(`asked elsewhere: ${r.url()}`);
			});
			await use();
			expect(wrong).toEqual([]);
		},
		{ auto: true }
	],

	as: async ({ house, context }, use) => {
		await use(async (who, path = '/') => {
			await house.signIn(context, who);
			const page = await context.newPage();
			await page.goto(house.url + path);
			return page;
		});
	}
});

/** deaf keeps from the app what it is told of as it happens. */
export const deaf = (page: Page) => page.route('**/api/v1/events/stream*', (r) => r.abort());

export { expect };
