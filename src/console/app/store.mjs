/* A value that many parts of the page look at, and are drawn anew when it changes. */
import { useEffect, useState } from "./preact.mjs";

export class Store {
	#listeners = new Set();

	constructor(value) {
		this.value = value;
	}

	set(value) {
		if (value === this.value)
			return;
		this.value = value;
		for (const listener of [...this.#listeners])
			listener(value);
	}

	/* Returns what ends it. */
	listen(listener) {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}
}

export function use_store(store) {
	const [value, set_value] = useState(store.value);

	useEffect(() => {
		set_value(store.value);
		return store.listen(set_value);
	}, [store]);
	return value;
}
