/* What this browser keeps, for the tab or for good; one that forbids it keeps nothing. */
export const TAB = "sessionStorage", DEVICE = "localStorage";

export function kept(where, name) {
	try {
		return window[where].getItem(name);
	} catch {
		return null;
	}
}

export function keep(where, name, value) {
	try {
		window[where].setItem(name, value);
	} catch {
		/* then it is asked for again next time */
	}
}

export function forget(where, name) {
	try {
		window[where].removeItem(name);
	} catch {
		/* then it was not kept */
	}
}
