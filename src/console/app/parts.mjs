/* Pieces that several screens are made of. */
import { is_connected } from "./api.mjs";
import { duration, exact_moment, moment, number, seconds_since } from "./format.mjs";
import { html, useEffect, useRef, useState } from "./preact.mjs";
import { link, route } from "./router.mjs";
import { use_store } from "./store.mjs";
import { STATUSES } from "./words.mjs";

/* A screen: its heading names the tab as well. */
export function Page({ title, remark, actions, children }) {
	useEffect(() => {
		document.title = `${title} · Lead distribution`;
	}, [title]);
	return html`<div class="page">
		<div class="page-head">
			<div><h1 tabindex="-1">${title}</h1>${remark && html`<p class="remark">${remark}</p>`}</div>
			${actions && html`<div class="page-actions">${actions}</div>`}
		</div>
		${children}
	</div>`;
}

export function Card({ title, aside, children, ...rest }) {
	return html`<section class="card" ...${rest}>
		${title && html`<header><h2>${title}</h2>${aside}</header>`}
		${children}
	</section>`;
}

const PATIENCE_MS = 2500; /* enough for a second try */

/* A failure that the next try mends is not worth a word, nor one of all: the banner tells that. */
function Outdated({ problem }) {
	const is_told_elsewhere = !use_store(is_connected);
	const [is_lasting, set_lasting] = useState(false);

	useEffect(() => {
		const timer = setTimeout(() => set_lasting(true), PATIENCE_MS);

		return () => clearTimeout(timer);
	}, []);
	return is_lasting && !is_told_elsewhere && html`
		<p class="outdated" role="status">This is not up to date. ${problem.message}</p>`;
}

/* Draws children(data) as soon as there is something, and says why there is nothing, or nothing new. */
export function Loaded({ data, problem, is_stale, children }) {
	if (data !== undefined)
		return html`<div class="stack ${is_stale ? "stale" : ""}" aria-busy=${is_stale ? "true" : "false"}>
			${problem && html`<${Outdated} problem=${problem} />`}
			${children(data)}</div>`;
	if (problem && !problem.is_away)
		return html`<${Empty} title="This cannot be shown">${problem.message}</${Empty}>`;
	return html`<p class="loading" role=${problem && "status"}>${
		problem ? `${problem.message} Trying again …` : "Loading …"}</p>`;
}

export function Empty({ title, children, action }) {
	return html`<div class="empty"><p class="empty-title">${title}</p><p>${children}</p>${action}</div>`;
}

export function When({ at }) {
	return at ? html`<time datetime=${at} title=${exact_moment(at)}>${moment(at)}</time>` : "–";
}

export function Age({ at }) {
	return html`<time datetime=${at} title=${exact_moment(at)}>${duration(seconds_since(at))}</time>`;
}

/* A number to dial out of what people write: "+49 (0)30 12345 ext. 7" is +493012345. */
export function Phone({ number: written }) {
	const dialled = written?.replace("(0)", "").split(/[^-+()./\s\d]/)[0].replace(/(?!^)\+|[^+\d]/g, "") ?? "";

	return /\d{3}/.test(dialled) ? html`<a href=${`tel:${dialled}`}>${written}</a>` : written;
}

export function Email({ address }) {
	return address && html`<a href=${`mailto:${encodeURIComponent(address)}`}>${address}</a>`;
}

export function Status({ status }) {
	return html`<span class="status ${status}">${STATUSES[status]}</span>`;
}

/* Takes an operator's members as the API has them. */
export function LoadBar({ active_load: load, max_load_limit: limit, is_active }) {
	const is_full = load >= limit;
	const part = limit ? Math.min(1, load / limit) : 1;
	const mark = is_active ? is_full && "full" : "inactive";

	return html`<span class="load ${is_active ? "" : "inactive"} ${is_full ? "full" : ""}">
		<span class="track" aria-hidden="true"><span style=${{ width: `${part * 100}%` }}></span></span>
		<span class="figures">${number(load)} of ${number(limit)}</span>
		${mark && html`<span class="mark">${mark}</span>`}
	</span>`;
}

function Cell({ label, kind = "", value }) {
	return html`<td role="cell" class="${kind} ${value ? "" : "none"}" data-label=${label}>${value || "–"}</td>`;
}

/*
 * A table; on narrow screens each row becomes a card, without the cells that hold nothing.
 *
 * columns: [{ label, cell(row), kind }]; kind: "number", "message", "actions" or nothing
 */
export function Table({ caption, columns, rows, key_of = (row) => row.id }) {
	return html`<table class="rows" role="table">
		<caption class="unseen">${caption}</caption>
		<thead role="rowgroup"><tr role="row">${columns.map(({ label, kind }) => html`
			<th scope="col" role="columnheader" class=${kind}>
				<span class=${kind === "actions" ? "unseen" : ""}>${label}</span></th>`)}</tr></thead>
		<tbody role="rowgroup">${rows.map((row) => html`<tr role="row" key=${key_of(row)}>
			${columns.map(({ label, cell, kind }) => html`
				<${Cell} label=${label} kind=${kind} value=${cell(row)} />`)}
		</tr>`)}</tbody>
	</table>`;
}

/* The page from which another was reached, as far as it was in this tab: link by link. */
const page_before = new Map();

/*
 * Pages by cursor, as links: the browser's way back works as well.
 *
 * is_stale: next_cursor is still that of another page
 */
export function Pager({ next_cursor, is_stale }) {
	const { path, query } = route.value;
	const here = link(path, query), next = link(path, { ...query, cursor: next_cursor });

	if (next_cursor && !is_stale)
		page_before.set(next, here);
	if (!next_cursor && !query.cursor)
		return null;
	return html`<nav class="pager" aria-label="Pages">
		${query.cursor && html`<a href=${link(path, { ...query, cursor: null })}>First page</a>`}
		${page_before.has(here) && html`<a href=${page_before.get(here)}>Previous page</a>`}
		${next_cursor && html`<a href=${next}>Next page</a>`}
	</nav>`;
}

/* Further things to do with a row, behind one button. */
export function Menu({ label, items }) {
	const element = useRef(null);
	const shut = () => element.current.removeAttribute("open");

	useEffect(() => {
		const on_press = ({ target }) => element.current.contains(target) || shut();

		document.addEventListener("pointerdown", on_press);
		return () => document.removeEventListener("pointerdown", on_press);
	}, []);
	const back = () => {
		shut();
		element.current.firstElementChild.focus();
	};
	const on_key = ({ key }) => key === "Escape" && element.current.open && back();
	const on_leave = ({ relatedTarget: next }) => next && !element.current.contains(next) && shut();

	return html`<details class="menu" ref=${element} onKeyDown=${on_key} onfocusout=${on_leave}>
		<summary aria-label=${label} title=${label}>⋯</summary>
		<div>${items.map(({ label: text, run }) => html`<button type="button" onClick=${() => {
			back();
			run();
		}}>${text}</button>`)}</div>
	</details>`;
}
