/* Sends a contact as a program would, to see what becomes of it. */
import { change } from "./api.mjs";
import { Dialog, show_dialog } from "./dialog.mjs";
import { use_directory } from "./directory.mjs";
import { Buttons, Field, Form, use_form } from "./forms.mjs";
import { html, useState } from "./preact.mjs";
import { link } from "./router.mjs";

export function show_test_dialog(source) {
	show_dialog((on_close) => html`<${TestDialog} source=${source} on_close=${on_close} />`);
}

function TestDialog({ source, on_close }) {
	const form = use_form({ lead_external_id: "test:1", message: "A test" });
	const [contact, set_contact] = useState(null);
	const send = () => form.submit(async ({ lead_external_id, message }) => {
		set_contact(null);

		const draft = { source_id: source.id, lead_external_id, message: message || null };

		set_contact(await change("POST", "contacts/", draft));
	});

	return html`<${Dialog} title=${`Send a test contact to ${source.name}`} on_close=${on_close}>
		<${Form} form=${form} fields=${["lead_external_id", "message"]} on_submit=${send}>
			<p>It is stored like any other, and takes a place until it is closed.</p>
			<${Field} label="Lead's id outside" autofocus ...${form.field("lead_external_id")} />
			<${Field} label="Message" ...${form.field("message")} />
			<div role="status">${contact && html`<${Result} contact=${contact} />`}</div>
			<${Buttons} form=${form} label=${contact ? "Send another" : "Send"} back="Done"
				on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}

function Result({ contact }) {
	const { operator_name } = use_directory();
	const { id, operator_id } = contact;

	return html`<p class="result">
		${operator_id ? `It went to ${operator_name(operator_id)}. ` : "Nobody could take it, so it waits. "}
		<a href=${link(`contacts/${id}`)}>See contact ${id}</a></p>`;
}
