/* Who takes which part of a source: a draft that can be tried out, and is saved as a whole. */
import { change, get, refresh } from "./api.mjs";
import { use_directory } from "./directory.mjs";
import { Buttons, Form, error_of, use_form } from "./forms.mjs";
import { share, typed_number } from "./format.mjs";
import { say } from "./notices.mjs";
import { Card, Empty, LoadBar, Loaded } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useEffect, useRef, useState } from "./preact.mjs";
import { link } from "./router.mjs";
import { Simulation } from "./simulation.mjs";

export function Weights({ source }) {
	const { data, problem, put } = use_poll(() => get(`sources/${source.id}/weights/`), "weights");

	return html`<${Card} title="Weights">
		<${Loaded} data=${data} problem=${problem}>${({ items }) => html`
			<${Editor} source=${source} items=${items} put=${put} />`}</${Loaded}>
	</${Card}>`;
}

/* [{ operator_id, weight }], the weights as typed */
function rows_of(items) {
	return items.map(({ operator_id, weight }) => ({ operator_id, weight: String(weight) }));
}

function body_of(rows) {
	return rows.map(({ operator_id, weight }) => ({ operator_id, weight: typed_number(weight) }));
}

/* As the service names it in what it refuses. */
const weight_field = (index) => `weights[${index}].weight`;

const same = (a, b) => JSON.stringify(body_of(a)) === JSON.stringify(body_of(b));

function Editor({ source, items, put }) {
	const { operators } = use_directory();
	const stored = rows_of(items);
	/* base: what was stored when the draft was begun */
	const [{ base, rows }, set_state] = useState({ base: stored, rows: stored });
	const [sent, set_sent] = useState([]); /* the rows that form.problem is about */
	const form = use_form({});
	const is_changed = !same(rows, base), is_overtaken = is_changed && !same(base, stored);
	const set_rows = (fresh) => set_state({ base, rows: fresh });
	const take_stored = () => {
		set_state({ base: stored, rows: stored });
		form.reset({});
	};
	const path = `sources/${source.id}/weights/`;
	/* What others saved a moment ago is shown before it is replaced. */
	const is_news = async () => !is_overtaken && !same(rows_of((await get(path)).items), base);
	const save = async () => {
		set_sent(rows);

		const saved = await form.submit(async () => await is_news() ? refresh()
			: change("PUT", path, { weights: body_of(rows) }));

		if (!saved)
			return;
		/* The service puts them in its order; what was typed meanwhile stays. */
		const fresh = rows_of(saved.items);

		put(saved);
		set_state(({ rows: now }) => ({ base: fresh, rows: now === rows ? fresh : now }));
		say("The weights are saved.");
	};

	/* Until the weight is typed anew, or the operator removed. */
	const error = (row) => {
		const index = sent.findIndex(({ operator_id }) => operator_id === row.operator_id);

		return index >= 0 && sent[index].weight === row.weight && error_of(form.problem, weight_field(index));
	};

	/*
	 * Others' changes show as long as there is no draft, and when it is undone; one may have been begun since this
	 * was drawn. Where nobody changed anything, what is typed stays: 1.0 is on its way to 1.05.
	 */
	useEffect(() => {
		set_state((now) => same(now.rows, now.base) && !same(now.base, stored)
			? { base: stored, rows: stored } : now);
		if (!is_changed)
			form.reset({});
	}, [JSON.stringify(stored), is_changed]);
	return html`<${Form} form=${form} fields=${sent.map((_, index) => weight_field(index))} on_submit=${save}>
		${is_overtaken && html`<p class="fault" role="status">
			Somebody else changed these weights meanwhile. Yours are not saved; saving replaces theirs.
			<button type="button" class="plain" onClick=${take_stored}>Show theirs</button></p>`}
		${rows.length ? html`
			<${WeightRows} rows=${rows} set_rows=${set_rows} error=${error} />`
			: html`<${NobodyServes} operators=${operators} />`}
		<${AddOperator} operators=${operators} rows=${rows} set_rows=${set_rows} />
		<${Buttons} form=${form} label="Save weights" is_ready=${is_changed} back="Discard"
			on_back=${is_changed && take_stored} />
	</${Form}>
	<${Simulation} source=${source} weights=${body_of(rows)} is_draft=${is_changed} />`;
}

