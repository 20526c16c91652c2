/*
 * Keeps what is on screen fresh: never two requests at a time, none while the tab is hidden, fewer without answers, or
 * while the service tells by itself what has changed.
 */
import { is_connected, on_change } from "./api.mjs";
import { is_live } from "./live.mjs";
import { useEffect, useRef, useState } from "./preact.mjs";

const EVERY_MS = 4000;
const LIVE_EVERY_MS = 15_000;
const RETRY_MS = 1000; /* after a first failure; twice as long after each further one */
const PAUSE_MAX_MS = 20_000;
const GONE = 404, INVALID = 422;

class Poller {
	#failures = 0;
	#failed_at;
	#is_running = false;
	#is_outdated = false;
	#is_stopped = false;
	#timer;
	#ends;

	constructor(load, every_ms, on_result) {
		this.load = load;
		this.every_ms = every_ms;
		this.on_result = on_result;
		this.#ends = [
			on_change((what) => this.#is_of(what) && this.run()),
			is_connected.listen((is_back) => is_back && this.#wake()),
			is_live.listen((is_told) => is_told || document.hidden || this.run()),
		];
		document.addEventListener("visibilitychange", this);
		this.run();
	}

	handleEvent() {
		if (document.hidden)
			clearTimeout(this.#timer);
		else
			this.run();
	}

	stop() {
		this.#is_stopped = true;
		for (const end of this.#ends)
			end();
		clearTimeout(this.#timer);
		document.removeEventListener("visibilitychange", this);
	}

	/* An answer that was under way when something changed may be from before: it is asked for once more. */
	async run() {
		clearTimeout(this.#timer);
		this.#is_outdated = this.#is_running;
		if (this.#is_running)
			return;
		this.#is_running = true;

		const result = await this.load().then((data) => ({ data }), (problem) => ({ problem }));

		this.#is_running = false;
		if (this.#is_stopped)
			return;
		if (this.#is_outdated) {
			this.run();
			return;
		}
		this.#failures = result.problem ? this.#failures + 1 : 0;
		this.#failed_at = performance.now();
		this.on_result(result);
		if (!document.hidden)
			this.#timer = setTimeout(() => this.run(), this.#pause_ms());
	}

	#pause_ms() {
		if (this.#failures)
			return Math.min(RETRY_MS * 2 ** (this.#failures - 1), PAUSE_MAX_MS);
		return is_live.value ? Math.max(this.every_ms, LIVE_EVERY_MS) : this.every_ms;
	}

	/* What is asked for seldom, since it is much, is not asked for with each contact. */
	#is_of(what) {
		return what !== "contacts" || this.every_ms <= EVERY_MS;
	}

	/* Another one got an answer. What failed a moment ago, while others do not, has a reason of its own. */
	#wake() {
		if (this.#failures && performance.now() - this.#failed_at > RETRY_MS)
			this.run();
	}
}

/* Whether it says that what is on screen is not there, or that what is asked for now is nothing that could be. */
function takes_away({ status }, is_other) {
	return status === GONE || (status === INVALID && is_other);
}

/*
 * What load() answers, again and again. While another key is being loaded, what was there before stays, is_stale.
 *
 * key: a text that changes with what load() asks for
 * Returns { data, problem, is_stale, put(data) }; put() is for what a change was answered; data is undefined until the
 * first answer, and outlives all problems but those that take it away: drafts stand on it.
 */
export function use_poll(load, key, every_ms = EVERY_MS) {
	const [state, set_state] = useState({});
	const loader = useRef(load);

	loader.current = load;
	useEffect(() => {
		const poller = new Poller(() => loader.current(), every_ms, ({ data, problem }) =>
			set_state((before) => problem && !takes_away(problem, key !== before.key)
				? { ...before, problem } : { key, data, problem }));

		return () => poller.stop();
	}, [key, every_ms]);
	return {
		data: state.data, problem: state.problem, is_stale: state.key !== key,
		put: (data) => set_state((before) => ({ ...before, data })),
	};
}
