/* Keeps the keyboard's place: when what has the focus goes away, the heading of what it stood in gets it. */
let last = null; /* { element, home } */

function is_lost() {
	return document.activeElement === document.body;
}

/* For as long as the page is open. */
export function keep_focus() {
	document.addEventListener("focusin", ({ target }) => {
		last = { element: target, home: target.closest("dialog, .card, main") };
	});
	/* A person who clicks beside everything has left it; a button that is disabled or removed was not left. */
	document.addEventListener("focusout", ({ target }) => queueMicrotask(() => {
		if (is_lost() && target.isConnected && !target.matches(":disabled"))
			last = null;
	}));
	new MutationObserver(() => {
		if (last && !last.element.isConnected && is_lost())
			focus_heading(last.home?.isConnected ? last.home : document);
	}).observe(document.body, { childList: true, subtree: true });
}

/* scope: an element, or the document */
export function focus_heading(scope = document) {
	const heading = scope.querySelector("h1, h2") ?? document.querySelector("h1");

	if (!heading)
		return;
	heading.tabIndex = -1;
	heading.focus({ preventScroll: true });
}