function NobodyServes({ operators }) {
	if (operators.length)
		return html`<${Empty} title="Nobody serves this source yet">
			Its contacts wait until you add operators here.</${Empty}>`;
	return html`<${Empty} title="There are no operators yet"
		action=${html`<a class="button" href=${link("operators")}>Operators</a>`}>
		Create some first; then say here who takes which part.</${Empty}>`;
}

/* The share that each weight comes to while everybody has room; null where something else than a weight is typed. */
function shares_of(rows) {
	const weights = body_of(rows).map(({ weight }) => typeof weight === "number" && weight >= 0 ? weight : null);
	const sum = weights.reduce((total, weight) => total + (weight ?? 0), 0);

	return weights.map((weight) => weight === null ? null : sum && weight / sum);
}

function WeightRows({ rows, set_rows, error }) {
	const shares = shares_of(rows);
	const put = (index, weight) => set_rows(rows.map((row, at) => at === index ? { ...row, weight } : row));
	const remove = (index) => set_rows(rows.filter((_, at) => at !== index));

	return html`<table class="plain-table weights">
		<caption class="unseen">Weights of this source</caption>
		<thead><tr>
			<th scope="col">Operator</th><th scope="col">Weight</th><th scope="col">Share</th>
			<th scope="col" class="wide-only">Load now</th>
			<th scope="col"><span class="unseen">Remove</span></th>
		</tr></thead>
		<tbody>${rows.map((row, index) => html`
			<${WeightRow} key=${row.operator_id} ...${row} share=${shares[index]}
				error=${error(row)}
				on_weight=${(weight) => put(index, weight)}
				on_remove=${() => remove(index)} />`)}</tbody>
	</table>`;
}

function WeightRow({ operator_id, weight, share: part, error, on_weight, on_remove }) {
	const { operators, operator_name } = use_directory();
	const operator = operators.find(({ id }) => id === operator_id), name = operator_name(operator_id);
	const error_id = `weight-error-${operator_id}`;

	return html`<tr>
		<th scope="row">${name}</th>
		<td>
			<input class="weight" inputmode="decimal" autocomplete="off" value=${weight}
				aria-label=${`Weight of ${name}`} aria-invalid=${error ? "true" : undefined}
				aria-describedby=${error ? error_id : undefined}
				onInput=${({ target }) => on_weight(target.value)} />
			${error && html`<p class="error" id=${error_id}>${error}</p>`}
		</td>
		<td class="share"><${ShareBar} value=${part} /></td>
		<td class="wide-only">${operator && html`<${LoadBar} ...${operator} />`}</td>
		<td class="actions"><button type="button" class="plain" aria-label=${`Remove ${name}`} title="Remove"
			onClick=${on_remove}>✕</button></td>
	</tr>`;
}

function ShareBar({ value }) {
	if (value === null)
		return "–";
	return html`<span class="bar" aria-hidden="true"><span style=${{ width: `${value * 100}%` }}></span></span>
		<span class="figures">${share(value)}</span>`;
}

/* With a button: by keyboard one comes to an option only through those before it. */
function AddOperator({ operators, rows, set_rows }) {
	const [chosen, set_chosen] = useState("");
	const choice = useRef(null);
	const others = operators.filter(({ id }) => !rows.some(({ operator_id }) => operator_id === id));
	const add = () => {
		set_rows([...rows, { operator_id: Number(chosen), weight: "1" }]);
		set_chosen("");
		choice.current.focus(); /* the button is disabled now */
	};

	if (!others.length)
		return null;
	return html`<div class="add">
		<label><span>Add an operator</span>
			<select ref=${choice} value=${chosen} onChange=${({ target }) => set_chosen(target.value)}>
				<option value="">Please choose</option>
				${others.map(({ id, name, is_active }) => html`<option key=${id} value=${id}>
					${name}${is_active ? "" : " (inactive)"}</option>`)}
			</select></label>
		<button type="button" disabled=${!chosen} onClick=${add}>Add</button>
	</div>`;
}
