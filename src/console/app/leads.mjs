/* Leads: the people behind the contacts. */
import { change, get } from "./api.mjs";
import { ContactTable } from "./contacts.mjs";
import { Buttons, Field, Form, use_draft } from "./forms.mjs";
import { number } from "./format.mjs";
import { say } from "./notices.mjs";
import { Card, Empty, Loaded, Page, Pager, Table, When } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html, useEffect, useRef, useState } from "./preact.mjs";
import { link, replace_query } from "./router.mjs";

const SEARCH_MIN = 2; /* characters; the service refuses less */
const TYPING_MS = 250;

export function Leads({ query }) {
	const { data, problem, is_stale } = use_poll(() => get("leads/", query), JSON.stringify(query));

	return html`<${Page} title="Leads" remark="The people behind the contacts; each comes with a first one.">
		<${Search} q=${query.q ?? ""} />
		<${Loaded} data=${data} problem=${problem} is_stale=${is_stale}>${({ items, next_cursor }) => html`
			${items.length ? html`<${LeadTable} leads=${items} />` : html`<${NoLeads} q=${query.q} />`}
			<${Pager} next_cursor=${next_cursor} is_stale=${is_stale} />`}
		</${Loaded}>
	</${Page}>`;
}

/* What is typed is searched for after a short pause. */
function Search({ q }) {
	const [text, set_text] = useState(q);
	const asked = useRef(q); /* what this field put into the address last */
	const wanted = text.trim();

	/* A link, or the way back, brought another query. */
	useEffect(() => {
		if (q !== asked.current)
			set_text(q);
		asked.current = q;
	}, [q]);
	useEffect(() => {
		const timer = setTimeout(() => {
			if (wanted === asked.current || (wanted && wanted.length < SEARCH_MIN))
				return;
			asked.current = wanted;
			replace_query({ q: wanted });
		}, TYPING_MS);

		return () => clearTimeout(timer);
	}, [wanted]);
	return html`<div class="filters" role="search" aria-label="Search leads">
		<${Field} label="Search" type="search" name="q" value=${text} on_value=${set_text}
			hint="The beginning of the outside id, the phone or the email; two characters at least." />
	</div>`;
}

function NoLeads({ q }) {
	if (q)
		return html`<${Empty} title="Nobody found">
			No outside id, phone or email begins with “${q}”.</${Empty}>`;
	return html`<${Empty} title="No leads yet">Each comes with a first contact.</${Empty}>`;
}

function LeadTable({ leads }) {
	const columns = [
		{ label: "Lead", cell: ({ id, external_id }) => html`
			<a href=${link(`leads/${id}`)}>${external_id}</a>` },
		{ label: "Name", cell: ({ name }) => name },
		{ label: "Phone", cell: ({ phone }) => phone },
		{ label: "Email", cell: ({ email }) => email },
		{ label: "Contacts", kind: "number", cell: ({ contact_count }) => number(contact_count) },
		{ label: "Newest", cell: ({ contacts }) => html`<${When} at=${contacts[0]?.created_at} />` },
	];

	return html`<${Table} caption="Leads" columns=${columns} rows=${leads} />`;
}

export function Lead({ id }) {
	const { data: lead, problem, put } = use_poll(() => get(`leads/${id}`), id);

	return html`<${Page} title=${lead ? lead.name || lead.external_id : `Lead ${id}`}
		remark=${lead && html`Known as ${lead.external_id}, since <${When} at=${lead.created_at} />`}>
		<${Loaded} data=${lead} problem=${problem}>${() => html`
			<${LeadForm} lead=${lead} put=${put} />
			<${Card} title=${`Contacts (${number(lead.contact_count)})`}
				aside=${html`<a href=${link("contacts", { lead_id: lead.id })}>All of them</a>`}>
				<${ContactTable} contacts=${lead.contacts} caption="Contacts of this lead" />
			</${Card}>`}
		</${Loaded}>
	</${Page}>`;
}

function values_of({ name, phone, email }) {
	return { name: name ?? "", phone: phone ?? "", email: email ?? "" };
}

function LeadForm({ lead, put }) {
	const stored = values_of(lead);
	const form = use_draft(stored);
	const save = async () => {
		const body = Object.fromEntries(Object.entries(form.changes).map(([name, value]) =>
			[name, value.trim() ? value : null]));
		const saved = await form.submit(() => change("PATCH", `leads/${lead.id}`, body));

		if (!saved)
			return;
		put({ ...lead, ...saved });
		form.reset(values_of(saved));
		say("The lead is saved.");
	};

	return html`<${Card} title="Who it is">
		<${Form} form=${form} fields=${["name", "phone", "email"]} on_submit=${save}>
			<div class="pair">
				<${Field} label="Name" ...${form.field("name")} />
				<${Field} label="Phone" type="tel" ...${form.field("phone")} />
				<${Field} label="Email" inputmode="email" ...${form.field("email")} />
			</div>
			<${Buttons} form=${form} label="Save" is_ready=${form.is_changed} back="Discard"
				on_back=${form.is_changed && (() => form.reset(stored))} />
		</${Form}>
	</${Card}>`;
}
