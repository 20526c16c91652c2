/* What can be done with a contact, from wherever it is shown. */
import { change, get } from "./api.mjs";
import { Dialog, ask_before, show_dialog } from "./dialog.mjs";
import { use_directory } from "./directory.mjs";
import { Buttons, Choice, Form, use_form } from "./forms.mjs";
import { attempt, say } from "./notices.mjs";
import { Menu } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useState } from "./preact.mjs";
import { is_for_operator } from "./session.mjs";

const WEIGHTS_EVERY_MS = 30_000;
const CONFLICT = 409, OVERTAKEN = 412;

export const OVERTAKEN_TEXT = "Somebody else changed this contact meanwhile. Nothing of yours was changed; "
	+ "what is shown now is how it stands.";

const under_way = new Set(); /* contacts that something is being done with, by id */
const own_changes = new Map(); /* by id: the version that was shown, and the one that this page made of it */

export const is_overtaken_by = (problem) => problem?.status === OVERTAKEN;

/*
 * Changes a contact as it is shown: if somebody else has changed it since, that is refused (412). What this page made
 * of it counts as shown, for that may take a while to be read.
 *
 * action: what follows the contact's own path
 */
export async function change_contact({ id, version }, method, action, body) {
	const own = own_changes.get(id);
	const now = await change(method, `contacts/${id}${action}`, body, own?.shown === version ? own.made : version);

	own_changes.set(id, { shown: version, made: now.version });
	return now;
}

/*
 * The contact that a person decides upon: as it was at first, and as others made it once that is told. Any other
 * refusal leaves it: the next try still is about what the person has seen.
 *
 * Returns [contact, on_refusal(problem)]
 */
export function use_seen(contact) {
	const [seen, set_seen] = useState(contact);
	const see_theirs = async (problem) => {
		if (is_overtaken_by(problem))
			set_seen(await get(`contacts/${contact.id}`).catch(() => seen));
	};

	return [seen, see_theirs];
}

function refused_text(problem) {
	return is_overtaken_by(problem) ? OVERTAKEN_TEXT : problem.message;
}

/* One thing at a time with a contact: who presses again because the answer is slow means the same. */
async function act(id, work, done_text, action) {
	if (under_way.has(id))
		return;
	under_way.add(id);
	await attempt(work, done_text, { action, refused_text });
	under_way.delete(id);
}

function set_status(contact, status) {
	return change_contact(contact, "PATCH", "", { status });
}

function reopen(contact) {
	return act(contact.id, () => set_status(contact, "active"), ({ id, status }) =>
		status === "active" ? `Contact ${id} is active again.` : `Contact ${id} waits again.`);
}

function close_with(contact, action) {
	return act(contact.id, () => set_status(contact, "closed"), ({ id }) => `Contact ${id} is closed.`, action);
}

/* Operators cannot take it back, so they are asked. */
export function close(contact) {
	if (!is_for_operator())
		return close_with(contact, { label: "Reopen", run: () => reopen(contact) });
	return ask_before({
		title: `Close contact ${contact.id}?`,
		text: "Only somebody who supervises can open it again.",
		label: "Close contact",
		run: () => close_with(contact),
	});
}

function release(contact) {
	return act(contact.id, () => change_contact(contact, "POST", "/release"),
		({ id }) => `Contact ${id} waits again.`);
}

function choose_again(contact, operator_name) {
	return act(contact.id, () => change_contact(contact, "POST", "/assign", {}), ({ id, operator_id }) =>
		operator_id === contact.operator_id ? `The choice fell on ${operator_name(operator_id)} again.`
			: `Contact ${id} went to ${operator_name(operator_id)}.`);
}

/* What fits the contact's status, the likeliest first: [{ label, run }]. */
function actions_of(contact, operator_name) {
	const assign = (label) => ({ label, run: () => show_assign_dialog(contact) });
	const again = (label) => ({ label, run: () => choose_again(contact, operator_name) });
	const shut = { label: "Close", run: () => close(contact) };

	if (is_for_operator())
		return contact.status === "closed" ? [] : [shut];
	switch (contact.status) {
	case "waiting":
		return [assign("Assign"), again("Choose by the rule"), shut];
	case "active":
		return [shut, assign("Give to another"), again("Choose again"),
			{ label: "Give back", run: () => release(contact) }];
	default:
		return [{ label: "Reopen", run: () => reopen(contact) }];
	}
}

/* For a row of a list: the first action as a button, the others behind another. */
export function RowActions({ contact }) {
	const { operator_name } = use_directory();
	const [first, ...others] = actions_of(contact, operator_name);

	return html`<button aria-label=${`${first.label}: contact ${contact.id}`} onClick=${first.run}>
			${first.label}</button>
		${others.length > 0 && html`<${Menu} label=${`More for contact ${contact.id}`} items=${others} />`}`;
}

/* For the contact's own screen: all of them. */
export function DetailActions({ contact }) {
	const { operator_name } = use_directory();

	return actions_of(contact, operator_name).map(({ label, run }, index) => html`
		<button key=${label} class=${index ? "" : "primary"} onClick=${run}>${label}</button>`);
}

export function show_assign_dialog(contact) {
	show_dialog((on_close) => html`<${AssignDialog} contact=${contact} on_close=${on_close} />`);
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

function AssignDialog({ contact: given, on_close }) {
	const { operators, operator_name, source_name } = use_directory();
	const [contact, see_theirs] = use_seen(given);
	const form = use_form({ operator_id: "" });
	const weights = use_poll(() => get(`sources/${contact.source_id}/weights/`), "weights", WEIGHTS_EVERY_MS);
	const chosen = operators.find(({ id }) => id === Number(form.values.operator_id));
	const options = operator_options(operators, weights.data?.items ?? [], contact.operator_id);
	const is_overtaken = is_overtaken_by(form.problem);
	/* What was refused because of the operator can be insisted on. */
	const may_insist = form.problem?.status === CONFLICT && chosen && !chosen.free
		&& form.sent.operator_id === form.values.operator_id && contact.status !== "closed";
	const assign = async () => {
		const body = { operator_id: Number(form.values.operator_id), ...may_insist && { force: true } };

		if (!await form.submit(() => change_contact(contact, "POST", "/assign", body), see_theirs))
			return;
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
				is_ready=${Boolean(chosen)} on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}
