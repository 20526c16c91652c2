/* Where one is: #/contacts/42 or #/contacts?status=waiting. */
import { Store } from "./store.mjs";

function read() {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
	const [screen, id] = path.split("/");

	return { path, screen, id, query: Object.fromEntries(new URLSearchParams(query)) };
}

export const route = new Store(read());

addEventListener("hashchange", () => route.set(read()));

/* What a query leaves out. */
export function has_value(value) {
	return value !== undefined && value !== null && value !== "";
}

/* path: "contacts/42", "" for the overview; query: members without a value are left out. */
export function link(path, query = {}) {
	const given = Object.entries(query).filter(([, value]) => has_value(value));

	return `#/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

export function go(path, query) {
	location.hash = link(path, query);
}

/* The same place with another query, without a step for the browser's way back. */
export function replace_query(query) {
	history.replaceState(null, "", link(route.value.path, query));
	route.set(read());
}
