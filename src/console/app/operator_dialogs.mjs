/* What is asked about an operator: its name and limit, what becomes of its contacts, whether it may go. */
import { change } from "./api.mjs";
import { Dialog, ask_before, show_dialog } from "./dialog.mjs";
import { Buttons, Field, Form, Radios, use_form } from "./forms.mjs";
import { count, typed_integer } from "./format.mjs";
import { say } from "./notices.mjs";
import { html } from "./preact.mjs";

/* operator: to be edited; a new one without it */
export function show_operator_dialog(operator) {
	show_dialog((on_close) => html`<${OperatorDialog} operator=${operator} on_close=${on_close} />`);
}

function OperatorDialog({ operator, on_close }) {
	const form = use_form({ name: operator?.name ?? "", max_load_limit: String(operator?.max_load_limit ?? 10) });
	const send = (values) => {
		const body = operator ? { ...form.changes } : { ...values };

		if (body.max_load_limit !== undefined)
			body.max_load_limit = typed_integer(body.max_load_limit);
		return operator ? change("PATCH", `operators/${operator.id}`, body)
			: change("POST", "operators/", body);
	};
	const save = async () => {
		if (!await form.submit(send))
			return;
		say(operator ? `${form.values.name} is saved.` : `${form.values.name} can take contacts now.`);
		on_close();
	};

	return html`<${Dialog} title=${operator ? `Edit ${operator.name}` : "New operator"} on_close=${on_close}>
		<${Form} form=${form} fields=${["name", "max_load_limit"]} on_submit=${save}>
			<${Field} label="Name" autofocus ...${form.field("name")} />
			<${Field} label="Limit" inputmode="numeric"
				hint="How many active contacts at a time. Lowering it takes nothing away."
				...${form.field("max_load_limit")} />
			<${Buttons} form=${form} label=${operator ? "Save" : "Create"} on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}

const LEAVING = {
	keep: { name: "Keep them", about: "The operator goes on with these, and gets no new ones." },
	release: { name: "Give them back", about: "They wait; sources that give out by themselves do so at once." },
	redistribute: {
		name: "Give them to others",
		about: "By each source's own rule, to whoever has room. The rest waits.",
	},
};

export function show_leave_dialog(operator) {
	show_dialog((on_close) => html`<${LeaveDialog} operator=${operator} on_close=${on_close} />`);
}

/* Also for one who is inactive already, and still holds contacts. */
function LeaveDialog({ operator, on_close }) {
	const { name, is_active, active_load } = operator;
	const { keep, ...passing_on } = LEAVING;
	const options = is_active ? { keep, ...passing_on } : passing_on;
	const form = use_form({ active_contacts: is_active ? "keep" : "release" });
	const send = (body) => change("PATCH", `operators/${operator.id}`, { ...body, is_active: false });
	const leave = async () => {
		if (!await form.submit(send))
			return;
		say(is_active ? `${name} takes no new contacts now.` : `The contacts of ${name} are being passed on.`);
		on_close();
	};

	return html`<${Dialog} title=${is_active ? `Deactivate ${name}` : `Contacts of ${name}`} on_close=${on_close}>
		<${Form} form=${form} fields=${[]} on_submit=${leave}>
			<p>${name} holds ${count(active_load, "active contact")}, and ${is_active ? "will get" : "gets"}
				${" no new ones."}</p>
			<${Radios} legend="What becomes of the active contacts?" options=${options}
				...${form.field("active_contacts")} />
			<${Buttons} form=${form} label=${is_active ? "Deactivate" : "Pass on"} on_back=${on_close} />
		</${Form}>
	</${Dialog}>`;
}

export function show_delete_dialog(operator) {
	ask_before({
		title: `Delete ${operator.name}?`,
		text: "The operator's weights go as well. Only who never held a contact can be deleted; everybody else "
			+ "is part of the history and can be deactivated.",
		label: "Delete",
		run: async () => {
			await change("DELETE", `operators/${operator.id}`);
			say(`${operator.name} is deleted.`);
		},
		instead: operator.is_active && { label: "Deactivate", run: () => show_leave_dialog(operator) },
	});
}
