/* Sources: where contacts come from. */
import { change, get } from "./api.mjs";
import { Dialog, show_dialog } from "./dialog.mjs";
import { Buttons, Field, Form, use_form } from "./forms.mjs";
import { duration } from "./format.mjs";
import { Empty, Loaded, Page, Pager, Table, When } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { go, link } from "./router.mjs";
import { BACKLOGS, STRATEGIES } from "./words.mjs";

export function Sources({ query }) {
	const { data, problem, is_stale } = use_poll(() => get("sources/", query), JSON.stringify(query));
	const create = html`<button class="primary" onClick=${show_new_source_dialog}>New source</button>`;

	return html`<${Page} title="Sources" actions=${create}
		remark="Bots, forms and lines that contacts come from. Each says who takes which part.">
		<${Loaded} data=${data} problem=${problem} is_stale=${is_stale}>${({ items, next_cursor }) => html`
			${items.length ? html`<${SourceTable} sources=${items} />`
				: html`<${Empty} title="No sources yet" action=${create}>
					Create one for each place that contacts come from.</${Empty}>`}
			<${Pager} next_cursor=${next_cursor} is_stale=${is_stale} />`}
		</${Loaded}>
	</${Page}>`;
}

function SourceTable({ sources }) {
	const columns = [
		{ label: "Source", cell: ({ id, name }) => html`<a href=${link(`sources/${id}`)}>${name}</a>` },
		{ label: "Who gets a contact", cell: ({ strategy }) => STRATEGIES[strategy].name },
		{ label: "Same operator again", cell: ({ sticky_seconds }) =>
			sticky_seconds ? `within ${duration(sticky_seconds)}` : "no" },
		{ label: "Waiting ones are given out", cell: ({ backlog }) => BACKLOGS[backlog].name.toLowerCase() },
		{ label: "Created", cell: ({ created_at }) => html`<${When} at=${created_at} />` },
	];

	return html`<${Table} caption="Sources" columns=${columns} rows=${sources} />`;
}

export function show_new_source_dialog() {
	show_dialog((on_close) => html`<${NewSourceDialog} on_close=${on_close} />`);
}

function NewSourceDialog({ on_close }) {
	const form = use_form({ name: "" });
	const create = () => form.submit(async (body) => {
		const { id } = await change("POST", "sources/", body);

		on_close();
		go(`sources/${id}`);
	});

	return html`<${Dialog} title="New source" on_close=${on_close}>
		<${Form} form=${form} fields=${["name"]} on_submit=${create}>
			<${Field} label="Name" autofocus hint="Each source has a name of its own."
				...${form.field("name")} />
			<${Buttons} form=${form} label="Create" on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}
