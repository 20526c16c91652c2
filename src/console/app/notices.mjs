/* What is to be told once: that something was done, or why it was not. Read out by screen readers. */
import { html, useEffect } from "./preact.mjs";
import { session } from "./session.mjs";
import { Store, use_store } from "./store.mjs";

const SHOWN_MS = 8000;

const notice = new Store(null);

/* Nothing of one person's is told to the next, nor offered. */
session.listen(() => notice.set(null));

/* action: { label, run } to be offered with it */
export function say(text, action) {
	notice.set({ text, action, is_complaint: false });
}

export function complain(text) {
	notice.set({ text, is_complaint: true });
}

function dismiss_notice() {
	notice.set(null);
}

/*
 * Runs what may be refused, and tells the outcome.
 *
 * done_text(answer), refused_text(problem): what to tell, null for nothing; action: as say() takes it
 */
export async function attempt(work, done_text, { action, refused_text = ({ message }) => message } = {}) {
	try {
		const text = done_text(await work());

		if (text)
			say(text, action);
	} catch (problem) {
		complain(refused_text(problem));
	}
}

function Notice({ text, action, is_complaint }) {
	const run = () => {
		dismiss_notice();
		action.run();
	};

	return html`<div class="notice ${is_complaint ? "complaint" : ""}">
		<span>${text}</span>
		${action && html`<button class="plain" onClick=${run}>${action.label}</button>`}
		<button class="plain" aria-label="Dismiss" onClick=${dismiss_notice}>✕</button>
	</div>`;
}

export function Notices() {
	const shown = use_store(notice);

	useEffect(() => {
		if (!shown || shown.is_complaint)
			return undefined;

		const timer = setTimeout(dismiss_notice, SHOWN_MS);

		return () => clearTimeout(timer);
	}, [shown]);
	return html`<div class="notices">
		<div role="status">${shown && !shown.is_complaint && html`<${Notice} ...${shown} />`}</div>
		<div role="alert">${shown?.is_complaint && html`<${Notice} ...${shown} />`}</div>
	</div>`;
}
