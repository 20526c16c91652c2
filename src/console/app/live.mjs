/* What others change shows at once: the service tells that something happened, and what is on screen is read anew. */
import { follow_events, refresh } from "./api.mjs";
import { session, who } from "./session.mjs";
import { Store } from "./store.mjs";

const APART_MS = 1000; /* between two readings, while much happens */
const RETRY_MS = 2000;
const RETRY_MAX_MS = 30_000;

/* Whether changes are told. What is on screen then need not be asked for so often. */
export const is_live = new Store(false);

let stream; /* the AbortController of the one that is open */
let retry_ms = RETRY_MS;
let retry, due, read_at = -Infinity;
let is_only_contacts = true; /* of what is due */

function read_anew() {
	const what = is_only_contacts ? "contacts" : undefined;

	due = undefined;
	is_only_contacts = true;
	read_at = performance.now();
	refresh(what);
}

/* The first message says that from now on all is told; what happened before, while nothing was, is read. */
function on_message({ event }) {
	is_live.set(true);
	retry_ms = RETRY_MS;
	is_only_contacts &&= event.startsWith("contact.");
	due ??= setTimeout(read_anew, Math.max(0, read_at + APART_MS - performance.now()));
}

/* Nobody looks at a hidden tab; and keys that only send contacts may not listen. */
function may_follow() {
	const { role } = who();

	return !document.hidden && role && role !== "ingest";
}

async function follow() {
	const mine = new AbortController();

	stream = mine;
	await follow_events(mine, on_message).catch(() => undefined); /* those who ask for data say what is wrong */
	if (stream === mine)
		stop();
	if (!may_follow() || stream)
		return;
	retry = setTimeout(follow, retry_ms);
	retry_ms = Math.min(2 * retry_ms, RETRY_MAX_MS);
}

function stop() {
	stream?.abort();
	stream = undefined;
	clearTimeout(retry);
	clearTimeout(due);
	due = undefined;
	is_live.set(false);
}

function begin() {
	if (!may_follow() || stream)
		return;
	clearTimeout(retry);
	follow();
}

/* Browsers have few connections to one host for all their tabs: only tabs that are seen take one. */
export function go_live() {
	document.addEventListener("visibilitychange", () => document.hidden ? stop() : begin());
	session.listen(() => {
		stop(); /* it was somebody else's */
		begin();
	});
	begin();
}
