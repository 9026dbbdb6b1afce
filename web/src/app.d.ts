declare global {
	namespace App {
		interface PageState {
			/** The picture that is open over the page. */
			picture?: string;
			/** A sheet or dialog that the back button closes. */
			sheet?: string;
		}
	}
}

export {};
