/* Contacts: found by filters, dealt with in their rows. */
import { get } from "./api.mjs";
import { RowActions } from "./contact_actions.mjs";
import { OperatorName, SourceName, use_directory } from "./directory.mjs";
import { Choice, Field, error_of } from "./forms.mjs";
import { duration } from "./format.mjs";
import { Empty, Loaded, Page, Pager, Status, Table, When } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { link, replace_query } from "./router.mjs";
import { STATUSES, WAITING_REASONS } from "./words.mjs";

export function Contacts({ query }) {
	const { data, problem, is_stale } = use_poll(() => get("contacts/", query), JSON.stringify(query));

	return html`<${Page} title="Contacts"
		remark=${query.status === "waiting" ? "Those that wait, oldest first." : "Newest first."}>
		<${Filters} query=${query} problem=${problem} />
		<${Loaded} data=${data} problem=${problem} is_stale=${is_stale}>${({ items, next_cursor }) => html`
			${items.length ? html`<${ContactTable} contacts=${items} />`
				: html`<${NoContacts} is_filtered=${Object.keys(query).length > 0} />`}
			<${Pager} next_cursor=${next_cursor} is_stale=${is_stale} />`}
		</${Loaded}>
	</${Page}>`;
}

function Filters({ query, problem }) {
	const { operators, sources } = use_directory();
	const filter = (name) => ({
		name, value: query[name] ?? "", error: error_of(problem, name),
		on_value: (value) => replace_query({ ...query, cursor: null, [name]: value }),
	});
	const named = (rows) => rows.map(({ id, name }) => ({ value: id, label: name }));

	return html`<div class="filters" role="search" aria-label="Filter contacts">
		<${Choice} label="Status" ...${filter("status")} options=${[{ value: "", label: "Any" },
			...Object.entries(STATUSES).map(([value, label]) => ({ value, label }))]} />
		<${Choice} label="Operator" ...${filter("operator_id")} options=${[{ value: "", label: "Any" },
			{ value: "none", label: "None" }, ...named(operators)]} />
		<${Choice} label="Source" ...${filter("source_id")}
			options=${[{ value: "", label: "Any" }, ...named(sources)]} />
		<${Field} label="Lead number" inputmode="numeric" placeholder="Any" ...${filter("lead_id")} />
		${Object.keys(query).length > 0 && html`<a class="reset" href=${link("contacts")}>Show all</a>`}
	</div>`;
}

function NoContacts({ is_filtered }) {
	if (is_filtered)
		return html`<${Empty} title="No such contacts" action=${html`<a href=${link("contacts")}>Show all</a>`}>
			Nothing matches these filters.</${Empty}>`;
	return html`<${Empty} title="No contacts yet">They come in through the <a href="/docs">API</a>; the page of a
		source can send one as a test.</${Empty}>`;
}

/* The age since it came: one that was given back keeps it. */
function waiting_text({ waiting_seconds, waiting_reason }) {
	return `${duration(waiting_seconds)} old: ${WAITING_REASONS[waiting_reason]}`;
}

export function ContactTable({ contacts, caption = "Contacts" }) {
	const columns = [
		{ label: "Contact", cell: ({ id, lead_external_id }) => html`
			<a href=${link(`contacts/${id}`)}>${lead_external_id}</a> <span class="hint">${id}</span>` },
		{ label: "Status", cell: (contact) => html`<${Status} status=${contact.status} />
			${contact.waiting_reason && html`<div class="hint">${waiting_text(contact)}</div>`}` },
		{ label: "Operator", cell: ({ operator_id }) =>
			operator_id && html`<${OperatorName} id=${operator_id} />` },
		{ label: "Source", cell: ({ source_id }) => html`<${SourceName} id=${source_id} />` },
		{ label: "Message", kind: "message", cell: ({ message }) => message },
		{ label: "Came in", cell: ({ created_at }) => html`<${When} at=${created_at} />` },
		{ label: "Actions", kind: "actions", cell: (contact) => html`<${RowActions} contact=${contact} />` },
	];

	return html`<${Table} caption=${caption} columns=${columns} rows=${contacts} />`;
}
