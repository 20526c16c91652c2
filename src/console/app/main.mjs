/* The frame: header, connection, the screen that the address names. */
import { get, is_connected, refresh } from "./api.mjs";
import { Contact } from "./contact.mjs";
import { Contacts } from "./contacts.mjs";
import { DialogHost } from "./dialog.mjs";
import { DirectoryProvider } from "./directory.mjs";
import { focus_heading, keep_focus } from "./focus.mjs";
import { Keys } from "./keys.mjs";
import { Lead, Leads } from "./leads.mjs";
import { go_live } from "./live.mjs";
import { Mine } from "./mine.mjs";
import { Notices } from "./notices.mjs";
import { Operators } from "./operators.mjs";
import { Overview } from "./overview.mjs";
import { Empty, Loaded, Page } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, render, useEffect, useRef } from "./preact.mjs";
import { go, link, route } from "./router.mjs";
import { begin_session, end_session, session, who } from "./session.mjs";
import { SendsOnly, SignIn } from "./sign_in.mjs";
import { Source } from "./source.mjs";
import { Sources } from "./sources.mjs";
import { use_store } from "./store.mjs";

const MINE = { path: "mine", label: "My contacts", List: Mine };
const SCREENS = [
	{ path: "", label: "Overview", List: Overview },
	MINE,
	{ path: "contacts", label: "Contacts", List: Contacts, One: Contact },
	{ path: "leads", label: "Leads", List: Leads, One: Lead },
	{ path: "operators", label: "Operators", List: Operators },
	{ path: "sources", label: "Sources", List: Sources, One: Source },
];
/* What a key of each role opens; the first is where one begins. */
const SCREENS_OF = {
	operator: [MINE, { path: "contacts", One: Contact }],
	supervisor: SCREENS,
	admin: [...SCREENS, { path: "keys", label: "Keys", List: Keys }],
};

function sign_out() {
	end_session();
	go("");
}

function Header({ screens, current }) {
	return html`<header class="top">
		<button class="skip" onClick=${() => focus_heading()}>To the content</button>
		<a class="product" href=${link("")}>Lead distribution</a>
		<nav aria-label="Console">${screens.filter(({ label }) => label).map(({ path, label }) => html`
			<a key=${path} href=${link(path)} aria-current=${path === current ? "page" : undefined}>
				${label}</a>`)}
			<a class="apart" href="/docs">API</a>
			${who().id && html`<button class="plain" onClick=${sign_out}>Sign out</button>`}
		</nav>
	</header>`;
}

function Banner() {
	return html`<div role="status">${use_store(is_connected) ? null : html`<p class="banner">
		Not connected, trying again. What you see may be out of date; nothing that you typed is lost.
		<button class="plain" onClick=${() => refresh()}>Try now</button></p>`}</div>`;
}

function screen_of(screens, { path, screen, id, query }) {
	const [first] = screens;
	const { List, One } = path ? screens.find((one) => one.path === screen) ?? {} : first;

	if (id && One)
		return html`<${One} key=${`${screen}/${id}`} id=${id} query=${query} />`;
	if (!id && List)
		return html`<${List} key=${screen} query=${query} />`;
	return html`<${Page} title="Not found">
		<${Empty} title="There is no such page"
			action=${html`<a class="button" href=${link("")}>${first.label}</a>`}>
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

function Frame({ screens = [], current, children }) {
	return html`<${Header} screens=${screens} current=${current} />
		${children}
		<footer class="bottom">
			<a href="/docs">API documentation</a><a href="/assets/third-party-notices.txt">Licences</a>
		</footer>`;
}

/* Until the service has said what the key that is kept may do, or that one is needed. */
function Beginning() {
	const { problem } = use_poll(async () => begin_session(await get("keys/current")), "caller");

	return html`<${Frame}><main><${Loaded} problem=${problem} /></main></${Frame}>`;
}

function Console() {
	const place = use_store(route);
	const is_first = useRef(true);
	const screens = SCREENS_OF[who().role];

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
		<${Frame} screens=${screens} current=${place.path ? place.screen : screens[0].path}>
			<${Banner} />
			<main>${screen_of(screens, place)}</main>
		</${Frame}>
		<${Notices} />
		<${DialogHost} />
	</${DirectoryProvider}>`;
}

/* A key of another person's, or of another role, begins with nothing of what was there before. */
function App() {
	const { caller, remark } = use_store(session);

	if (caller === undefined)
		return html`<${Beginning} />`;
	if (!caller)
		return html`<${Frame}><main><${SignIn} remark=${remark} /></main></${Frame}>`;
	if (caller.role === "ingest")
		return html`<${Frame}><main><${SendsOnly} /></main></${Frame}>`;
	return html`<${Console} />`;
}

keep_focus();
render(html`<${App} />`, document.getElementById("app"));
go_live();
