/* The console, when others change what one works on, or when what was sent is refused: nothing is lost unseen. */
import assert from "node:assert/strict";

import {
	button, fresh, hold, look_again, make_contact, make_operator, make_source, read_contact, refusal, told, until,
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

test("a draft that is undone by hand shows what is stored", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const { lead_id } = await make_contact(world, source);
	const { page } = await world.visit(`/#/sources/${source.id}`);
	const weight = page.getByLabel(`Weight of ${operator.name}`), name = page.getByLabel("Name");

	await weight.fill("12");
	await world.api("PUT", `sources/${source.id}/weights/${operator.id}`, { weight: 9 });
	await look_again(page);
	await page.getByText("Somebody else changed these weights meanwhile.").waitFor();
	await weight.fill("1");
	await until(async () => await weight.inputValue() === "9");

	await name.fill("typed");
	await world.api("PATCH", `sources/${source.id}`, { strategy: "least_loaded" });
	await look_again(page);
	await page.locator(".remark").getByText("lowest load").waitFor();
	await name.fill(source.name);
	await page.locator("input[value=least_loaded]:checked").waitFor();

	await page.goto(`${world.url}/#/leads/${lead_id}`);
	await name.fill("typed");
	await world.api("PATCH", `leads/${lead_id}`, { name: "Olga", phone: "+1" });
	await look_again(page);
	await page.getByRole("heading", { name: "Olga" }).waitFor();
	await name.fill("");
	await until(async () => await name.inputValue() === "Olga" && await page.getByLabel("Phone").inputValue() === "+1");
});

test("what was saved stays on screen while it is read anew, and typing goes on undisturbed", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const { page } = await world.visit(`/#/sources/${source.id}`);
	const weight = page.getByLabel(`Weight of ${operator.name}`), name = page.getByLabel("Name");
	const wanted = fresh("Renamed");

	await weight.waitFor();

	const release = await hold(page, `**/sources/${source.id}**`, "GET");

	await name.fill(wanted);
	await button(page, "Save settings").click();
	await told(page, "The settings are saved.");
	assert.equal(await name.inputValue(), wanted);
	release();
	/* 1.0 is what is stored, and on its way to 1.05. */
	await weight.focus();
	await page.keyboard.press("End");
	await page.keyboard.type(".05");
	assert.equal(await weight.inputValue(), "1.05");
	await button(page, "Save weights").click();
	await told(page, "The weights are saved.");
	assert.equal(await weight.inputValue(), "1.05");
});

test("a weight that is a thousand here and one there is refused", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const visit = await world.visit(`/#/sources/${source.id}`);
	const { page } = visit;
	const weight = page.getByLabel(`Weight of ${operator.name}`);
	const stored = async () => (await world.api("GET", `sources/${source.id}/weights/`)).items[0].weight;

	visit.expects(/status of 422/);
	await weight.fill("1,000");
	await button(page, "Save weights").click();
	await page.locator(".weights .error").waitFor();
	assert.equal(await stored(), 1);
	for (const [typed, meant] of [["0,5", 0.5], ["1.125", 1.125], ["1000", 1000]]) {
		await weight.fill(typed);
		await button(page, "Save weights").click();
		await until(async () => await stored() === meant);
		await until(() => button(page, "Save weights").isDisabled());
	}
});

test("what is wrong with a weight is said beside it alone, until it is typed anew", async (world) => {
	const [anna, boris] = [await make_operator(world), await make_operator(world)];
	const source = await make_source(world, [anna, boris]);
	const visit = await world.visit(`/#/sources/${source.id}`);
	const { page } = visit;
	const error = page.locator(".weights .error");

	visit.expects(/status of 422/);
	await page.getByLabel(`Weight of ${boris.name}`).fill("1.23456");
	await button(page, "Save weights").click();
	await page.getByRole("row", { name: boris.name }).locator(".error").waitFor();
	await button(page, `Remove ${anna.name}`).click();
	await page.getByRole("row", { name: boris.name }).locator(".error").waitFor();
	assert.equal(await error.count(), 1);
	await page.getByLabel(`Weight of ${boris.name}`).fill("1.5");
	await error.waitFor({ state: "detached" });
});

test("a double click removes one operator from the weights", async (world) => {
	const operators = [await make_operator(world), await make_operator(world), await make_operator(world)];
	const { page } = await world.visit(`/#/sources/${(await make_source(world, operators)).id}`);

	await button(page, `Remove ${operators[0].name}`).dblclick();
	await button(page, `Remove ${operators[0].name}`).waitFor({ state: "detached" });
	assert.equal(await page.locator(".weights tbody tr").count(), 2);
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

test("a contact that came a moment ago is not forgotten when its operator is deactivated", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const { page } = await world.visit("/#/operators?is_active=true");
	const turn = page.getByRole("switch", { name: `${operator.name} takes contacts` });
	const dialog = page.getByRole("dialog");

	await turn.waitFor();

	const release = await hold(page, "**/operators/?**", "GET");
	const contact = await make_contact(world, source);

	await turn.click();
	await dialog.getByText(`${operator.name} holds 1 active contact`).waitFor();
	release();
	await button(dialog, "Deactivate").click();
	await told(page, `${operator.name} takes no new contacts now.`);

	/* And later, when they were kept. */
	await page.getByRole("link", { name: "Inactive" }).click();
	await button(page, `Pass on contacts of ${operator.name}`).click();
	await button(dialog, "Pass on").click();
	await until(async () => (await read_contact(world, contact)).status === "waiting");
});

test("an email is stored as it is typed, in any script", async (world) => {
	const { lead_id } = await make_contact(world, await make_source(world, []));
	const { page } = await world.visit(`/#/leads/${lead_id}`);
	const email = "anna@müller.example";

	/* Key by key: browsers make something else of it only then. */
	await page.getByLabel("Email").pressSequentially(email);
	await button(page, "Save").click();
	await told(page, "The lead is saved.");
	assert.equal((await world.api("GET", `leads/${lead_id}`)).email, email);
});
