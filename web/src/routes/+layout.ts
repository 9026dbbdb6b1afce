import { start, whole } from '$lib/i18n/index.svelte';
import { session } from '$lib/session.svelte';
import type { LayoutLoad } from './$types';

// One page for every address; everything happens on the device (adapter-static's fallback).
export const ssr = false;
export const prerender = false;

/** Screens whose texts come with the first part (vite.config.ts). Every other waits for all of them before it is shown. */
const first = /^\/($|sign-in|i$|forgot|welcome|notices$|n\/[^/]+$|absences)/;

export const load: LayoutLoad = async ({ url }) => {
	await Promise.all([start(), session.me === undefined ? session.start() : undefined]);
	if (!first.test(url.pathname) || (session.hat && session.hat.role !== 'guardian')) await whole();
};
