/* A single source: who takes which part, how it went, how it chooses. */
import { change, get } from "./api.mjs";
import { ask_before } from "./dialog.mjs";
import { Buttons, Field, Form, Radios, use_draft } from "./forms.mjs";
import { duration, typed_integer } from "./format.mjs";
import { say } from "./notices.mjs";
import { Card, Loaded, Page } from "./parts.mjs";
import { use_poll } from "./poll.mjs";
import { html } from "./preact.mjs";
import { go, link } from "./router.mjs";
import { Shares } from "./shares.mjs";
import { show_test_dialog } from "./test_contact.mjs";
import { Weights } from "./weights.mjs";
import { BACKLOGS, STRATEGIES } from "./words.mjs";

export function Source({ id }) {
	const { data: source, problem, put } = use_poll(() => get(`sources/${id}`), id);

	return html`<${Page} title=${source?.name ?? `Source ${id}`}
		remark=${source && STRATEGIES[source.strategy].about}
		actions=${source && html`
			<a class="button" href=${link("contacts", { source_id: id })}>Its contacts</a>
			<button onClick=${() => show_test_dialog(source)}>Send a test contact</button>
			<button onClick=${() => ask_to_delete(source)}>Delete</button>`}>
		<${Loaded} data=${source} problem=${problem}>${() => html`
			<${Weights} source=${source} />
			<${Shares} source=${source} />
			<${Settings} source=${source} put=${put} />`}
		</${Loaded}>
	</${Page}>`;
}

function ask_to_delete({ id, name }) {
	ask_before({
		title: `Delete ${name}?`,
		text: "Its weights go as well. A source that has contacts stays: they would lose where they came from.",
		label: "Delete",
		run: async () => {
			await change("DELETE", `sources/${id}`);
			say(`${name} is deleted.`);
			go("sources");
		},
	});
}

function settings_of({ name, strategy, sticky_seconds, backlog }) {
	return { name, strategy, sticky_seconds: String(sticky_seconds), backlog };
}

function sticky_hint(typed) {
	const seconds = typed_integer(typed);

	if (!Number.isInteger(seconds) || seconds < 0)
		return "A whole number of seconds, such as 300 for five minutes.";
	return seconds
		? `A lead that comes again within ${duration(seconds)} goes to the same operator, if there is room.`
		: "0: every contact is chosen for anew.";
}

function Settings({ source, put }) {
	const settings = settings_of(source);
	const form = use_draft(settings);
	const save = async () => {
		const { sticky_seconds, ...body } = form.changes;

		if (sticky_seconds !== undefined)
			body.sticky_seconds = typed_integer(sticky_seconds);

		const saved = await form.submit(() => change("PATCH", `sources/${source.id}`, body));

		if (!saved)
			return;
		put(saved);
		form.reset(settings_of(saved));
		say("The settings are saved.");
	};

	return html`<${Card} title="Settings">
		<${Form} form=${form} fields=${["name", "sticky_seconds"]} on_submit=${save}>
			<div class="pair">
				<${Field} label="Name" ...${form.field("name")} />
				<${Field} label="Same operator again within (seconds)" inputmode="numeric"
					hint=${sticky_hint(form.values.sticky_seconds)}
					...${form.field("sticky_seconds")} />
			</div>
			<div class="pair">
				<${Radios} legend="Who gets a contact" options=${STRATEGIES}
					...${form.field("strategy")} />
				<${Radios} legend="Contacts that wait are given out" options=${BACKLOGS}
					...${form.field("backlog")} />
			</div>
			<${Buttons} form=${form} label="Save settings" is_ready=${form.is_changed} back="Discard"
				on_back=${form.is_changed && (() => form.reset(settings))} />
		</${Form}>
	</${Card}>`;
}
