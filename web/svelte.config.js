import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
	compilerOptions: { runes: true },
	kit: {
		// One page for every address: the binary answers with it, the app finds its way (see web.go).
		adapter: adapter({ pages: 'embedded/app', fallback: 'index.html', precompress: true }),
		alias: { $texts: 'texts' },
		// Registered by lib/push, which has to know when it is there.
		serviceWorker: { register: false }
	}
};
