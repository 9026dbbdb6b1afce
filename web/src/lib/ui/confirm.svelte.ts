// The question before something is lost. One at a time; the layout shows it (Confirm.svelte).
export interface Question {
	title: string;
	text?: string;
	/** What happens on yes, as a verb: "Zurückziehen". */
	yes: string;
	danger?: boolean;
}

class Asking {
	now = $state.raw<Question & { answer: (yes: boolean) => void }>();
}

export const asking = new Asking();

/** confirm asks, and answers whether the person said yes. */
export function confirm(q: Question): Promise<boolean> {
	asking.now?.answer(false);
	return new Promise((resolve) => {
		asking.now = {
			...q,
			answer: (yes) => {
				asking.now = undefined;
				resolve(yes);
			}
		};
	});
}
