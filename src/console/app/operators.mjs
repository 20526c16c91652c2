/* Operators: who takes contacts, and how many at a time. */
import { change, get } from "./api.mjs";
import { Switch } from "./forms.mjs";
import { attempt } from "./notices.mjs";
import { show_delete_dialog, show_leave_dialog, show_operator_dialog } from "./operator_dialogs.mjs";
import { Empty, LoadBar, Loaded, Page, Pager, Table } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { link } from "./router.mjs";

const FILTERS = [[undefined, "All"], ["true", "Active"], ["false", "Inactive"]];

export function Operators({ query }) {
	const { data, problem, is_stale } = use_poll(() => get("operators/", query), JSON.stringify(query));

	return html`<${Page} title="Operators"
		remark="They take the contacts, each as many at a time as the limit says."
		actions=${html`<button class="primary" onClick=${() => show_operator_dialog()}>New operator</button>`}>
		<nav class="tabs" aria-label="Which operators">${FILTERS.map(([is_active, label]) => html`
			<a href=${link("operators", { is_active })}
				aria-current=${query.is_active === is_active ? "true" : undefined}>${label}</a>`)}</nav>
		<${Loaded} data=${data} problem=${problem} is_stale=${is_stale}>${({ items, next_cursor }) => html`
			${items.length ? html`<${OperatorTable} operators=${items} />`
				: html`<${NoOperators} is_filtered=${query.is_active} />`}
			<${Pager} next_cursor=${next_cursor} is_stale=${is_stale} />`}
		</${Loaded}>
	</${Page}>`;
}

function NoOperators({ is_filtered }) {
	if (is_filtered)
		return html`<${Empty} title="None of these">There are no such operators.</${Empty}>`;
	return html`<${Empty} title="No operators yet"
		action=${html`<button class="primary" onClick=${() => show_operator_dialog()}>New operator</button>`}>
		Create the people who will take contacts. Then give them weights on the page of a source.</${Empty}>`;
}

function OperatorTable({ operators }) {
	const columns = [
		{ label: "Operator", cell: ({ id, name }) => html`
			<a href=${link("contacts", { operator_id: id, status: "active" })}>${name}</a>` },
		{ label: "Load", cell: (operator) => html`<${LoadBar} ...${operator} />` },
		{ label: "Takes contacts", cell: (operator) => html`
			<${Switch} label=${`${operator.name} takes contacts`} is_on=${operator.is_active}
				on_toggle=${() => toggle(operator)} />` },
		{ label: "Actions", kind: "actions", cell: (operator) => html`
			${!operator.is_active && operator.active_load > 0 && html`
				<button aria-label=${`Pass on contacts of ${operator.name}`}
					onClick=${() => show_leave_dialog(operator)}>Pass on</button>`}
			<button aria-label=${`Edit ${operator.name}`}
				onClick=${() => show_operator_dialog(operator)}>Edit</button>
			<button aria-label=${`Delete ${operator.name}`}
				onClick=${() => show_delete_dialog(operator)}>Delete</button>` },
	];

	return html`<${Table} caption="Operators" columns=${columns} rows=${operators} />`;
}

/* A contact may have come since the load was drawn: it is read once more. */
function toggle({ id, is_active }) {
	const work = async () => {
		const now = await get(`operators/${id}`);

		if (!is_active || !now.active_load)
			return change("PATCH", `operators/${id}`, { is_active: !is_active });
		show_leave_dialog({ ...now, is_active });
		return null;
	};

	return attempt(work, (done) => done && `${done.name} takes ${done.is_active ? "" : "no new "}contacts now.`);
}
