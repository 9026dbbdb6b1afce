// What kind of device this is: how its owner knows it in a list, and what has to be done on it before it can be reached.
// The service worker reads this too, so nothing here needs a page.

export type System = 'iPhone' | 'iPad' | 'Android' | 'Windows' | 'Mac' | 'ChromeOS' | 'Linux' | '';
export type Browser = 'Chrome' | 'Firefox' | 'Safari' | 'Edge' | 'Samsung Internet' | 'Opera' | '';

/** systemOf reads a user agent. An iPad calls itself a Mac, but no Mac has more than one touch point. */
export function systemOf(userAgent: string, touchPoints = 0): System {
	if (/iPhone|iPod/.test(userAgent)) return 'iPhone';
	if (/iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1)) return 'iPad';
	if (/Android/.test(userAgent)) return 'Android';
	if (/Windows/.test(userAgent)) return 'Windows';
	if (/Macintosh/.test(userAgent)) return 'Mac';
	if (/CrOS/.test(userAgent)) return 'ChromeOS';
	return /Linux/.test(userAgent) ? 'Linux' : '';
}

/** browserOf reads a user agent: nearly all call themselves Safari and Chrome too, so the particular names come first. */
export function browserOf(userAgent: string): Browser {
	if (/Edg(A|iOS)?\//.test(userAgent)) return 'Edge';
	if (/SamsungBrowser\//.test(userAgent)) return 'Samsung Internet';
	if (/OPR\/|OPT\//.test(userAgent)) return 'Opera';
	if (/Firefox\/|FxiOS\//.test(userAgent)) return 'Firefox';
	if (/Chrom(e|ium)\/|CriOS\//.test(userAgent)) return 'Chrome';
	return /Safari\//.test(userAgent) ? 'Safari' : '';
}

/**
 * deviceName is what a list of devices calls this one: "iPhone", "Chrome auf Android". `on` is the phrase of the language,
 * with {browser} and {system}. '' when the device does not say what it is; at most 60 characters.
 */
export function deviceName(userAgent: string, on: string, touchPoints = 0): string {
	const system = systemOf(userAgent, touchPoints);
	const browser = browserOf(userAgent);
	if (system === 'iPhone' || system === 'iPad' || !browser) return system;
	return (system ? on.replace('{browser}', browser).replace('{system}', system) : browser).slice(0, 60);
}

/** The bytes of base64url, as browsers want their server's key. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

/** sameKey tells whether a subscription was made for the server's key. A browser that does not say so is believed. */
export function sameKey(subscription: PushSubscription, key: string): boolean {
	const held = subscription.options?.applicationServerKey;
	if (!held) return true;
	const wanted = bytesOf(key);
	const bytes = new Uint8Array(held);
	return bytes.length === wanted.length && bytes.every((b, i) => b === wanted[i]);
}
