/* What happened to a contact, in sentences, and what each choice was made from. */
import { use_directory } from "./directory.mjs";
import { number, share } from "./format.mjs";
import { When } from "./parts.mjs";
import { html, useState } from "./preact.mjs";
import { ACTORS, EXCLUSIONS } from "./words.mjs";

const REASONS = {
	weighted_random: "drawn at random, in proportion to the weights",
	smooth_weighted: "in turn, in proportion to the weights",
	least_loaded: "the least loaded for the limit",
	least_recent: "the longest without a contact",
	sticky: "this lead had the same operator last",
	manual: "a person named the operator",
	forced: "a person named the operator, who was inactive or full",
	full: "everybody active with a weight was full",
	inactive: "everybody with a weight was inactive",
	weight_zero: "nobody had a weight above 0",
	no_operators: "nobody served the source",
	queued: "older contacts waited for the same operators and went first",
	released: "it was given back",
	operator_left: "the operator who had it left",
};

function sentence({ kind, from, to, reason }, name) {
	switch (kind) {
	case "assigned": return `${name(to)} got it`;
	case "waiting": return reason === "queued" ? "It waited its turn" : "Nobody could take it, so it waited";
	case "transferred": return `It went from ${name(from)} to ${name(to)}`;
	case "released": return from ? `It was taken from ${name(from)} and waited` : "It waited again";
	case "closed": return to ? `It was closed; ${name(to)} had it` : "It was closed while it waited";
	case "reopened": return to ? `It was opened again, and ${name(to)} had it` : "It was opened again, and waited";
	case "edited": return "It was edited";
	default: return kind;
	}
}

const KEY = "key:";

/* A word of the service, a key by its name, or who was at the database. */
function by_whom(actor) {
	if (actor.startsWith(KEY))
		return `by the key ${actor.slice(KEY.length)}`;
	return ACTORS[actor] ?? `in the database, by ${actor}`;
}

export function History({ entries }) {
	const { operator_name } = use_directory();

	if (!entries.length)
		return html`<p>Nothing is known: it is older than the history.</p>`;
	return html`<ol class="history">${entries.map((entry, index) => html`<li key=${index}>
		<p><strong>${sentence(entry, operator_name)}.</strong>
			${entry.reason && ` Why: ${REASONS[entry.reason] ?? entry.reason}.`}</p>
		<p class="hint"><${When} at=${entry.at} />
			${`, ${by_whom(entry.actor)}`}</p>
		${entry.decision && html`<${Decision} entry=${entry} name=${operator_name} />`}
	</li>`)}</ol>`;
}

/* Drawn when it is opened: there may be a thousand candidates. */
function Decision({ entry, name }) {
	const [is_open, set_open] = useState(false);

	return html`<details class="decision" onToggle=${({ target }) => set_open(target.open)}>
		<summary>${entry.to ? `Why ${name(entry.to)}?` : "Why nobody?"}</summary>
		${is_open && html`<${Choosing} entry=${entry} name=${name} />`}
	</details>`;
}

function Choosing({ entry, name }) {
	const { decision, to } = entry;

	return html`<p>${explanation(entry, name)}</p>
		${decision.draw !== null && html`<${Stretches} decision=${decision} chosen=${to} />`}
		${decision.candidates.length > 0 && html`
			<${Candidates} decision=${decision} chosen=${to} name=${name} />`}
		${decision.excluded.length > 0 && html`<p>Not considered:</p>
			<ul>${decision.excluded.map((one) => html`<li>${exclusion(one, name)}</li>`)}</ul>`}`;
}

function exclusion({ operator_id, reason, weight, load, limit }, name) {
	return `${name(operator_id)}: ${EXCLUSIONS[reason]} `
		+ `(weight ${number(weight)}, ${number(load)} of ${number(limit)} contacts)`;
}

/* Where each candidate's stretch begins and ends when all are laid end to end. */
function stretches(candidates) {
	let end = 0;

	return candidates.map((candidate) => ({ ...candidate, begin: end, end: end += candidate.weight }));
}

function explanation({ decision, to, reason }, name) {
	const { candidates, draw, range } = decision;

	if (!to)
		return reason === "queued" ? "There was room, but older contacts waited for the same operators."
			: "Nobody who serves the source could take it at that moment.";
	if (decision.is_sticky)
		return `This lead's last contact from the source was ${name(to)}'s, not long ago, and ${name(to)} had `
			+ "room: nothing was drawn.";
	if (draw !== null) {
		const { begin, end, weight } = stretches(candidates).find(({ operator_id }) => operator_id === to);

		return `The weights were laid end to end, ${number(range)} in all, and ${number(draw)} was drawn. That `
			+ `falls on ${name(to)}, from ${number(begin)} to ${number(end)}: `
			+ `a chance of ${share(weight / range)}.`;
	}
	if (candidates.length === 1)
		return `${name(to)} was the only one who could take it.`;
	switch (decision.strategy) {
	case "smooth_weighted":
		return `Each gains its weight as credit with every contact; ${name(to)} had the highest credit then.`;
	case "least_loaded": return `${name(to)} had the lowest load for the limit; between equals the weight decides.`;
	case "least_recent": return `${name(to)} had got a contact the longest ago, or never.`;
	default: return `${name(to)} was chosen.`;
	}
}

/* The candidates laid end to end, and where the draw fell. */
function Stretches({ decision, chosen }) {
	const part = (value) => `${value / decision.range * 100}%`;

	return html`<div class="stretches" aria-hidden="true">
		${decision.candidates.map(({ operator_id, weight }) => html`<span key=${operator_id}
			class=${operator_id === chosen ? "chosen" : ""} style=${{ width: part(weight) }}></span>`)}
		<i style=${{ left: part(decision.draw) }}></i>
	</div>`;
}

function last_contact({ last_contact_id, last_ordinal }) {
	if (last_ordinal !== null)
		return "a moment before";
	return last_contact_id === null ? "never" : `at contact ${last_contact_id}`;
}

function Candidates({ decision, chosen, name }) {
	const { strategy, candidates, range } = decision;
	const by_chance = decision.draw !== null;
	const extra = {
		smooth_weighted: ["Credit", ({ credit }) => number(credit)],
		least_recent: ["Last one", last_contact],
	}[strategy];

	return html`<table class="plain-table">
		<caption>Considered</caption>
		<thead><tr><th scope="col">Operator</th><th scope="col">Weight</th>
			${by_chance && html`<th scope="col">Chance</th>`}<th scope="col">Load</th>
			${extra && html`<th scope="col">${extra[0]}</th>`}</tr></thead>
		<tbody>${candidates.map((one) => html`<tr class=${one.operator_id === chosen ? "chosen" : ""}>
			<th scope="row">${name(one.operator_id)}
				${one.operator_id === chosen && html` <span class="mark">chosen</span>`}</th>
			<td>${number(one.weight)}</td>
			${by_chance && html`<td>${share(one.weight / range)}</td>`}
			<td>${number(one.load)} of ${number(one.limit)}</td>
			${extra && html`<td>${extra[1](one)}</td>`}
		</tr>`)}</tbody>
	</table>`;
}
