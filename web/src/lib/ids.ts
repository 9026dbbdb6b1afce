/**
 * A fresh UUIDv7 (RFC 9562, section 5.7): time first, so that what is made later sorts later.
 * Chosen here and not by the server, so that a create can be sent again when its answer got lost.
 */
export function newID(now = Date.now()): string {
	const b = crypto.getRandomValues(new Uint8Array(16));
	new DataView(b.buffer).setUint32(0, Math.floor(now / 0x10000));
	new DataView(b.buffer).setUint16(4, now % 0x10000);
	b[6] = (b[6]! & 0x0f) | 0x70;
	b[8] = (b[8]! & 0x3f) | 0x80;
	const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
