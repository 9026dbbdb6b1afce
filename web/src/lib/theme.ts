// Light or dark, chosen by hand on this device. app.html applies it before the first paint; this keeps it.
export type Theme = 'system' | 'light' | 'dark';
export const themes: Theme[] = ['system', 'light', 'dark'];

/** The same name stands in app.html. */
const MEMORY = 'morgenkreis.theme';

export function theme(): Theme {
	const chosen = document.documentElement.dataset['theme'];
	return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

/** wear shows the app in a theme, and keeps it where the device keeps anything. */
export function wear(wanted: Theme) {
	const root = document.documentElement;
	if (wanted === 'system') delete root.dataset['theme'];
	else root.dataset['theme'] = wanted;
	try {
		if (wanted === 'system') localStorage.removeItem(MEMORY);
		else localStorage.setItem(MEMORY, wanted);
	} catch {
		// It holds until the app is closed.
	}
}
