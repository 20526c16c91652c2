/* Tries the weights as typed, before they count: the service's own rule on a copy. */
import { ask_with } from "./api.mjs";
import { Form, use_form } from "./forms.mjs";
import { count, number, share, typed_integer } from "./format.mjs";
import { html, useState } from "./preact.mjs";
import { STRATEGIES } from "./words.mjs";

const LIMIT_MAX = 1_000_000;

/* weights: as they are to be sent; is_draft: whether they differ from those stored */
export function Simulation({ source, weights, is_draft }) {
	const form = use_form({ contacts: "100", strategy: "", has_no_limits: false });
	const { contacts, strategy, has_no_limits } = form.values;
	const without_limits = weights.map(({ operator_id }) => ({ operator_id, max_load_limit: LIMIT_MAX }));
	const draft = {
		contacts: typed_integer(contacts), weights, strategy: strategy || source.strategy,
		operators: has_no_limits ? without_limits : [],
	};
	const draft_text = JSON.stringify(draft);
	const [outcome, set_outcome] = useState(null);
	const run = () => form.submit(async () =>
		set_outcome({ result: await ask_with(`sources/${source.id}/simulate`, draft), of: draft_text }));

	if (!weights.length)
		return null;
	return html`<details class="simulation">
		<summary>Try ${is_draft ? "this draft" : "these weights"} out</summary>
		<p class="hint">Hands out so many contacts by the rule, from the loads as they are now. Nothing is
			written.</p>
		<${Controls} form=${form} strategy=${draft.strategy} run=${run} />
		<div role="status">
			${outcome && html`<${Outcome} ...${outcome.result} is_stale=${outcome.of !== draft_text} />`}
		</div>
	</details>`;
}

function Controls({ form, strategy, run }) {
	const put = (name, member = "value") => ({ target }) => form.set(name, target[member]);

	/* A form of its own: Enter tries out, and never saves the weights. */
	return html`<${Form} form=${form} fields=${[]} on_submit=${run}><div class="inline">
		<label><span>Contacts</span><input class="weight" inputmode="numeric" autocomplete="off"
			value=${form.values.contacts} onInput=${put("contacts")} /></label>
		<label><span>Strategy</span><select onChange=${put("strategy")}>
			${Object.entries(STRATEGIES).map(([value, { name }]) => html`
				<option key=${value} value=${value} selected=${value === strategy}>${name}</option>`)}
		</select></label>
		<label class="check"><input type="checkbox" checked=${form.values.has_no_limits}
			onChange=${put("has_no_limits", "checked")} /><span>Leave limits aside</span></label>
		<button disabled=${form.is_busy}>Simulate</button>
	</div></${Form}>`;
}

function summary({ contacts, assigned, waiting, first_waiting_at }) {
	if (!waiting)
		return `All ${number(contacts)} would find an operator.`;
	return `${number(assigned)} of ${number(contacts)} would find an operator; ${number(waiting)} would wait, the `
		+ `first of them is contact ${number(first_waiting_at)}.`;
}

function filling(full_at) {
	if (full_at === null)
		return "has room left";
	return full_at ? `full with contact ${number(full_at)}` : "is full already";
}

function Outcome({ items, is_stale, ...totals }) {
	return html`<div class="outcome ${is_stale ? "stale" : ""}">
		<p><strong>${summary(totals)}</strong>${is_stale && " This was another draft: simulate again."}</p>
		<table class="plain-table">
			<caption class="unseen">What each operator would get</caption>
			<thead><tr><th scope="col">Operator</th><th scope="col">Would get</th><th scope="col">Share</th>
				<th scope="col">Afterwards</th></tr></thead>
			<tbody>${items.map((item) => html`<tr key=${item.operator_id}>
				<th scope="row">${item.operator_name}</th>
				<td>${count(item.assigned, "contact")}</td>
				<td>${share(item.actual_share)}</td>
				<td>${filling(item.full_at)}</td>
			</tr>`)}</tbody>
		</table>
	</div>`;
}
