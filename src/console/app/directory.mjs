/* All operators with their loads, and all sources: every screen names them and chooses among them. */
import { get, get_all } from "./api.mjs";
import { use_poll } from "./poll.mjs";
import { createContext, html, useContext } from "./preact.mjs";
import { link } from "./router.mjs";

const SOURCES_EVERY_MS = 30_000;

const Directory = createContext(null);

/* For the App: children see the newest one. */
export function DirectoryProvider({ children }) {
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

function name_in(rows, kind) {
	const names = new Map(rows.map(({ id, name }) => [id, name]));

	return (id) => names.get(id) ?? `${kind} ${id}`;
}

/* { operators, sources, is_loaded, problem, operator_name(id), source_name(id) } */
export function use_directory() {
	return useContext(Directory);
}

export function OperatorName({ id }) {
	const { operator_name } = use_directory();

	if (!id)
		return "–";
	return html`<a href=${link("contacts", { operator_id: id, status: "active" })}>${operator_name(id)}</a>`;
}

export function SourceName({ id }) {
	const { source_name } = use_directory();

	return html`<a href=${link(`sources/${id}`)}>${source_name(id)}</a>`;
}
