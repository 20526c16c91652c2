/* Signing in with a key, where the service asks for one. */
import { Problem, get_caller_of } from "./api.mjs";
import { Buttons, Check, Field, Form, use_form } from "./forms.mjs";
import { Card, Page } from "./parts.mjs";
import { html, useEffect, useRef } from "./preact.mjs";
import { is_sendable, sign_in } from "./session.mjs";

const UNKNOWN = new Problem(401, {
	errors: [{ field: "key", message: "This key is not known here, or it was revoked." }],
});

async function caller_of(key) {
	if (!is_sendable(key))
		throw UNKNOWN;
	try {
		return await get_caller_of(key);
	} catch (problem) {
		throw problem.is_of_key ? UNKNOWN : problem;
	}
}

/* remark: why one has to sign in again, or nothing */
export function SignIn({ remark }) {
	const form = use_form({ key: "", is_lasting: false });
	const place = useRef(null);
	const enter = () => form.submit(async ({ key: typed, is_lasting }) => {
		const key = typed.trim();

		sign_in(await caller_of(key), key, is_lasting);
	});

	useEffect(() => place.current.querySelector("input").focus(), []);
	return html`<div class="entrance" ref=${place}><${Page} title="Sign in">
		${remark && html`<p class="outdated" role="alert">${remark}</p>`}
		<${Card}><${Form} form=${form} fields=${["key"]} on_submit=${enter}>
			<${Field} label="Key" type="password" autocomplete="current-password"
				hint="It begins with leadd_. Who runs this service makes keys."
				...${form.field("key")} />
			<${Check} label="Stay signed in on this device" ...${form.field("is_lasting")} />
			<${Buttons} form=${form} label="Sign in" is_ready=${Boolean(form.values.key.trim())} />
		</${Form}></${Card}>
	</${Page}></div>`;
}

/* What a key of the role ingest leads to. */
export function SendsOnly() {
	return html`<${Page} title="This key sends contacts">
		<${Card}><p>That is all it may do: it is for a program that sends contacts to the
			${" "}<a href="/docs">API</a>. To see them here, sign out, and sign in with another key.</p>
		</${Card}>
	</${Page}>`;
}
