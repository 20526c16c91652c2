/* Keys: who may use the service, and for what. */
import { get_all } from "./api.mjs";
import { use_directory } from "./directory.mjs";
import { ask_to_revoke, show_new_key_dialog } from "./key_dialogs.mjs";
import { Empty, Loaded, Page, Table, When } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { link } from "./router.mjs";
import { who } from "./session.mjs";
import { ROLES } from "./words.mjs";

const EVERY_MS = 10_000;
const FILTERS = [[undefined, "In use"], ["true", "Revoked"]];

export function Keys({ query }) {
	const { data, problem } = use_poll(() => get_all("keys/"), "keys", EVERY_MS);
	const shows_revoked = query.revoked === "true";

	return html`<${Page} title="Keys"
		remark="Each opens the service for somebody or something, as far as its role goes."
		actions=${html`<button class="primary" onClick=${show_new_key_dialog}>New key</button>`}>
		${who().id === null && html`<p class="outdated">No key is needed at present: the service was started
			${" with AUTH=open. "}Keys count as soon as it is started with AUTH=keys; make one for yourself
			${" before."}</p>`}
		<nav class="tabs" aria-label="Which keys">${FILTERS.map(([revoked, label]) => html`
			<a href=${link("keys", { revoked })}
				aria-current=${query.revoked === revoked ? "true" : undefined}>${label}</a>`)}</nav>
		<${Loaded} data=${data} problem=${problem}>${(keys) => html`
			<${KeyTable} keys=${keys.filter(({ revoked_at }) => Boolean(revoked_at) === shows_revoked)}
				shows_revoked=${shows_revoked} />`}
		</${Loaded}>
	</${Page}>`;
}

/* The role, and whom or what it is for. */
function role_text({ role, source_id, operator_id }, { operator_name, source_name }) {
	const { name } = ROLES[role];

	if (role === "ingest")
		return `${name}: ${source_id ? source_name(source_id) : "any source"}`;
	return operator_id ? `${name}: ${operator_name(operator_id)}` : name;
}

function KeyTable({ keys, shows_revoked }) {
	const directory = use_directory();
	const revoked = { label: "Revoked", cell: ({ revoked_at }) => html`<${When} at=${revoked_at} />` };
	const actions = { label: "Actions", kind: "actions", cell: (key) => html`
		<button aria-label=${`Revoke ${key.name}`} onClick=${() => ask_to_revoke(key)}>Revoke</button>` };
	const columns = [
		{ label: "Key", cell: ({ id, name }) => html`<strong>${name}</strong>
			${id === who().id && html` <span class="mark">yours</span>`}` },
		{ label: "Role", cell: (key) => role_text(key, directory) },
		{ label: "Made", cell: ({ created_at }) => html`<${When} at=${created_at} />` },
		{ label: "Last used", cell: ({ last_used_at: at }) => at ? html`<${When} at=${at} />` : "never used" },
		shows_revoked ? revoked : actions,
	];

	if (keys.length)
		return html`<${Table} caption="Keys" columns=${columns} rows=${keys} />`;
	return shows_revoked ? html`<${Empty} title="None was revoked">Those that are stay listed here.</${Empty}>`
		: html`<${Empty} title="No keys in use">Make one for each program and each person.</${Empty}>`;
}
