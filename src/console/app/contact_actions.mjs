/* What can be done with a contact, from wherever it is shown. */
import { change, get } from "./api.mjs";
import { Dialog, show_dialog } from "./dialog.mjs";
import { use_directory } from "./directory.mjs";
import { Buttons, Choice, Form, use_form } from "./forms.mjs";
import { attempt, say } from "./notices.mjs";
import { Menu } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useState } from "./preact.mjs";

const WEIGHTS_EVERY_MS = 30_000;
const CONFLICT = 409, OVERTAKEN = 412;

export const OVERTAKEN_TEXT = "Somebody else changed this contact meanwhile. Nothing of yours was changed; "
	+ "what is shown now is how it stands.";

const under_way = new Set(); /* contacts that something is being done with, by id */

function refused_text({ status, message }) {
	return status === OVERTAKEN ? OVERTAKEN_TEXT : message;
}

/* One thing at a time with a contact: who presses again because the answer is slow means the same. */
async function act(id, work, done_text, action) {
	if (under_way.has(id))
		return;
	under_way.add(id);
	await attempt(work, done_text, { action, refused_text });
	under_way.delete(id);
}

/* version: as it is shown; undefined where the newest one may be changed, whatever it is */
function set_status(id, status, version) {
	return change("PATCH", `contacts/${id}`, { status }, version);
}

function reopen({ id }, version) {
	return act(id, () => set_status(id, "active", version), ({ status }) =>
		status === "active" ? `Contact ${id} is active again.` : `Contact ${id} waits again.`);
}

export function close(contact, version) {
	return act(contact.id, () => set_status(contact.id, "closed", version),
		() => `Contact ${contact.id} is closed.`, { label: "Reopen", run: () => reopen(contact) });
}

function release({ id }, version) {
	return act(id, () => change("POST", `contacts/${id}/release`, undefined, version),
		() => `Contact ${id} waits again.`);
}

function choose_again({ id, operator_id }, version, operator_name) {
	return act(id, () => change("POST", `contacts/${id}/assign`, {}, version), (now) =>
		now.operator_id === operator_id ? `The choice fell on ${operator_name(now.operator_id)} again.`
			: `Contact ${id} went to ${operator_name(now.operator_id)}.`);
}

/* What fits the contact's status, the likeliest first: [{ label, run }]. */
function actions_of(contact, version, operator_name) {
	const assign = (label) => ({ label, run: () => show_assign_dialog(contact, version) });
	const again = (label) => ({ label, run: () => choose_again(contact, version, operator_name) });
	const shut = { label: "Close", run: () => close(contact, version) };

	switch (contact.status) {
	case "waiting":
		return [assign("Assign"), again("Choose by the rule"), shut];
	case "active":
		return [shut, assign("Give to another"), again("Choose again"),
			{ label: "Give back", run: () => release(contact, version) }];
	default:
		return [{ label: "Reopen", run: () => reopen(contact, version) }];
	}
}

/* For a row of a list: the first action as a button, the others behind another. */
export function RowActions({ contact }) {
	const { operator_name } = use_directory();
	const [first, ...others] = actions_of(contact, undefined, operator_name);

	return html`<button aria-label=${`${first.label}: contact ${contact.id}`} onClick=${first.run}>
			${first.label}</button>
		${others.length > 0 && html`<${Menu} label=${`More for contact ${contact.id}`} items=${others} />`}`;
}

/* For the contact's own screen: all of them, and only as long as the contact is as shown. */
export function DetailActions({ contact }) {
	const { operator_name } = use_directory();

	return actions_of(contact, contact.version, operator_name).map(({ label, run }, index) => html`
		<button key=${label} class=${index ? "" : "primary"} onClick=${run}>${label}</button>`);
}

export function show_assign_dialog(contact, version) {
	show_dialog((on_close) => html`<${AssignDialog} contact=${contact} version=${version} on_close=${on_close} />`);
}

function room_of({ is_active, active_load, max_load_limit, free }) {
	if (!is_active)
		return "inactive";
	return free ? `${free} free` : `full, ${active_load} of ${max_load_limit}`;
}

/* Those who serve the source first, of these who has the most room. */
function operator_options(operators, weights, holder) {
	const serving = new Set(weights.map(({ operator_id }) => operator_id));
	const others = operators.filter(({ id }) => id !== holder).sort((a, b) =>
		serving.has(b.id) - serving.has(a.id) || b.free - a.free || a.id - b.id);

	return [{ value: "", label: "Please choose" }, ...others.map((operator) => ({
		value: operator.id,
		label: `${operator.name} (${room_of(operator)})`,
		group: serving.has(operator.id) ? "Serve this source" : "Others",
	}))];
}

function AssignDialog({ contact: given, version, on_close }) {
	const { operators, operator_name, source_name } = use_directory();
	const [contact, set_contact] = useState(given);
	const form = use_form({ operator_id: "" });
	const weights = use_poll(() => get(`sources/${contact.source_id}/weights/`), "weights", WEIGHTS_EVERY_MS);
	const chosen = operators.find(({ id }) => id === Number(form.values.operator_id));
	const options = operator_options(operators, weights.data?.items ?? [], contact.operator_id);
	const is_overtaken = form.problem?.status === OVERTAKEN;
	/* What was refused because of the operator can be insisted on. */
	const may_insist = form.problem?.status === CONFLICT && chosen && !chosen.free
		&& form.sent.operator_id === form.values.operator_id && contact.status !== "closed";
	const assign = async () => {
		const body = { operator_id: Number(form.values.operator_id), ...may_insist && { force: true } };
		const seen = version && contact.version;

		if (!await form.submit(() => change("POST", `contacts/${contact.id}/assign`, body, seen))) {
			set_contact(await get(`contacts/${contact.id}`).catch(() => contact));
			return;
		}
		say(`Contact ${contact.id} went to ${operator_name(body.operator_id)}.`);
		on_close();
	};

	return html`<${Dialog} title=${`Assign contact ${contact.id}`} on_close=${on_close}>
		<${Form} form=${may_insist || is_overtaken ? { ...form, problem: null } : form}
			fields=${["operator_id"]} on_submit=${assign}>
			<p>${contact.lead_external_id}, from ${source_name(contact.source_id)}${
				contact.operator_id && `, now with ${operator_name(contact.operator_id)}`}${
				contact.status === "closed" && ", now closed"}.</p>
			<${Choice} label="Operator" options=${options} ...${form.field("operator_id")} />
			${may_insist && html`<p class="fault" role="alert">${chosen.name} is ${room_of(chosen)}.
				${" The rule would not give this contact; you can all the same."}</p>`}
			${is_overtaken && html`<p class="fault" role="alert">${OVERTAKEN_TEXT}</p>`}
			<${Buttons} form=${form} label=${may_insist ? "Assign all the same" : "Assign"}
				is_ready=${chosen} on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}
