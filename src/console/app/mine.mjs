/* What an operator works from: the own active contacts, and one click to be done with one. */
import { get, get_lead_of } from "./api.mjs";
import { close } from "./contact_actions.mjs";
import { SourceName, use_directory } from "./directory.mjs";
import { Choice } from "./forms.mjs";
import { count } from "./format.mjs";
import { DEVICE, keep, kept } from "./kept.mjs";
import { Age, Email, Empty, LoadBar, Loaded, Page, Phone } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useRef, useState } from "./preact.mjs";
import { link } from "./router.mjs";
import { is_for_operator, who } from "./session.mjs";

const REMEMBERED = "leadd.operator";
const SHOWN_MAX = 50;
const LEAD_EVERY_MS = 60_000;

export function Mine() {
	const { operators, is_loaded, problem } = use_directory();
	const [chosen, set_chosen] = useState(() => kept(DEVICE, REMEMBERED) ?? "");
	const id = is_for_operator() ? String(who().operator_id) : chosen;
	const operator = operators.find((one) => String(one.id) === id);
	const choose = (value) => {
		keep(DEVICE, REMEMBERED, value);
		set_chosen(value);
	};

	return html`<${Page} title="My contacts" remark=${is_for_operator() && operator?.name}>
		<div class="filters">
			${!is_for_operator() && html`<${Chooser} operators=${operators} value=${operator ? id : ""}
				on_value=${choose} />`}
			${operator && html`<${LoadBar} ...${operator} />`}
		</div>
		<${Loaded} data=${is_loaded ? operator ?? null : undefined} problem=${problem}>${() => operator
			? html`<${Contacts} key=${id} operator=${operator} />`
			: html`<${Empty} title="Who are you?">
				Choose yourself above; this browser remembers it.</${Empty}>`}
		</${Loaded}>
	</${Page}>`;
}

function Chooser({ operators, ...rest }) {
	return html`<${Choice} label="I am" name="me" ...${rest} options=${[
		{ value: "", label: "Please choose" },
		...operators.map(({ id, name }) => ({ value: id, label: name })),
	]} />`;
}

async function read_lead(contact) {
	const { name, external_id, phone, email } = await get_lead_of(contact);

	return { name, external_id, phone, email, newest_contact: contact.id, read_at: performance.now() };
}

/*
 * The contacts, with their leads. A lead is asked for again when a contact of it arrives, which may have brought its
 * phone number, and now and then, because people correct them.
 *
 * known: the leads of the last time, by id
 */
async function load(operator_id, known) {
	const page = await get("contacts/", { operator_id, status: "active", limit: SHOWN_MAX });
	const newest = new Map([...page.items].reverse().map((contact) => [contact.lead_id, contact]));
	const oldest_read = performance.now() - LEAD_EVERY_MS;
	const leads = await Promise.all([...newest].map(async ([id, contact]) => {
		const lead = known.get(id);
		const is_fresh = lead?.newest_contact === contact.id && lead.read_at > oldest_read;

		return [id, is_fresh ? lead : await read_lead(contact)];
	}));

	return { ...page, leads: new Map(leads) };
}

function Contacts({ operator }) {
	const known = useRef(new Map());
	const { data, problem } = use_poll(async () => {
		const page = await load(operator.id, known.current);

		known.current = page.leads;
		return page;
	}, "mine");
	const all = link("contacts", { operator_id: operator.id, status: "active" });
	const more = is_for_operator() ? "there are more: they move up" : html`<a href=${all}>there are more</a>`;

	return html`<${Loaded} data=${data} problem=${problem}>${({ items, next_cursor, leads }) => items.length ? html`
		<p>${count(items.length, "active contact")}, newest first${next_cursor && html`${"; "}${more}`}.</p>
		<ul class="cards">${items.map((contact) => html`<li key=${contact.id}><${MyContact} contact=${contact}
			lead=${leads.get(contact.lead_id)} /></li>`)}</ul>`
		: html`<${Empty} title="All done">${operator.is_active ? "New contacts appear here by themselves."
			: "You are inactive, so no new ones come."}</${Empty}>`}
	</${Loaded}>`;
}

function MyContact({ contact, lead }) {
	const [is_busy, set_busy] = useState(false);
	const shut = async () => {
		set_busy(true);
		await close(contact);
		set_busy(false);
	};

	return html`<article>
		<h2><a href=${link(`contacts/${contact.id}`)}>${lead.name || lead.external_id}</a></h2>
		<p class="hint"><${SourceName} id=${contact.source_id} />, for <${Age} at=${contact.assigned_at} /></p>
		<p class="message">${contact.message ?? "No message."}</p>
		<footer>
			<p class="reach"><${Phone} number=${lead.phone} /><${Email} address=${lead.email} /></p>
			<button class="done" disabled=${is_busy} aria-label=${`Close contact ${contact.id}`}
				onClick=${shut}>Close</button>
		</footer>
	</article>`;
}
