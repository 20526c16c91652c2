/* Forms: what is typed stays until it is sent; what the service finds wrong is shown beside its field. */
import { complain } from "./notices.mjs";
import { html, useEffect, useRef, useState } from "./preact.mjs";

const NO_REFUSAL = { problem: null, sent: {} };

let ids_given = 0;

function use_id() {
	return useState(() => `field-${++ids_given}`)[0];
}

/*
 * What tells why something was refused: show(problem) while the form or dialog is there, a notice when the person has
 * left it meanwhile and takes it for done.
 */
export function use_refusal(show) {
	const is_there = useRef(true);

	useEffect(() => () => {
		is_there.current = false;
	}, []);
	return (problem) => is_there.current ? show(problem) : complain(`What you sent last: ${problem.message}`);
}

export function error_of(problem, name) {
	return problem?.errors.find(({ field }) => field === name)?.message;
}

/*
 * initial: what the fields hold at first, by name
 * Returns { values, set, field(name), problem, sent, is_busy, changes, is_changed, submit(send), reset(values) };
 * problem is why the newest submit() was refused, sent the values that it was about; changes are the values that differ
 * from the initial ones: who sends only these does not undo what others changed meanwhile.
 */
export function use_form(initial) {
	const [kept, set_kept] = useState(initial);
	const [values, set_values] = useState(initial);
	/* What was refused, and what was sent when it was. */
	const [{ problem, sent }, set_refusal] = useState(NO_REFUSAL);
	const [is_busy, set_busy] = useState(false);
	const refuse = use_refusal((refusal) => set_refusal({ problem: refusal, sent: values }));
	const set = (name, value) => set_values((before) => ({ ...before, [name]: value }));
	const changes = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== kept[name]));

	return {
		values, set, problem, sent, is_busy, changes,
		is_changed: Object.keys(changes).length > 0,
		/* What was typed while the values were being saved stays. */
		reset(fresh) {
			set_kept(fresh);
			set_values((now) => Object.fromEntries(Object.entries(fresh).map(([name, value]) =>
				[name, now[name] === values[name] ? value : now[name]])));
			set_refusal(NO_REFUSAL);
		},
		field: (name) => ({
			name,
			value: values[name],
			/* Until it is typed anew. */
			error: values[name] === sent[name] && error_of(problem, name),
			on_value: (value) => set(name, value),
		}),
		/* What send() was answered; null: it was refused, and on_refusal(problem) is done. */
		async submit(send, on_refusal) {
			set_busy(true);
			set_refusal(NO_REFUSAL);
			try {
				return await send(values);
			} catch (refusal) {
				refuse(refusal);
				await on_refusal?.(refusal);
				return null;
			} finally {
				set_busy(false);
			}
		},
	};
}

/* As use_form(), but others' changes of what is stored show as long as nothing is typed, and when that is undone. */
export function use_draft(stored) {
	const form = use_form(stored);

	useEffect(() => {
		if (!form.is_changed)
			form.reset(stored);
	}, [JSON.stringify(stored), form.is_changed]);
	return form;
}

/* The form's element: sends nothing by itself, and leads to the first field that was refused. */
export function Form({ form, fields, on_submit, children, ...rest }) {
	const element = useRef(null);

	useEffect(() => {
		if (form.problem)
			element.current.querySelector("[aria-invalid=true]")?.focus();
	}, [form.problem]);
	return html`<form ref=${element} novalidate ...${rest} onSubmit=${(event) => {
		event.preventDefault();
		if (!form.is_busy)
			on_submit();
	}}>
		<${FormProblem} problem=${form.problem} fields=${fields} />
		${children}
	</form>`;
}

/* The end of a form: what sends it, and the way back where there is one (on_back). */
export function Buttons({ form, label, is_ready = true, back = "Cancel", on_back }) {
	return html`<footer>
		${on_back && html`<button type="button" onClick=${on_back}>${back}</button>`}
		<button class="primary" disabled=${form.is_busy || !is_ready}>${label}</button>
	</footer>`;
}

/* What cannot be shown beside a field. */
function FormProblem({ problem, fields }) {
	const rest = problem?.errors.filter(({ field }) => !fields.includes(field)) ?? [];

	if (!problem || (problem.errors.length && !rest.length))
		return null;
	return html`<p class="fault" role="alert">
		${rest.length ? rest.map(({ field, message }) => `${field} ${message}`).join("; ") : problem.message}
	</p>`;
}

/* A labelled control: control(attributes) draws it. */
function Labelled({ label, hint, error, control }) {
	const id = use_id();
	const remarks = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");

	return html`<div class="field">
		<label for=${id}>${label}</label>
		${control({ id, "aria-describedby": remarks || undefined, "aria-invalid": error ? "true" : undefined })}
		${error && html`<p class="error" id="${id}-error">${error}</p>`}
		${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
	</div>`;
}

export function Field({ label, hint, error, name, value, on_value, is_long, ...rest }) {
	const shared = { name, value: value ?? "", autocomplete: "off", ...rest };

	return html`<${Labelled} label=${label} hint=${hint} error=${error} control=${(attributes) => {
		const all = { ...attributes, ...shared, onInput: (event) => on_value(event.target.value) };

		return is_long ? html`<textarea rows="4" ...${all}></textarea>` : html`<input ...${all} />`;
	}} />`;
}

/* options: [{ value, label, group }]; those of one group stand together. A value not among them shows itself. */
export function Choice({ label, hint, error, name, value, on_value, options: given }) {
	const is_known = given.some((option) => String(option.value) === String(value));
	const options = is_known ? given : [...given, { value, label: value }];
	const draw = (option) => html`<option value=${option.value} selected=${String(option.value) === String(value)}>
		${option.label}</option>`;
	const groups = [...new Set(options.map(({ group }) => group))];

	return html`<${Labelled} label=${label} hint=${hint} error=${error} control=${(attributes) => html`
		<select ...${attributes} name=${name} onChange=${(event) => on_value(event.target.value)}>
			${groups.map((group) => {
				const those = options.filter((option) => option.group === group).map(draw);

				return group ? html`<optgroup label=${group}>${those}</optgroup>` : those;
			})}
		</select>`} />`;
}

/* options: { value: { name, about } } */
export function Radios({ legend, name, value, on_value, options }) {
	return html`<fieldset class="radios"><legend>${legend}</legend>
		${Object.entries(options).map(([key, { name: title, about }]) => html`<label>
			<input type="radio" name=${name} value=${key} checked=${key === value}
				onChange=${() => on_value(key)} />
			<span><strong>${title}</strong><span class="hint">${about}</span></span>
		</label>`)}
	</fieldset>`;
}

export function Check({ label, name, value, on_value }) {
	return html`<label class="check"><input type="checkbox" name=${name} checked=${value}
		onChange=${(event) => on_value(event.target.checked)} /><span>${label}</span></label>`;
}

export function Switch({ label, is_on, on_toggle }) {
	return html`<button type="button" class="switch" role="switch" aria-checked=${is_on ? "true" : "false"}
		aria-label=${label} onClick=${on_toggle}><span></span></button>`;
}
