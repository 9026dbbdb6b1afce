// The turn of a kita year, worked out on the device before anything is sent: who is where, who goes where, who stays.
import { compare } from '$lib/i18n/index.svelte';
import { byName } from '$lib/people';
import { groupsOf, type Mark } from '$lib/people/groups';
import type { Child } from '$lib/api/types';

/** A child's way, as it is planned. */
export interface Way {
	child: Child;
	/** The group it comes from; nothing when it was in none the day before. */
	from?: Mark;
	/** The group it goes to; '' stays. */
	to: string;
	/** An exception from its group's way. */
	own: boolean;
}

/** Plan holds the choices: one way a group, and exceptions by child. */
export class Plan {
	/** Groups' ways, by the old group's id ('none' for children in no group): '' stays. */
	groups = $state<Record<string, string>>({});
	/** Children's own ways, by id: '' stays although the group moves. */
	children = $state<Record<string, string>>({});

	/** before are the children in their groups of the day before, then in those of the day itself. */
	before = $state.raw<Child[]>([]);
	then = $state.raw<Child[]>([]);

	#on = $derived(new Map(this.then.map((c) => [c.id, c.group])));

	/** Something is entered for the day already: the child changes its group, leaves, or begins. It is not touched here. */
	planned = $derived(this.before.filter((c) => this.#on.has(c.id) && this.#on.get(c.id)?.id !== c.group?.id).map((child) => ({ child, to: this.#on.get(child.id) })));
	#taken = $derived(new Set(this.planned.map((p) => p.child.id)));

	movable = $derived(this.before.filter((c) => !this.#taken.has(c.id)));
	/** The old groups with the children that can be moved, by name; those in no group last. */
	sections = $derived([
		...groupsOf(this.movable.map((c) => c.group)).map((group) => ({ key: group.id, group, children: this.movable.filter((c) => c.group?.id === group.id).sort(byName) })),
		...(this.movable.some((c) => !c.group) ? [{ key: 'none', group: undefined, children: this.movable.filter((c) => !c.group).sort(byName) }] : [])
	]);

	ways = $derived(
		this.movable.map((child): Way => {
			const key = child.group?.id ?? 'none';
			const own = this.children[child.id];
			const to = own ?? this.groups[key] ?? '';
			return { child, from: child.group, to: to === child.group?.id ? '' : to, own: own !== undefined && own !== (this.groups[key] ?? '') };
		})
	);
	moves = $derived(this.ways.filter((w) => w.to));

	/** What will happen, in one line for each pair of groups. */
	summary = $derived.by(() => {
		const lines = new Map<string, { from?: Mark; to: string; children: Child[] }>();
		for (const w of this.moves) {
			const key = `${w.from?.id} ${w.to}`;
			const line = lines.get(key) ?? { from: w.from, to: w.to, children: [] };
			line.children.push(w.child);
			lines.set(key, line);
		}
		return [...lines.values()].sort((a, b) => compare(a.from?.name ?? '\uffff', b.from?.name ?? '\uffff') || b.children.length - a.children.length);
	});
}
