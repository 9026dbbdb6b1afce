// A guardian's own children: not those they look after when they also work at a kita.
import { answer, api, everyPage } from '$lib/api';
import type { Child } from '$lib/api/types';

export const askMyChildren = (): Promise<Child[]> =>
	everyPage((after) => answer(api.GET('/api/v1/children', { params: { query: { mine: true, limit: 100, after } } })));
