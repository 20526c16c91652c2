/* What was to be expected of a source's choices, beside what came of them. */
import { get } from "./api.mjs";
import { count, duration, now_ms, number, share } from "./format.mjs";
import { Card, Empty, Loaded } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useState } from "./preact.mjs";
import { link } from "./router.mjs";

const HOUR_MS = 3_600_000;
const RANGES = [
	{ hours: 24, label: "24 hours" }, { hours: 7 * 24, label: "7 days" }, { hours: 30 * 24, label: "30 days" },
	{ hours: 0, label: "All" },
];
const EVERY_MS = 10_000;

/* The service counts by whole hours: the present one is the last of them. */
function begin_of(hours) {
	return hours ? new Date((Math.floor(now_ms() / HOUR_MS) + 1 - hours) * HOUR_MS).toISOString() : undefined;
}

const VERDICTS = {
	as_expected: "Chance explains the difference.",
	deviates: "Chance alone does not explain the difference.",
	too_few: "Too few contacts for a verdict.",
};

export function Shares({ source }) {
	const [hours, set_hours] = useState(24);
	const { data, problem, is_stale } = use_poll(
		() => get(`distribution/sources/${source.id}`, { from: begin_of(hours) }), String(hours), EVERY_MS);
	const ranges = html`<div class="tabs" role="group" aria-label="Period">${RANGES.map((range) => html`
		<button type="button" aria-pressed=${range.hours === hours ? "true" : "false"}
			onClick=${() => set_hours(range.hours)}>${range.label}</button>`)}</div>`;

	return html`<${Card} title="Distribution" aside=${ranges}>
		<${Loaded} data=${data} problem=${problem} is_stale=${is_stale}>${(report) => html`
			<${Totals} report=${report} source=${source} />
			${report.assigned ? html`<${Chart} report=${report} />`
				: html`<${Empty} title="Nothing was given out in this period">
					What the rule chooses shows up here.</${Empty}>`}`}
		</${Loaded}>
	</${Card}>`;
}

function Totals({ report, source }) {
	const [oldest] = report.oldest_waiting;
	const now = (status) => html`<a href=${link("contacts", { source_id: source.id, status })}>
		${number(report[status])} ${status}</a>`;

	return html`<p>${count(report.assigned, "choice")} in this period. Now ${now("active")}, ${now("waiting")}
		${oldest && ` (the oldest came ${duration(oldest.waiting_seconds)} ago)`}, ${now("closed")}.</p>`;
}

function Chart({ report }) {
	const longest = Math.max(...report.items.map((item) => Math.max(item.expected_share, item.actual_share)));
	const bar = (kind, value) => html`<span class="bar ${kind}">
		<span style=${{ width: `${value / longest * 100}%` }}></span></span>`;

	return html`<table class="plain-table shares">
		<caption class="unseen">Expected and actual share of each operator</caption>
		<thead><tr>
			<th scope="col">Operator</th>
			<th scope="col" class="chart"><span class="key expected">expected</span>
				<span class="key actual">actual</span></th>
			<th scope="col">Expected</th><th scope="col">Actual</th><th scope="col">Contacts</th>
		</tr></thead>
		<tbody>${report.items.map((item) => html`<tr key=${item.operator_id}>
			<th scope="row">${item.operator_name}
				${item.weight === null && html` <span class="mark">left</span>`}</th>
			<td class="chart" aria-hidden="true">${bar("expected", item.expected_share)}
				${bar("actual", item.actual_share)}</td>
			<td>${share(item.expected_share)}</td>
			<td>${share(item.actual_share)}</td>
			<td>${number(item.assigned)}</td>
		</tr>`)}</tbody>
	</table>
	<p class="hint">${VERDICTS[report.test.verdict]} Expected is the sum of the chances that each had in every
		choice: none while inactive or full. Contacts that people assigned are not counted.</p>`;
}
