/* The console by eye and by keyboard: what fits, where one is led, what is said. */
import assert from "node:assert/strict";

import {  } from "./console.mjs";
import { test } from "./harness.mjs";

test("what is wrong with an address is said", async (world) => {
	const visit = await world.visit("/#/contacts?cursor=abc");

	visit.expects(/status of 422/);
	await visit.page.getByText("This cannot be shown").waitFor();
	await visit.page.getByText(/cursor .*/).first().waitFor();
});
