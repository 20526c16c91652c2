/* A single contact: what was said, by whom, and what happened to it. */
import { get, get_all, get_lead_of } from "./api.mjs";
import { DetailActions, OVERTAKEN_TEXT, change_contact, is_overtaken_by, use_seen } from "./contact_actions.mjs";
import { Dialog, show_dialog } from "./dialog.mjs";
import { OperatorName, SourceName } from "./directory.mjs";
import { Buttons, Field, Form, use_form } from "./forms.mjs";
import { History } from "./history.mjs";
import { say } from "./notices.mjs";
import { Card, Email, Loaded, Page, Phone, Status, When } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { link } from "./router.mjs";
import { is_for_operator } from "./session.mjs";

/* history: null: it is not for operators */
async function load(id) {
	const history = is_for_operator() ? null : get_all(`contacts/${id}/history`);
	const [contact, entries] = await Promise.all([get(`contacts/${id}`), history]);

	return { contact, history: entries, lead: await get_lead_of(contact) };
}

export function Contact({ id }) {
	const { data, problem } = use_poll(() => load(id), id);

	return html`<${Page} title=${`Contact ${id}`}
		remark=${data && html`from <${SourceName} id=${data.contact.source_id} />`}
		actions=${data && html`<${DetailActions} contact=${data.contact} />`}>
		<${Loaded} data=${data} problem=${problem}>${({ contact, history, lead }) => html`<div class="columns">
			<div>
				<${Message} contact=${contact} />
				${history && html`<${Card} title="What happened">
					<${History} entries=${history} /></${Card}>`}
			</div>
			<div>
				<${State} contact=${contact} />
				<${Lead} lead=${lead} />
			</div>
		</div>`}</${Loaded}>
	</${Page}>`;
}

function Message({ contact }) {
	const edit = () => show_dialog((on_close) => html`
		<${MessageDialog} contact=${contact} on_close=${on_close} />`);

	return html`<${Card} title="Message" aside=${html`<button onClick=${edit}>Edit message</button>`}>
		<p class="message">${contact.message ?? "No message."}</p>
		${contact.payload && html`<h3>Further data</h3>
			<pre tabindex="0">${JSON.stringify(contact.payload, null, 2)}</pre>`}
	</${Card}>`;
}

/* Keeps to the version that the person began with, so that nobody's words are written over unseen. */
function MessageDialog({ contact, on_close }) {
	const form = use_form({ message: contact.message ?? "" });
	const [seen, see_theirs] = use_seen(contact);
	const is_overtaken = is_overtaken_by(form.problem);
	const save = async () => {
		const body = { message: form.values.message.trim() ? form.values.message : null };

		if (!await form.submit(() => change_contact(seen, "PATCH", "", body), see_theirs))
			return;
		say("The message is saved.");
		on_close();
	};

	return html`<${Dialog} title=${`Message of contact ${contact.id}`} on_close=${on_close}>
		<${Form} form=${is_overtaken ? { ...form, problem: null } : form} fields=${["message"]}
			on_submit=${save}>
			${is_overtaken && html`<div class="fault" role="alert">
				<p>${OVERTAKEN_TEXT} What you typed is still here; it would replace this:</p>
				<p class="message">${seen.message ?? "No message."}</p>
			</div>`}
			<${Field} label="Message" is_long autofocus ...${form.field("message")} />
			<${Buttons} form=${form} label=${is_overtaken ? "Replace" : "Save"} on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}

function State({ contact }) {
	return html`<${Card} title="How it stands"><dl class="facts">
		<dt>Status</dt><dd><${Status} status=${contact.status} /></dd>
		<dt>Operator</dt><dd><${OperatorName} id=${contact.operator_id} /></dd>
		<dt>Came in</dt><dd><${When} at=${contact.created_at} /></dd>
		<dt>Assigned</dt><dd><${When} at=${contact.assigned_at} /></dd>
		<dt>Closed</dt><dd><${When} at=${contact.closed_at} /></dd>
	</dl></${Card}>`;
}

function Lead({ lead }) {
	const open = !is_for_operator() && html`<a href=${link(`leads/${lead.id}`)}>Open</a>`;

	return html`<${Card} title="Lead" aside=${open}><dl class="facts">
		<dt>Known as</dt><dd>${lead.external_id}</dd>
		<dt>Name</dt><dd>${lead.name ?? "–"}</dd>
		<dt>Phone</dt><dd>${lead.phone ? html`<${Phone} number=${lead.phone} />` : "–"}</dd>
		<dt>Email</dt><dd>${lead.email ? html`<${Email} address=${lead.email} />` : "–"}</dd>
		<dt>Contacts</dt><dd>${lead.contact_count}</dd>
	</dl></${Card}>`;
}
