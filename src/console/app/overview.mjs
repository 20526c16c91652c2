/* What a team lead looks at all day: who has room, and who waits. */
import { get } from "./api.mjs";
import { show_assign_dialog } from "./contact_actions.mjs";
import { OperatorName, SourceName, use_directory } from "./directory.mjs";
import { count, duration, number, share } from "./format.mjs";
import { show_operator_dialog } from "./operator_dialogs.mjs";
import { Card, Empty, LoadBar, Loaded, Page, Table } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { link } from "./router.mjs";
import { show_new_source_dialog } from "./sources.mjs";
import { STRATEGIES, WAITING_REASONS } from "./words.mjs";

const WAITING_LOOKED_AT = 200;
const WAITING_SHOWN = 10;
const LISTED_MAX = 30; /* operators, sources: the whole lists are a link away */

export function Overview() {
	const directory = use_directory();
	const waiting = use_poll(() => get("contacts/", { status: "waiting", limit: WAITING_LOOKED_AT }), "waiting");

	return html`<${Page} title="Overview">
		<${Loaded} data=${directory.is_loaded ? waiting.data : undefined}
			problem=${waiting.problem ?? directory.problem}>${(page) => html`
			<${FirstSteps} ...${directory} />
			<${Totals} operators=${directory.operators} page=${page} />
			<div class="columns">
				<${Waiting} page=${page} />
				<div>
					<${Loads} operators=${directory.operators} />
					<${Sources} sources=${directory.sources} page=${page} />
				</div>
			</div>`}
		</${Loaded}>
	</${Page}>`;
}

function FirstSteps({ operators, sources }) {
	const steps = [
		{ is_done: operators.length > 0, text: "Create the operators who will take contacts.",
			label: "New operator", run: () => show_operator_dialog() },
		{ is_done: sources.length > 0, text: "Create a source: the bot, form or line that contacts come from.",
			label: "New source", run: show_new_source_dialog },
	];

	if (steps.every(({ is_done }) => is_done))
		return null;
	return html`<${Card} title="First steps">
		<ol class="steps">
			${steps.map(({ is_done, text, label, run }) => html`<li class=${is_done ? "done" : ""}>
				<span>${text}</span>
				${is_done ? html`<span class="mark">done</span>`
					: html`<button class="primary" onClick=${run}>${label}</button>`}
			</li>`)}
			<li><span>Say on the source's page who takes which part of it, and send a test contact from
				there. Programs send theirs to the <a href="/docs">API</a>.</span></li>
		</ol>
	</${Card}>`;
}

function Totals({ operators, page }) {
	const active = operators.filter(({ is_active }) => is_active);
	const load = (some) => some.reduce((sum, { active_load }) => sum + active_load, 0);
	const capacity = active.reduce((sum, { max_load_limit }) => sum + max_load_limit, 0);
	const free = operators.reduce((sum, operator) => sum + operator.free, 0);
	const waiting = `${number(page.items.length)}${page.next_cursor ? "+" : ""}`;
	const [oldest] = page.items;

	return html`<dl class="totals">
		<${Total} name="Contacts waiting" value=${waiting} is_urgent=${oldest}
			remark=${oldest ? `the oldest came ${duration(oldest.waiting_seconds)} ago` : "nobody waits"} />
		<${Total} name="Contacts active" value=${number(load(operators))}
			remark=${capacity ? `${share(load(active) / capacity)} of ${count(capacity, "place")} taken`
				: "no places"} />
		<${Total} name="Free places" value=${number(free)}
			is_urgent=${!free && operators.length > 0}
			remark=${free ? "of active operators" : "nobody can take a contact now"} />
		<${Total} name="Operators active" value=${number(active.length)}
			remark=${`of ${number(operators.length)}`} />
	</dl>`;
}

function Total({ name, value, remark, is_urgent }) {
	return html`<div class=${is_urgent ? "urgent" : ""}>
		<dt>${name}</dt><dd><strong>${value}</strong> <span>${remark}</span></dd>
	</div>`;
}

function Waiting({ page }) {
	const shown = page.items.slice(0, WAITING_SHOWN);
	const columns = [
		{ label: "Contact", cell: ({ id, lead_external_id }) => html`
			<a href=${link(`contacts/${id}`)}>${lead_external_id}</a>` },
		{ label: "Source", cell: ({ source_id }) => html`<${SourceName} id=${source_id} />` },
		{ label: "Age", cell: ({ waiting_seconds }) => duration(waiting_seconds) },
		{ label: "Because", cell: ({ waiting_reason }) => WAITING_REASONS[waiting_reason] },
		{ label: "Assign", kind: "actions", cell: (contact) => html`
			<button aria-label=${`Assign contact ${contact.id}`}
				onClick=${() => show_assign_dialog(contact)}>Assign</button>` },
	];

	const all = html`<a href=${link("contacts", { status: "waiting" })}>All that wait</a>`;

	return html`<${Card} title="Waiting, oldest first" aside=${page.items.length > WAITING_SHOWN && all}>
		${shown.length ? html`<${Table} caption="Contacts that wait" columns=${columns} rows=${shown} />`
			: html`<${Empty} title="Nobody waits">Every contact has an operator, or is closed.</${Empty}>`}
	</${Card}>`;
}

/* Active ones first, then the fullest. */
function by_load(a, b) {
	const part = ({ active_load, max_load_limit }) => max_load_limit ? active_load / max_load_limit : 1;

	return b.is_active - a.is_active || part(b) - part(a) || a.id - b.id;
}

function Loads({ operators }) {
	const shown = [...operators].sort(by_load).slice(0, LISTED_MAX);

	return html`<${Card} title="Load" aside=${html`<a href=${link("operators")}>All operators</a>`}>
		${shown.length ? html`<ul class="loads">${shown.map((operator) => html`<li key=${operator.id}>
			<${OperatorName} id=${operator.id} /><${LoadBar} ...${operator} />
		</li>`)}</ul>` : html`<${Empty} title="No operators yet">Operators take the contacts.</${Empty}>`}
	</${Card}>`;
}

function Sources({ sources, page }) {
	const waiting = (id) => page.items.filter(({ source_id }) => source_id === id).length;
	const shown = sources.slice(0, LISTED_MAX);
	const waiting_text = (id) => {
		if (!page.next_cursor)
			return waiting(id) ? `, ${number(waiting(id))} waiting` : "";
		return waiting(id) ? `, at least ${number(waiting(id))} waiting` : ", perhaps some waiting";
	};

	return html`<${Card} title="Sources" aside=${html`<a href=${link("sources")}>All sources</a>`}>
		${shown.length ? html`<ul class="links">${shown.map(({ id, name, strategy }) => html`<li key=${id}>
			<a href=${link(`sources/${id}`)}>${name}</a>
			<span class="hint">${STRATEGIES[strategy].name}${waiting_text(id)}</span>
		</li>`)}</ul>` : html`<${Empty} title="No sources yet">Contacts come in through sources.</${Empty}>`}
	</${Card}>`;
}
