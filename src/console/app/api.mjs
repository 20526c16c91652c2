/* The only place that talks to the service. */
import { set_clock } from "./format.mjs";
import { has_value } from "./router.mjs";
import { is_for_operator, key_in_use, refuse_key } from "./session.mjs";
import { Store } from "./store.mjs";

const PATIENCE_MS = 15_000;
const SILENCE_MS = 40_000; /* of a stream: a comment should come every 15 s */
const NOT_REACHED = 0; /* the status of a request that got no answer */
/* By the service itself, which knows the keys; a proxy may answer with 401 as well. */
const UNAUTHORIZED = "/problems/unauthorized";
/* These say nothing about what was asked for: it is asked for again. */
const AWAY = [NOT_REACHED, 408, 429, 500, 502, 503, 504];

/* What the service refused, or that it could not be asked. */
export class Problem extends Error {
	/* body: problem+json, or {} */
	constructor(status, body) {
		const errors = body.errors ?? [];
		const faults = errors.map(({ field, message }) => `${field} ${message}`).join("; ");

		super(faults || (body.detail ?? body.title ?? `The service answered with status ${status}.`));
		this.status = status;
		this.errors = errors;
		this.type = body.type;
	}

	/* Whether the key does not open the service, or there was none. */
	get is_of_key() {
		return this.type === UNAUTHORIZED;
	}

	get is_away() {
		return AWAY.includes(this.status);
	}
}

/* Whether one of the two newest requests was answered by a service that can serve. */
export const is_connected = new Store(true);

const change_listeners = new Set();

/*
 * Calls the listener whenever this page has changed something, or somebody else has; returns what ends it. The listener
 * is told "contacts" where nothing but contacts, and what follows from them, can have changed.
 */
export function on_change(listener) {
	change_listeners.add(listener);
	return () => change_listeners.delete(listener);
}

export function refresh(what) {
	for (const listener of [...change_listeners])
		listener(what);
}

function url_of(path, query = {}) {
	const url = new URL(path, new URL("/api/v1/", location.origin));

	for (const [name, value] of Object.entries(query))
		if (has_value(value))
			url.searchParams.set(name, value);
	return url;
}

/* Whole numbers that JavaScript would round, such as ids above 2^53, become texts of the same digits. */
function exact(name, value, context) {
	return Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source ?? value : value;
}

/* Throws for what is not JSON: then something else has answered, the login page of a proxy for example. */
async function body_of(answer) {
	const text = await answer.text();

	return answer.status === 204 ? {} : JSON.parse(text, exact);
}

/*
 * What every request carries. The key goes into a header of its own: Authorization may be for a proxy that asks for a
 * password.
 */
function headers_for(media_type, key) {
	return { Accept: media_type, ...key ? { "X-API-Key": key } : {} };
}

async function ask(method, url, { body, version, key = key_in_use() } = {}) {
	const headers = headers_for("application/json", key);
	let answer, json;

	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (version !== undefined)
		headers["If-Match"] = `"${version}"`;
	try {
		answer = await fetch(url, {
			method, headers, body: body === undefined ? undefined : JSON.stringify(body),
			cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
		});
		set_clock(answer.headers.get("Date"));
		json = await body_of(answer);
	} catch {
		throw new Problem(NOT_REACHED, { detail: method === "GET" ? "The service cannot be reached."
			: "The service did not answer. Whether the change was made will show when it is back." });
	}
	if (answer.ok)
		return json;

	const problem = new Problem(answer.status, json);

	if (problem.is_of_key)
		refuse_key(key);
	throw problem;
}

let away_in_a_row = 0;

/* One that fails among others that are answered is no lost connection: a report that takes too long, for example. */
function note_outcome(is_away) {
	away_in_a_row = is_away ? away_in_a_row + 1 : 0;
	is_connected.set(away_in_a_row < 2);
}

async function ask_and_tell(...request) {
	try {
		const json = await ask(...request);

		note_outcome(false);
		return json;
	} catch (problem) {
		note_outcome(problem.is_away);
		throw problem;
	}
}

/* path: below /api/v1/; query: members without a value are left out. */
export function get(path, query) {
	return ask_and_tell("GET", url_of(path, query));
}

/* What a key may do that nothing else is sent with yet. */
export function get_caller_of(key) {
	return ask_and_tell("GET", url_of("keys/current"), { key });
}

/* A contact's lead with its ten newest contacts, where leads/{id} would bring a hundred; operators may list none. */
export async function get_lead_of({ lead_id, lead_external_id: external_id }) {
	return is_for_operator() ? get(`leads/${lead_id}`) : (await get("leads/", { external_id })).items[0];
}

/* The messages at the beginning of a stream's text, and the text that is left. A comment is one without an event. */
function messages_of(text) {
	const blocks = text.split("\n\n");
	const rest = blocks.pop();

	return [blocks.map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/)))), rest];
}

/*
 * Calls on_message({ event }) for each event of the service, until the stream ends; throws when it breaks, or cannot be
 * had. controller.abort() ends it; so does a long silence.
 */
export async function follow_events(controller, on_message) {
	let silence = setTimeout(() => controller.abort(), SILENCE_MS);

	try {
		const answer = await fetch(url_of("events"), {
			headers: headers_for("text/event-stream", key_in_use()), cache: "no-store",
			signal: controller.signal,
		});
		const decoder = new TextDecoder();
		let text = "", messages;

		if (!answer.ok)
			throw new Problem(answer.status, {});
		for (const reader = answer.body.getReader(); ;) {
			const { value, done } = await reader.read();

			if (done)
				return;
			clearTimeout(silence);
			silence = setTimeout(() => controller.abort(), SILENCE_MS);
			[messages, text] = messages_of(text + decoder.decode(value, { stream: true }));
			messages.filter(({ event }) => event).forEach(on_message);
		}
	} finally {
		clearTimeout(silence);
	}
}

/* All items of a list, page by page. */
export async function get_all(path) {
	const items = [];
	let cursor;

	do {
		const page = await get(path, { limit: 200, cursor });

		items.push(...page.items);
		cursor = page.next_cursor;
	} while (cursor);
	return items;
}

/*
 * Changes something; what is on screen is then read anew, also after a failure.
 *
 * version: the change is refused (412) unless the stored version is this one
 */
export async function change(method, path, body, version) {
	try {
		return await ask_and_tell(method, url_of(path), { body, version });
	} finally {
		refresh();
	}
}

/* A question that needs a body, and changes nothing. */
export function ask_with(path, body) {
	return ask_and_tell("POST", url_of(path), { body });
}
