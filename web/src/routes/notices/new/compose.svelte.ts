// A notice while it is being written: what it will be, whom it will reach, and how it leaves, once.
import { answer, api, Refused, Unreachable } from '$lib/api';
import type { Kita, Notice, NoticeKind, Preview } from '$lib/api/types';
import { draft, dropDraft, keepDraft } from '$lib/device';
import { newID } from '$lib/ids';
import type { Hat } from '$lib/session.svelte';
import { Upload, type KeptFile } from '$lib/upload.svelte';
import { instant } from '$lib/zoned';

/** What is typed and chosen. Times are local to the kita, as inputs hold them. */
export interface Form {
	id: string;
	kita: string;
	/** kita, staff, children, or the ids of groups. */
	to: string[];
	children: string[];
	kind: NoticeKind;
	title: string;
	body: string;
	language: string;
	confirm: boolean;
	allDay: boolean;
	startDay: string;
	startTime: string;
	endDay: string;
	endTime: string;
	place: string;
	/** '' is at once. */
	publish: string;
	endsOn: string;
	/** It was sent and no answer came: it may be there already. */
	attempted: boolean;
}

interface Kept {
	form: Form;
	at: string;
}

export const MAX_FILES = 10;

export const blank = (kita: string, to: string[], language: string): Form => ({
	id: newID(),
	kita,
	to,
	children: [],
	kind: 'news',
	title: '',
	body: '',
	language,
	confirm: false,
	allDay: false,
	startDay: '',
	startTime: '',
	endDay: '',
	endTime: '',
	place: '',
	publish: '',
	endsOn: '',
	attempted: false
});

export type Audience = { kind: 'kita' | 'groups' | 'children' | 'staff'; targets?: string[] };

/** What a choice of recipients means to the server; nothing while nothing is chosen. */
export function audienceOf(to: readonly string[], children: readonly string[]): Audience | undefined {
	const [first] = to;
	if (first === 'kita' || first === 'staff') return { kind: first };
	if (first === 'children') return children.length ? { kind: 'children', targets: [...children] } : undefined;
	return first ? { kind: 'groups', targets: [...to] } : undefined;
}

/** draftKey names a draft on the device: each hat has its own, in each kita. */
export const draftKey = (hat: Hat, kita: string) => `notice ${hat.key} ${kita}`;

/** keepAgain keeps the same words under a new id: a notice that was taken back is a draft once more. */
export async function keepAgain(key: string, form: Form, files: KeptFile[]) {
	await keepDraft(key, { form: { ...form, id: newID(), attempted: false }, at: new Date().toISOString() } satisfies Kept);
	await keepDraft(key + ' files', files);
}

export class Composer {
	form: Form;
	uploads = $state.raw<Upload[]>([]);
	/** When what is on the screen was written, if it was found on the device. */
	restored = $state('');
	busy = $state(false);
	/** Nothing answered when it was sent. */
	unsent = $state(false);
	refused = $state.raw<Refused>();

	audience = $derived.by(() => audienceOf(this.form.to, this.form.children));
	dated = $derived.by(() => this.form.kind === 'event' || this.form.kind === 'closure');
	empty = $derived.by(() => !this.form.title.trim() && !this.form.body.trim() && !this.uploads.length);

	constructor(
		/** Whose draft it is: one for each hat. */
		private readonly key: string,
		private readonly start: Form
	) {
		this.form = $state({ ...start });
	}

	/** restore brings back what the device kept. It answers the notice when that has left already, although nobody learned of it. */
	async restore(): Promise<Notice | undefined> {
		const [kept, files] = await Promise.all([draft<Kept>(this.key), draft<KeptFile[]>(this.key + ' files')]);
		if (!kept || !this.empty) return;
		if (kept.form.attempted) {
			const there = await posted(kept.form.id).catch(() => undefined);
			if (there) {
				await this.drop();
				return there;
			}
			this.unsent = true;
		}
		this.take(kept.form, files ?? []);
		this.restored = kept.at;
		return;
	}

	take(form: Form, files: KeptFile[]) {
		Object.assign(this.form, form);
		this.uploads = files.map((f) => new Upload(form.kita, f, () => void this.keepFiles()));
	}

	/** keep writes down what is typed; nothing typed is no draft. It reads all of it: fit for an $effect. */
	keep(): Promise<unknown> {
		const form = $state.snapshot(this.form);
		return this.empty ? this.drop() : keepDraft(this.key, { form, at: new Date().toISOString() } satisfies Kept);
	}

	/** Pictures are kept apart from the text: they are large, and stay while it changes with every key. */
	keepFiles(): Promise<unknown> {
		return keepDraft(this.key + ' files', this.files);
	}

	get files(): KeptFile[] {
		return this.uploads.flatMap((u) => u.kept ?? []);
	}

	async drop() {
		await Promise.all([dropDraft(this.key), dropDraft(this.key + ' files')]);
	}

	/** discard empties the page. What it answers brings everything back. */
	discard(): () => void {
		const form = $state.snapshot(this.form);
		const files = this.files;
		for (const u of this.uploads) u.leave();
		this.uploads = [];
		Object.assign(this.form, this.start, { id: newID(), to: form.to });
		this.restored = '';
		this.unsent = false;
		this.refused = undefined;
		return () => {
			this.take(form, files);
			void this.keepFiles();
		};
	}

