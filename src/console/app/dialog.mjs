/* One dialog at a time, above everything, whatever becomes of the row that it was opened from. */
import { focus_heading } from "./focus.mjs";
import { use_refusal } from "./forms.mjs";
import { html, useEffect, useRef, useState } from "./preact.mjs";
import { route } from "./router.mjs";
import { session } from "./session.mjs";
import { Store, use_store } from "./store.mjs";

const open = new Store(null);

route.listen(() => open.set(null));
session.listen(() => open.set(null));

/* draw(close): what stands in the dialog, as a <Dialog>; close() is for this one, not for one that came after it */
export function show_dialog(draw) {
	const dialog = { draw: () => draw(close) };
	const close = () => open.value === dialog && open.set(null);

	open.set(dialog);
}

export function DialogHost() {
	return use_store(open)?.draw();
}

export function Dialog({ title, on_close, children }) {
	const element = useRef(null);

	useEffect(() => {
		const dialog = element.current, opener = document.activeElement;

		dialog.showModal();
		return () => {
			dialog.close(); /* nothing else can have the focus before */
			opener?.focus();
			if (document.activeElement === document.body)
				focus_heading();
		};
	}, []);
	return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${on_close}>
		<header>
			<h2 id="dialog-title">${title}</h2>
			<button type="button" class="plain" aria-label="Close dialog" onClick=${on_close}>✕</button>
		</header>
		${children}
	</dialog>`;
}

function Confirmation({ title, text, label, run, instead, on_close }) {
	const [problem, set_problem] = useState(null);
	const [is_busy, set_busy] = useState(false);
	const refuse = use_refusal(set_problem);
	const confirm = async () => {
		set_busy(true);
		try {
			await run();
			on_close();
		} catch (refusal) {
			refuse(refusal);
			set_busy(false);
		}
	};

	return html`<${Dialog} title=${title} on_close=${on_close}>
		<p>${text}</p>
		${problem && html`<p class="fault" role="alert">${problem.message}</p>`}
		<footer>
			<button type="button" onClick=${on_close}>Cancel</button>
			${problem && instead && html`
				<button type="button" onClick=${instead.run}>${instead.label}</button>`}
			<button type="button" class="danger" disabled=${is_busy} onClick=${confirm}>${label}</button>
		</footer>
	</${Dialog}>`;
}

/*
 * Asks once before something that cannot be taken back; a refusal is shown where it was asked.
 *
 * question: { title, text, label, run, instead }; instead: { label, run } to be offered after a refusal, or nothing
 */
export function ask_before(question) {
	show_dialog((on_close) => html`<${Confirmation} ...${question} on_close=${on_close} />`);
}
