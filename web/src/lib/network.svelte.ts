// Whether the device believes in a network. It may be wrong (a captive portal, a cellar): only an answer proves one.
class Network {
	online = $state(globalThis.navigator?.onLine ?? true);

	/** watch keeps it right; it answers how to stop. */
	watch(): () => void {
		const look = () => (this.online = navigator.onLine);
		window.addEventListener('online', look);
		window.addEventListener('offline', look);
		return () => {
			window.removeEventListener('online', look);
			window.removeEventListener('offline', look);
		};
	}
}

export const network = new Network();
