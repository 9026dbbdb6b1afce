import { start } from '$lib/i18n/index.svelte';
import { session } from '$lib/session.svelte';

// One page for every address; everything happens on the device (adapter-static's fallback).
export const ssr = false;
export const prerender = false;

export async function load() {
	await start();
	if (session.me === undefined) await session.start();
}
