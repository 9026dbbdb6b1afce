// Draws what systems want as pictures out of static/icon.svg: the app's icons, the sign in a phone's status bar, and what an iPhone
// shows while the app starts. To be run by hand when the mark or the ground changes: node scripts/icons.mjs
// It also writes the links to the starting pictures into src/app.html.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { chromium } from '@playwright/test';

const icon = readFileSync('static/icon.svg', 'utf8');
const ground = { light: '#fbf7f0', dark: '#171512' };

/** Width and height in CSS pixels, and device pixels for each: every iPhone since the 8, and the iPads, upright. */
const screens = [
	[375, 667, 2],
	[375, 812, 3],
	[390, 844, 3],
	[393, 852, 3],
	[402, 874, 3],
	[414, 896, 2],
	[414, 896, 3],
	[420, 912, 3],
	[428, 926, 3],
	[430, 932, 3],
	[440, 956, 3],
	[768, 1024, 2],
	[810, 1080, 2],
	[820, 1180, 2],
	[834, 1194, 2],
	[1024, 1366, 2]
];

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();

/**
 * picture is a PNG of the mark on a ground, `share` of the smaller side wide; without a ground it is transparent. With `alone` every
 * dot is white: Android takes the shape alone for its status bar. It is written with a palette, since these pictures have few colours.
 */
async function picture(width, height, { share, on = '', alone = false }) {
	const svg = alone ? icon.replaceAll(/fill="#\w+"/g, 'fill="#fff"') : icon;
	const found = await page.evaluate(
		async ({ svg, width, height, share, on }) => {
			const img = new Image();
			img.src = 'data:image/svg+xml,' + encodeURIComponent(svg);
			await img.decode();
			const c = new OffscreenCanvas(width, height).getContext('2d');
			if (on) {
				c.fillStyle = on;
				c.fillRect(0, 0, width, height);
			}
			const size = Math.round(Math.min(width, height) * share);
			c.drawImage(img, Math.round((width - size) / 2), Math.round((height - size) / 2), size, size);
			const pixels = new Uint32Array(c.getImageData(0, 0, width, height).data.buffer);

			const count = new Map();
			for (const p of pixels) count.set(p, (count.get(p) ?? 0) + 1);
			const palette = [...count].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([p]) => p);
			const bytes = (p) => [p & 255, (p >> 8) & 255, (p >> 16) & 255, p >>> 24];
			const nearest = new Map(palette.map((p, i) => [p, i]));
			for (const p of count.keys()) {
				if (nearest.has(p)) continue;
				const a = bytes(p);
				let best = 0;
				let least = Infinity;
				palette.forEach((q, i) => {
					const far = bytes(q).reduce((sum, x, k) => sum + (x - a[k]) ** 2, 0);
					if (far < least) [best, least] = [i, far];
				});
				nearest.set(p, best);
			}
			let indices = '';
			for (const p of pixels) indices += String.fromCharCode(nearest.get(p));
			return { indices: btoa(indices), palette: palette.map(bytes) };
		},
		{ svg, width, height, share, on }
	);
	return png(width, height, Buffer.from(found.indices, 'base64'), found.palette);
}

/** PNG with a palette (RFC 2083). */
function png(width, height, indices, palette) {
	const chunk = (type, data) => {
		const body = Buffer.concat([Buffer.from(type), data]);
		const head = Buffer.alloc(4);
		head.writeUInt32BE(data.length);
		const tail = Buffer.alloc(4);
		tail.writeUInt32BE(crc32(body));
		return Buffer.concat([head, body, tail]);
	};
	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	header.set([8, 3, 0, 0, 0], 8);
	const rows = Buffer.alloc((width + 1) * height);
	for (let y = 0; y < height; y++) indices.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
	const see = palette.some((p) => p[3] < 255) ? [chunk('tRNS', Buffer.from(palette.map((p) => p[3])))] : [];
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
		chunk('IHDR', header),
		chunk('PLTE', Buffer.from(palette.flatMap((p) => p.slice(0, 3)))),
		...see,
		chunk('IDAT', deflateSync(rows, { level: 9 })),
		chunk('IEND', Buffer.alloc(0))
	]);
}

let bytes = 0;
const write = (path, data) => {
	writeFileSync('static/' + path, data);
	bytes += data.length;
};

rmSync('static/icons', { recursive: true, force: true });
rmSync('static/splash', { recursive: true, force: true });
mkdirSync('static/icons', { recursive: true });
mkdirSync('static/splash', { recursive: true });
for (const size of [192, 512]) {
	write(`icons/${size}.png`, await picture(size, size, { share: 0.96 }));
	// Cut to a circle or a drop by Android: all of the mark stays within the inner four fifths.
	write(`icons/maskable-${size}.png`, await picture(size, size, { share: 0.66, on: ground.light }));
}
write('icons/monochrome.png', await picture(512, 512, { share: 0.66, alone: true }));
write('icons/badge.png', await picture(96, 96, { share: 0.96, alone: true }));
write('apple-touch-icon.png', await picture(180, 180, { share: 0.74, on: ground.light }));

const links = [];
for (const [w, h, density] of screens)
	for (const [scheme, on] of Object.entries(ground)) {
		const name = `splash/${w * density}x${h * density}-${scheme}.png`;
		write(name, await picture(w * density, h * density, { share: 0.28, on }));
		const media = `(device-width: ${w}px) and (device-height: ${h}px) and (-webkit-device-pixel-ratio: ${density}) and (orientation: portrait) and (prefers-color-scheme: ${scheme})`;
		links.push(`\t\t<link rel="apple-touch-startup-image" media="${media}" href="/${name}" />`);
	}
await browser.close();

const html = readFileSync('src/app.html', 'utf8');
const [begin, end] = ['<!-- Written by scripts/icons.mjs. -->', '<!-- So far. -->'];
const from = html.indexOf(begin) + begin.length;
writeFileSync('src/app.html', html.slice(0, from) + '\n' + links.join('\n') + '\n\t\t' + html.slice(html.indexOf(end)));
console.log(`${bytes} bytes`);
