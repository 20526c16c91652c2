/* What is asked about a key: whom it is for, and whether it may go; and the one time that it is shown. */
import { change } from "./api.mjs";
import { Dialog, ask_before, show_dialog } from "./dialog.mjs";
import { use_directory } from "./directory.mjs";
import { Buttons, Choice, Field, Form, Radios, use_form } from "./forms.mjs";
import { say } from "./notices.mjs";
import { html, useRef, useState } from "./preact.mjs";
import { end_session, who } from "./session.mjs";
import { ROLES } from "./words.mjs";

export function show_new_key_dialog() {
	show_dialog((on_close) => html`<${NewKeyDialog} on_close=${on_close} />`);
}

const id_or_null = (chosen) => chosen ? Number(chosen) : null;

/* What was chosen for another role before does not count. */
function draft_of({ name, role, source_id, operator_id }) {
	return {
		name, role, source_id: role === "ingest" ? id_or_null(source_id) : null,
		operator_id: role === "operator" ? id_or_null(operator_id) : null,
	};
}

function NewKeyDialog({ on_close }) {
	const form = use_form({ name: "", role: "ingest", source_id: "", operator_id: "" });
	const { role, operator_id } = form.values;
	/* It is shown also to who has left meanwhile: there is no other time. */
	const create = async () => {
		const made = await form.submit((values) => change("POST", "keys/", draft_of(values)));

		if (made)
			show_dialog((on_done) => html`<${MadeDialog} made=${made} on_close=${on_done} />`);
	};

	return html`<${Dialog} title="New key" on_close=${on_close}>
		<${Form} form=${form} fields=${["name", "source_id", "operator_id"]} on_submit=${create}>
			<${Field} label="Name" autofocus hint="Who or what has it; history names it so."
				...${form.field("name")} />
			<${Radios} legend="What it may do" options=${ROLES} ...${form.field("role")} />
			<${Whose} form=${form} />
			<${Buttons} form=${form} label="Make key" is_ready=${role !== "operator" || operator_id !== ""}
				on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}

function Whose({ form }) {
	const { operators, sources } = use_directory();
	const options = (first, rows) => [{ value: "", label: first },
		...rows.map(({ id, name }) => ({ value: id, label: name }))];

	switch (form.values.role) {
	case "ingest":
		return html`<${Choice} key="source" label="Source" options=${options("Any source", sources)}
			...${form.field("source_id")} />`;
	case "operator":
		return html`<${Choice} key="operator" label="Operator" options=${options("Please choose", operators)}
			...${form.field("operator_id")} />`;
	default:
		return null;
	}
}

function MadeDialog({ made, on_close }) {
	const field = useRef(null);
	const [remark, set_remark] = useState("");
	/* Only pages that came over HTTPS, or from this machine, may copy by themselves, and a person can forbid it. */
	const copy = async () => {
		field.current.querySelector("input").select();
		try {
			await navigator.clipboard.writeText(made.key);
			set_remark("Copied.");
		} catch {
			set_remark("This browser does not let pages copy here. The key is selected: copy it yourself.");
		}
	};

	return html`<${Dialog} title=${`The key ${made.name}`} on_close=${on_close}>
		<form onSubmit=${(event) => event.preventDefault()}>
			<p>Copy it now, and keep it where secrets are kept: it cannot be shown again.</p>
			<div class="made" ref=${field}>
				<${Field} label="Key" name="made" value=${made.key} readonly spellcheck="false"
					on_value=${() => {}} />
				<button type="button" class="primary" autofocus onClick=${copy}>Copy</button>
			</div>
			<p class="hint" role="status">${remark}</p>
			<footer><button type="button" onClick=${on_close}>Done</button></footer>
		</form>
	</${Dialog}>`;
}

export function ask_to_revoke({ id, name }) {
	const is_own = id === who().id;
	const own_text = is_own ? "You are signed in with it: you will be signed out, and need another one. " : "";

	ask_before({
		title: `Revoke ${name}?`,
		text: `${own_text}Whoever uses it is shut out at once, and for good: a revoked key stays revoked.`,
		label: "Revoke",
		run: async () => {
			await change("DELETE", `keys/${id}`);
			if (is_own)
				end_session(`The key ${name}, with which you were signed in, is revoked.`);
			else
				say(`The key ${name} is revoked.`);
		},
	});
}
