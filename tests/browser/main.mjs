/*
 * Runs all *_test.mjs beside it against servers that run: main.mjs URL [part of a test's name ...]
 *
 * LOCKED_URL names another one, which asks for keys, LOCKED_KEY one for everything.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { run_tests } from "./harness.mjs";

const [url, ...patterns] = process.argv.slice(2);
const { LOCKED_URL, LOCKED_KEY } = process.env;
const here = fileURLToPath(new URL(".", import.meta.url));

for (const file of readdirSync(here).filter((name) => name.endsWith("_test.mjs")).sort())
	await import(`./${file}`);
process.exitCode = (await run_tests({ open: { url }, locked: { url: LOCKED_URL, key: LOCKED_KEY } }, patterns)) ? 0 : 1;
