/* The frame: header, connection, the screen that the address names. */
import { is_connected, refresh } from "./api.mjs";
import { Contact } from "./contact.mjs";
import { Contacts } from "./contacts.mjs";
import { DialogHost } from "./dialog.mjs";
import { DirectoryProvider } from "./directory.mjs";
import { focus_heading, keep_focus } from "./focus.mjs";
import { Lead, Leads } from "./leads.mjs";
import { go_live } from "./live.mjs";
import { Mine } from "./mine.mjs";
import { Notices } from "./notices.mjs";
import { Operators } from "./operators.mjs";
import { Overview } from "./overview.mjs";
import { Empty, Page } from "./parts.mjs";
import { html, render, useEffect, useRef } from "./preact.mjs";
import { link, route } from "./router.mjs";
import { Source } from "./source.mjs";
import { Sources } from "./sources.mjs";
import { use_store } from "./store.mjs";

const SCREENS = [
	{ path: "", label: "Overview", List: Overview },
	{ path: "mine", label: "My contacts", List: Mine },
	{ path: "contacts", label: "Contacts", List: Contacts, One: Contact },
	{ path: "leads", label: "Leads", List: Leads, One: Lead },
	{ path: "operators", label: "Operators", List: Operators },
	{ path: "sources", label: "Sources", List: Sources, One: Source },
];

function Header({ current }) {
	return html`<header class="top">
		<button class="skip" onClick=${() => focus_heading()}>To the content</button>
		<a class="product" href=${link("")}>Lead distribution</a>
		<nav aria-label="Console">${SCREENS.map(({ path, label }) => html`
			<a key=${path} href=${link(path)} aria-current=${path === current ? "page" : undefined}>
				${label}</a>`)}
			<a class="apart" href="/docs">API</a>
		</nav>
	</header>`;
}

function Banner() {
	return html`<div role="status">${use_store(is_connected) ? null : html`<p class="banner">
		Not connected, trying again. What you see may be out of date; nothing that you typed is lost.
		<button class="plain" onClick=${() => refresh()}>Try now</button></p>`}</div>`;
}

function screen_of({ screen, id, query }) {
	const { List, One } = SCREENS.find(({ path }) => path === screen) ?? {};

	if (id && One)
		return html`<${One} key=${`${screen}/${id}`} id=${id} query=${query} />`;
	if (!id && List)
		return html`<${List} key=${screen} query=${query} />`;
	return html`<${Page} title="Not found">
		<${Empty} title="There is no such page" action=${html`<a class="button" href=${link("")}>Overview</a>`}>
			The address may be mistyped.</${Empty}>
	</${Page}>`;
}

/* The second click of a double click does nothing: the button of another row may lie there by then. */
document.addEventListener("click", (event) => {
	if (event.detail > 1 && event.target.closest("button")) {
		event.preventDefault();
		event.stopPropagation();
	}
}, true);

function App() {
	const place = use_store(route);
	const is_first = useRef(true);

	/* Another screen begins at its top, for eyes and for screen readers; another page of a list for eyes. */
	useEffect(() => {
		if (!is_first.current)
			scrollTo(0, 0);
	}, [place.path, place.query.cursor]);
	useEffect(() => {
		if (!is_first.current)
			focus_heading();
		is_first.current = false;
	}, [place.path]);
	return html`<${DirectoryProvider}>
		<${Header} current=${place.screen} />
		<${Banner} />
		<main>${screen_of(place)}</main>
		<footer class="bottom">
			<a href="/docs">API documentation</a><a href="/assets/third-party-notices.txt">Licences</a>
		</footer>
		<${Notices} />
		<${DialogHost} />
	</${DirectoryProvider}>`;
}

keep_focus();
render(html`<${App} />`, document.getElementById("app"));
go_live();
