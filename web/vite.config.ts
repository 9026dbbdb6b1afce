import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
	plugins: [sveltekit()],
	// For npm run dev: the API of the server that make run started.
	server: { proxy: { '/api': 'http://localhost:8080' } }
});
