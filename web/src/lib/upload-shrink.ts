// Pictures are made small on the phone: a kita's Wi-Fi is slow, and nobody looks at twelve megapixels of finger paint.

/** The longer side of what is sent, in pixels. The server keeps at most 2560. */
export const MAX_SIDE = 2048;
const QUALITY = 0.82;
/** What the server takes as it is. */
const TAKEN = ['image/jpeg', 'image/png', 'image/webp', 'application/pdf'];

/** What some systems give no type, as they can not read it themselves. */
const PICTURE = /\.(hei[cf]|hif|avif|jxl|tiff?|dng)$/i;

/** Unreadable: nothing this device can make a picture of, and nothing the server would take. `picture` says that it is one all the same. */
export class Unreadable extends Error {
	constructor(
		readonly picture: boolean,
		cause?: unknown
	) {
		super('unreadable', { cause });
		this.name = 'Unreadable';
	}
}

/**
 * shrink answers what is to be sent of a file: a picture upright, at most MAX_SIDE, as JPEG; itself when that would not be
 * smaller, or when it is no picture. What only this device can read (HEIC) is always written anew.
 */
export async function shrink(file: File): Promise<Blob> {
	const taken = TAKEN.includes(file.type);
	if (file.type ? !file.type.startsWith('image/') : !PICTURE.test(file.name)) {
		if (taken) return file;
		throw new Unreadable(false);
	}
	let small: Blob | null;
	try {
		// from-image turns it as the camera was held: what is written has no EXIF any more.
		const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
		const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
		small = await draw(picture, Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
		picture.close();
	} catch (cause) {
		// Broken, or too large for this device: the server has the last word.
		if (taken) return file;
		throw new Unreadable(true, cause);
	}
	if (small?.type === 'image/jpeg' && (!taken || small.size < file.size)) return small;
	if (taken) return file;
	throw new Unreadable(true);
}

async function draw(picture: ImageBitmap, width: number, height: number): Promise<Blob | null> {
	if ('OffscreenCanvas' in window) {
		const canvas = new OffscreenCanvas(width, height);
		paint(canvas.getContext('2d'), picture, width, height);
		return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
	}
	const canvas = Object.assign(document.createElement('canvas'), { width, height });
	paint(canvas.getContext('2d'), picture, width, height);
	return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
}

function paint(at: OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D | null, picture: ImageBitmap, width: number, height: number) {
	if (!at) throw new Error('no canvas');
	// JPEG knows no transparency; what was transparent is paper, not night.
	at.fillStyle = '#fff';
	at.fillRect(0, 0, width, height);
	at.imageSmoothingQuality = 'high';
	at.drawImage(picture, 0, 0, width, height);
}