	add(files: Iterable<File>) {
		const room = MAX_FILES - this.uploads.length;
		const more = Array.from(files).slice(0, room);
		this.uploads = [...this.uploads, ...more.map((f) => new Upload(this.form.kita, f, () => void this.keepFiles()))];
	}

	remove(u: Upload) {
		u.leave();
		this.uploads = this.uploads.filter((x) => x !== u);
		void this.keepFiles();
	}

	/** The request, of a form that is complete. The same form makes the same request, so that it can be sent again. */
	request(kita: Kita) {
		const f = this.form;
		const zone = kita.time_zone;
		const times = this.dated ? span(f, zone) : {};
		return {
			id: f.id,
			kita_id: f.kita,
			kind: f.kind,
			title: f.title.trim(),
			body: f.body.trim() || undefined,
			language: f.language,
			audience: this.audience ?? { kind: 'groups' as const, targets: [] },
			confirm_wanted: f.confirm || undefined,
			place: (this.dated && f.place.trim()) || undefined,
			publish_at: f.publish ? instant(f.publish, zone) : undefined,
			ends_on: f.endsOn || undefined,
			file_ids: this.uploads.length ? this.uploads.map((u) => u.id) : undefined,
			...times
		};
	}

	/**
	 * send sends it: the notice when the server has it; nothing when no answer came (`unsent`) or it was refused (`refused`).
	 * The id stays, so that sending again after a lost answer is the same notice.
	 */
	async send(kita: Kita): Promise<Notice | undefined> {
		this.busy = true;
		this.refused = undefined;
		this.unsent = false;
		try {
			let notice: Notice;
			try {
				notice = await this.#transmit(kita);
			} catch (e) {
				if (!(e instanceof Refused && e.field('file_ids'))) throw e;
				// The draft was older than what the server keeps of pictures that no notice names.
				for (const u of this.uploads) await u.anew();
				notice = await this.#transmit(kita);
			}
			await this.drop();
			return notice;
		} catch (e) {
			if (e instanceof Refused && e.code === 'id.taken') {
				// What was sent first has arrived; what was changed since has not.
				const there = await posted(this.form.id).catch(() => undefined);
				if (there) return there;
			}
			if (e instanceof Unreachable) this.unsent = true;
			else if (e instanceof Refused) {
				this.refused = e;
				this.form.attempted = false;
			} else throw e;
			return;
		} finally {
			this.busy = false;
		}
	}

	async #transmit(kita: Kita): Promise<Notice> {
		await Promise.all(this.uploads.map((u) => u.send()));
		if (this.uploads.some((u) => u.state !== 'done')) throw new Unreachable();
		this.form.attempted = true;
		await this.keep();
		return answer(api.POST('/api/v1/notices', { body: this.request(kita) }));
	}
}

async function posted(id: string): Promise<Notice | undefined> {
	try {
		return await answer(api.GET('/api/v1/notices/{id}', { params: { path: { id } } }));
	} catch (e) {
		if (e instanceof Refused && e.status === 404) return;
		throw e;
	}
}

/** From–to of an event. All day is from midnight to the midnight after. */
export function span(f: Pick<Form, 'allDay' | 'startDay' | 'startTime' | 'endDay' | 'endTime'>, zone: string): { starts_at?: string; ends_at?: string } {
	if (!f.startDay) return {};
	const last = f.endDay || f.startDay;
	if (f.allDay) return { starts_at: instant(f.startDay + 'T00:00', zone), ends_at: instant(next(last) + 'T00:00', zone) };
	if (!f.startTime) return {};
	const starts_at = instant(`${f.startDay}T${f.startTime}`, zone);
	return f.endTime ? { starts_at, ends_at: instant(`${last}T${f.endTime}`, zone) } : { starts_at };
}

function next(day: string): string {
	const d = new Date(day + 'T12:00:00Z');
	d.setUTCDate(d.getUTCDate() + 1);
	return d.toISOString().slice(0, 10);
}

/** Reach is whom an audience reaches, as the server counts it. Of answers that overtake each other the last question's wins. */
export class Reach {
	preview = $state.raw<Preview>();
	trouble = $state.raw<Error>();
	asking = $state(false);
	#wanted = '';
	#running = false;
	#answered: Promise<void> = Promise.resolve();

	/** settled waits for the answer that is on its way; for who says the numbers only once. */
	settled(): Promise<void> {
		return this.#answered;
	}

	/** ask asks for an audience; one question at a time, and after it the newest that came meanwhile. */
	ask(kita: string, audience: Audience | undefined): Promise<void> {
		const question = audience ? JSON.stringify({ kita_id: kita, audience }) : '';
		if (question === this.#wanted && !this.trouble) return this.#answered;
		this.#wanted = question;
		this.trouble = undefined;
		this.preview = undefined;
		return this.#running ? this.#answered : (this.#answered = this.#run());
	}

	async #run() {
		this.#running = this.asking = true;
		try {
			let asked: string;
			do {
				asked = this.#wanted;
				if (!asked) continue;
				try {
					const p = await answer(api.POST('/api/v1/notices/preview', { body: JSON.parse(asked) }));
					if (asked === this.#wanted) this.preview = p;
				} catch (e) {
					if (asked === this.#wanted) this.trouble = e as Error;
				}
			} while (asked !== this.#wanted);
		} finally {
			this.#running = this.asking = false;
		}
	}
}
