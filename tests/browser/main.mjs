/* Runs all *_test.mjs beside it against a server that runs: main.mjs URL [part of a test's name ...] */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { run_tests } from "./harness.mjs";

const [url, ...patterns] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));

for (const file of readdirSync(here).filter((name) => name.endsWith("_test.mjs")).sort())
	await import(`./${file}`);
process.exitCode = (await run_tests(url, patterns)) ? 0 : 1;
