/* The console, when others change what one works on, or when what was sent is refused: nothing is lost unseen. */
import assert from "node:assert/strict";

import { button, hold, make_contact, make_source, refusal, told } from "./console.mjs";
import { test } from "./harness.mjs";

test("a refusal is told to who has left the dialog meanwhile", async (world) => {
	const contact = await make_contact(world, await make_source(world, []));
	const visit = await world.visit(`/#/contacts/${contact.id}`);
	const { page } = visit;

	visit.expects(/status of 503/);
	await page.route("**/contacts/*", (route) =>
		route.request().method() === "PATCH" ? refusal(503, "The database is away.")(route) : route.fallback());

	for (const leave of [() => page.keyboard.press("Escape"), () => button(page, "Cancel").click()]) {
		const release = await hold(page, "**/contacts/*", "PATCH");

		await button(page, "Edit message").click();
		await page.getByRole("dialog").getByLabel("Message").fill("typed");
		await button(page, "Save").click();
		await leave();
		await page.getByRole("dialog").waitFor({ state: "detached" });
		release();
		await told(page, "What you sent last: The database is away.");
		await button(page, "Dismiss").click();
	}
});

test("what comes late of one dialog does not shut the next", async (world) => {
	const contact = await make_contact(world, await make_source(world, []));
	const { page } = await world.visit(`/#/contacts/${contact.id}`);
	const message = page.getByRole("dialog").getByLabel("Message");
	const release = await hold(page, "**/contacts/*", "PATCH");

	await button(page, "Edit message").click();
	await message.fill("one");
	await button(page, "Save").click();
	await page.keyboard.press("Escape");
	await button(page, "Edit message").click();
	await message.fill("two");
	release();
	await told(page, "The message is saved.");
	assert.equal(await message.inputValue(), "two");
});
