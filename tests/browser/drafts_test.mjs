/* The console, when others change what one works on, or when what was sent is refused: nothing is lost unseen. */
import assert from "node:assert/strict";

import {
	button, hold, look_again, make_contact, make_operator, make_source, read_contact, refusal, told,
} from "./console.mjs";
import { test } from "./harness.mjs";

const OVERTAKEN = "Somebody else changed this contact meanwhile.";

test("after any refusal a message still is written over only if it was seen", async (world) => {
	const contact = await make_contact(world, await make_source(world, []), { message: "first" });
	const visit = await world.visit(`/#/contacts/${contact.id}`);
	const dialog = visit.page.getByRole("dialog");
	const message = dialog.getByLabel("Message");

	visit.expects(/status of 422/);
	visit.expects(/status of 412/);
	await button(visit.page, "Edit message").click();
	await world.api("PATCH", `contacts/${contact.id}`, { message: "theirs" });
	/* The service looks at the text first. */
	await message.fill("m".repeat(10_001));
	await button(dialog, "Save").click();
	await dialog.locator(".error").waitFor();
	await look_again(visit.page);
	await visit.page.locator("main .message").getByText("theirs").waitFor();
	await message.fill("mine");
	await button(dialog, "Save").click();
	await dialog.getByText(OVERTAKEN).waitFor();
	assert.equal((await read_contact(world, contact)).message, "theirs");
	await dialog.getByText("theirs").waitFor();
	await button(dialog, "Replace").click();
	await told(visit.page, "The message is saved.");
	assert.equal((await read_contact(world, contact)).message, "mine");
});

test("a contact that a colleague got meanwhile is not taken away unseen", async (world) => {
	const [colleague, other] = [await make_operator(world), await make_operator(world)];
	const source = await make_source(world, []);

	for (const [path, label] of [[`/#/contacts?status=waiting&source_id=${source.id}`, "Assign: contact"],
		["/", "Assign contact"]]) {
		const contact = await make_contact(world, source);
		/* On the overview the oldest stand: this one, when the others are closed. */
		const { items } = await world.api("GET", "contacts/?status=waiting&limit=200");

		for (const { id } of items.filter(({ id: one }) => one !== contact.id))
			await world.api("PATCH", `contacts/${id}`, { status: "closed" });

		const visit = await world.visit(path);
		const dialog = visit.page.getByRole("dialog");

		visit.expects(/status of 412/);
		await button(visit.page, `${label} ${contact.id}`).click();
		await world.api("POST", `contacts/${contact.id}/assign`, { operator_id: colleague.id });
		await dialog.getByLabel("Operator").selectOption(String(other.id));
		await button(dialog, "Assign").click();
		await dialog.getByText(OVERTAKEN).waitFor();
		await dialog.getByText(`now with ${colleague.name}`).waitFor();
		assert.equal((await read_contact(world, contact)).operator_id, colleague.id);
		await button(dialog, "Assign").click();
		await told(visit.page, `Contact ${contact.id} went to ${other.name}.`);
	}
});

test("nobody is assigned before one is chosen", async (world) => {
	const source = await make_source(world, []);
	const { id } = await make_contact(world, source);
	const { page } = await world.visit(`/#/contacts?source_id=${source.id}`);

	await button(page, `Assign: contact ${id}`).click();
	assert.equal(await button(page.getByRole("dialog"), "Assign").isEnabled(), false);
});

test("whatever is answered to what is read anew, drafts stay, and it is said that they may be out of date",
	async (world) => {
		const operator = await make_operator(world);
		const source = await make_source(world, [operator]);
		const visit = await world.visit(`/#/sources/${source.id}`);
		const { page } = visit;
		const weight = page.getByLabel(`Weight of ${operator.name}`), name = page.getByLabel("Name");

		await weight.fill("7");
		await name.fill("typed");
		for (const [status, sign] of [[401, "This is not up to date. Refused."], [408, "Not connected, trying again."]]) {
			visit.expects(new RegExp(`status of ${status}`));
			await page.route(`**/sources/${source.id}**`, refusal(status, "Refused."));
			await look_again(page);
			await page.getByText(sign).first().waitFor();
			assert.equal(await weight.inputValue(), "7");
			assert.equal(await name.inputValue(), "typed");
			await page.unroute(`**/sources/${source.id}**`);
			await look_again(page);
			await page.locator(".outdated, .banner").first().waitFor({ state: "detached" });
		}
		await button(page, "Save weights").click();
		await told(page, "The weights are saved.");
	});

test("while contacts alone cannot be read, it is said beside old ones, and instead of new ones", async (world) => {
	const source = await make_source(world, []);
	const contact = await make_contact(world, source);
	const visit = await world.visit(`/#/contacts?source_id=${source.id}`);
	const { page } = visit;

	visit.expects(/status of 503/);
	await page.getByRole("link", { name: contact.lead_external_id }).waitFor();
	await page.route("**/contacts/**", refusal(503, "A lock is held."));
	await look_again(page);
	await page.getByText("This is not up to date. A lock is held.").waitFor();
	await page.getByRole("link", { name: contact.lead_external_id }).waitFor();
	for (const path of ["", `contacts/${contact.id}`]) {
		await page.goto(`${world.url}/#/${path}`);
		await page.getByText("A lock is held. Trying again …").waitFor();
	}
	await page.unroute("**/contacts/**");
	await page.getByRole("heading", { name: "What happened" }).waitFor();
	assert.equal(await page.locator(".outdated").count(), 0);
});

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

test("who presses twice because the page is slow is not told of somebody else", async (world) => {
	const operator = await make_operator(world);
	const contact = await make_contact(world, await make_source(world, [operator]));
	const { page } = await world.visit("/#/mine");

	for (const [path, label] of [["mine", `Close contact ${contact.id}`], [`contacts/${contact.id}`, "Close"]]) {
		await page.goto(`${world.url}/#/${path}`);
		if (path === "mine")
			await page.getByLabel("I am").selectOption(String(operator.id));
		await button(page, label).waitFor();

		const release = await hold(page, "**/api/**", "GET");

		for (let time = 0; time < 2; time++) {
			await button(page, label).click();
			await told(page, `Contact ${contact.id} is closed.`);
			await button(page, "Dismiss").click();
		}
		release();
		await page.unrouteAll();
		await button(page, label).waitFor({ state: "detached" });
		await world.api("PATCH", `contacts/${contact.id}`, { status: "active" });
	}
});
