/* All operators with their loads, and all sources: every screen names them and chooses among them. */
import { get, get_all } from "./api.mjs";
import { use_poll } from "./poll.mjs";
import { createContext, html, useContext, useEffect, useState } from "./preact.mjs";
import { link } from "./router.mjs";
import { is_for_operator, who } from "./session.mjs";

const SOURCES_EVERY_MS = 30_000;

const Directory = createContext(null);

/* For the App: children see the newest one. */
export function DirectoryProvider({ children }) {
	return html`<${is_for_operator() ? OwnDirectory : WholeDirectory}>${children}</>`;
}

function WholeDirectory({ children }) {
	const loads = use_poll(() => get("distribution/load/"), "load");
	const sources = use_poll(() => get_all("sources/"), "sources", SOURCES_EVERY_MS);
	const operators = (loads.data?.items ?? []).map((row) =>
		({ ...row, id: row.operator_id, name: row.operator_name }));

	return html`<${Directory.Provider} value=${{
		operators, sources: sources.data ?? [],
		is_loaded: loads.data !== undefined && sources.data !== undefined,
		problem: loads.problem ?? sources.problem,
		operator_name: name_in(operators, "operator"), source_name: name_in(sources.data ?? [], "source"),
	}}>${children}</${Directory.Provider}>`;
}

/* Of an operator, who may list neither: itself, and the sources that are named on screen, one by one. */
function OwnDirectory({ children }) {
	const { operator_id: id } = who();
	const [wanted, set_wanted] = useState([]);
	const self = use_poll(() => get(`operators/${id}`), "self");
	const sources = use_poll(() => Promise.all(wanted.map((one) => get(`sources/${one}`))), wanted.join(),
		SOURCES_EVERY_MS);
	const operators = self.data ? [self.data] : [];

	return html`<${Directory.Provider} value=${{
		operators, sources: sources.data ?? [], is_loaded: self.data !== undefined, problem: self.problem,
		operator_name: name_in(operators, "operator"), source_name: name_in(sources.data ?? [], "source"),
		want_source: (one) => set_wanted((before) => before.includes(one) ? before : [...before, one]),
	}}>${children}</${Directory.Provider}>`;
}

function name_in(rows, kind) {
	const names = new Map(rows.map(({ id, name }) => [id, name]));

	return (id) => names.get(id) ?? `${kind} ${id}`;
}

/* { operators, sources, is_loaded, problem, operator_name(id), source_name(id), want_source(id) of some } */
export function use_directory() {
	return useContext(Directory);
}

/* Operators have no pages of operators and sources to be led to. */

export function OperatorName({ id }) {
	const { operator_name } = use_directory();

	if (!id)
		return "–";
	if (is_for_operator())
		return operator_name(id);
	return html`<a href=${link("contacts", { operator_id: id, status: "active" })}>${operator_name(id)}</a>`;
}

export function SourceName({ id }) {
	const { source_name, want_source } = use_directory();

	useEffect(() => want_source?.(id), [id]);
	if (is_for_operator())
		return source_name(id);
	return html`<a href=${link(`sources/${id}`)}>${source_name(id)}</a>`;
}
