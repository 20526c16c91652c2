/* Who uses the console: the key that requests are sent with, where it is kept, and what it may do. */
import { DEVICE, TAB, forget, keep, kept } from "./kept.mjs";
import { Store } from "./store.mjs";

const KEPT_AS = "leadd.key";

/* Other characters are in no key, and in no header. */
export function is_sendable(text) {
	return /^[\x21-\x7e]+$/.test(text);
}

let key = [TAB, DEVICE].map((where) => kept(where, KEPT_AS)).find((text) => text && is_sendable(text)) ?? null;

/*
 * { caller, remark }; caller: undefined: not known yet; null: nobody, and remark says why if there is something to say;
 * else what the service says of the key: { id, role, source_id, operator_id }, id null where no key is needed
 */
export const session = new Store({});

export const key_in_use = () => key;

/* The caller, for what is drawn only while there is one. */
export const who = () => session.value.caller ?? {};

/* Whether only one operator's own contacts are shown. */
export const is_for_operator = () => who().role === "operator";

export function begin_session(caller) {
	session.set({ caller });
}

/* is_lasting: it is kept for the device; else for the tab */
export function sign_in(caller, given, is_lasting) {
	key = given;
	keep(is_lasting ? DEVICE : TAB, KEPT_AS, key);
	begin_session(caller);
}

/* What another tab has kept since stays. */
export function end_session(remark) {
	for (const where of [TAB, DEVICE])
		if (kept(where, KEPT_AS) === key)
			forget(where, KEPT_AS);
	key = null;
	session.set({ caller: null, remark });
}

function remark_on(caller, refused) {
	const reason = refused ? "The key that you signed in with was revoked, or is not known here any more."
		: "From now on a key is needed here.";

	if (caller)
		return `${reason} What you had not saved by then is not stored.`;
	return refused && reason;
}

/* The service does not know the key that something was sent with; null: it was sent without one. */
export function refuse_key(sent) {
	if (sent === key && session.value.caller !== null)
		end_session(remark_on(session.value.caller, sent));
}

/* Who signs out in one tab has signed out on the device. */
addEventListener("storage", ({ key: name, oldValue: before, newValue: now }) => {
	if (name === KEPT_AS && now === null && before === key)
		end_session();
});
