/* The console at /, as team leads and operators use it. */
import assert from "node:assert/strict";

import {
	button, fresh, look_again, make_contact, make_operator, make_source, read_contact, told, until,
} from "./console.mjs";
import { test } from "./harness.mjs";

/* First in this file: it needs a database without operators. */
test("from nothing, a team lead gets a contact distributed", async (world) => {
	const { page } = await world.visit("/");
	const anna = fresh("Anna");

	await button(page, "New operator").first().click();
	await page.getByLabel("Name").fill(anna);
	await page.getByLabel("Limit").fill("3");
	await page.keyboard.press("Enter");
	await told(page, `${anna} can take contacts now.`);

	await button(page, "New source").first().click();
	await page.getByLabel("Name").fill(fresh("Bot"));
	await page.keyboard.press("Enter");
	await page.getByLabel("Add an operator").focus();
	await page.keyboard.press("ArrowDown");
	await button(page, "Add").click();
	await button(page, "Save weights").click();
	await told(page, "The weights are saved.");

	await button(page, "Send a test contact").click();
	await button(page, "Send").click();
	await page.getByText(`It went to ${anna}.`).waitFor();
	await page.getByRole("link", { name: /^See contact/ }).click();
	await page.getByText(`${anna} got it.`).waitFor();
	await page.getByRole("link", { name: "Overview" }).click();
	await page.locator(".loads").getByText("1 of 3").waitFor();
});

test("weights show their shares as they are typed, and are tried out before they are saved", async (world) => {
	const [first, second] = [await make_operator(world, 2), await make_operator(world, 4)];
	const source = await make_source(world, [first, second]);
	const { page } = await world.visit(`/#/sources/${source.id}`);

	await page.getByLabel(`Weight of ${second.name}`).fill("3");
	await page.locator(".weights").getByText("75%").waitFor();
	await page.getByText("Try this draft out").click();
	await page.getByLabel("Contacts", { exact: true }).fill("10");
	await page.keyboard.press("Enter");
	await page.getByText("6 of 10 would find an operator; 4 would wait, the first of them is contact 7.").waitFor();

	const stored = async () => {
		const { items } = await world.api("GET", `sources/${source.id}/weights/`);

		return items.map(({ weight }) => weight);
	};

	assert.deepEqual(await stored(), [1, 1]);
	await button(page, "Save weights").click();
	await told(page, "The weights are saved.");
	assert.deepEqual(await stored(), [1, 3]);
});

test("a draft of weights outlives what others save meanwhile", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const { page } = await world.visit(`/#/sources/${source.id}`);
	const weight = page.getByLabel(`Weight of ${operator.name}`);

	await weight.fill("5");
	await world.api("PUT", `sources/${source.id}/weights/${operator.id}`, { weight: 9 });
	await look_again(page);
	await page.getByText("Somebody else changed these weights meanwhile.").waitFor();
	assert.equal(await weight.inputValue(), "5");
	await button(page, "Show theirs").click();
	assert.equal(await weight.inputValue(), "9");

	const path = `sources/${source.id}/weights/`;
	const stored = async () => (await world.api("GET", path)).items[0].weight;

	/* Between what was read last and the saving: too late to be shown before. */
	await weight.fill("6");
	await button(page, "Save weights").evaluate(async (save, url) => {
		await fetch(url, {
			method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ weight: 3 }),
		});
		save.click();
	}, `/api/v1/${path}${operator.id}`);
	await page.getByText("Somebody else changed these weights meanwhile.").waitFor();
	assert.equal(await stored(), 3);
	await button(page, "Save weights").click();
	await page.locator(".notices").getByText("The weights are saved.").waitFor();
	assert.equal(await stored(), 6);
});

test("what is saved leaves alone what somebody else changed meanwhile", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const { lead_id } = await make_contact(world, source);
	const { page } = await world.visit(`/#/sources/${source.id}`);
	const name = fresh("Olga");
	const type_while = async (path, theirs, label) => {
		await page.getByLabel("Name").fill(name);
		await world.api("PATCH", path, theirs);
		await look_again(page);
		await button(page, label).click();
		await page.locator(".notices").getByText(/saved/).waitFor();

		const stored = await world.api("GET", path);

		assert.deepEqual({ ...stored, name, ...theirs }, stored);
		await button(page, "Dismiss").click();
	};

	await type_while(`sources/${source.id}`, { strategy: "least_loaded" }, "Save settings");
	await page.goto(`${world.url}/#/leads/${lead_id}`);
	await type_while(`leads/${lead_id}`, { phone: "+1" }, "Save");
	await page.goto(`${world.url}/#/operators`);
	await button(page, `Edit ${operator.name}`).click();
	await type_while(`operators/${operator.id}`, { max_load_limit: 77 }, "Save");
});

test("who is deactivated can pass on the contacts", async (world) => {
	const [leaver, stayer] = [await make_operator(world), await make_operator(world)];
	const source = await make_source(world, [leaver]);
	const contact = await make_contact(world, source);

	await world.api("PUT", `sources/${source.id}/weights/${stayer.id}`, { weight: 1 });

	const { page } = await world.visit("/#/operators");

	await page.getByRole("switch", { name: `${leaver.name} takes contacts` }).click();
	await page.getByText(`${leaver.name} holds 1 active contact`).waitFor();
	await page.getByLabel("Give them to others").check();
	await button(page, "Deactivate").click();
	await told(page, `${leaver.name} takes no new contacts now.`);
	await until(async () => (await read_contact(world, contact)).operator_id === stayer.id);
	await look_again(page);
	await page.getByRole("row", { name: stayer.name }).getByText("1 of 10").waitFor();
});

test("who is part of the history cannot be deleted, and it is said why", async (world) => {
	const operator = await make_operator(world);

	await make_contact(world, await make_source(world, [operator]));

	const visit = await world.visit("/#/operators");
	const dialog = visit.page.getByRole("dialog");

	visit.expects(/status of 409/);
	await button(visit.page, `Delete ${operator.name}`).click();
	await button(dialog, "Delete").click();
	await dialog.getByRole("alert").getByText("deactivate it instead").waitFor();
	await button(dialog, "Deactivate").click();
	await dialog.getByText(`${operator.name} holds 1 active contact`).waitFor();
	await visit.page.keyboard.press("Escape");
	await dialog.waitFor({ state: "detached" });
	assert.equal((await world.api("GET", `operators/${operator.id}`)).is_active, true);
});

test("a waiting contact is assigned by hand, to somebody full only on insistence", async (world) => {
	const operator = await make_operator(world, 1);
	const source = await make_source(world, [operator]);

	await make_contact(world, source);

	const contact = await make_contact(world, source);
	const visit = await world.visit(`/#/contacts?status=waiting&source_id=${source.id}`);
	const { page } = visit;

	visit.expects(/status of 409/);
	await page.getByText("its operators are full").waitFor();
	await button(page, `Assign: contact ${contact.id}`).click();
	await page.getByRole("dialog").getByLabel("Operator").selectOption(String(operator.id));
	await button(page, "Assign").click();
	await page.getByText(`${operator.name} is full, 1 of 1.`).waitFor();
	assert.equal((await read_contact(world, contact)).status, "waiting");
	await button(page, "Assign all the same").click();
	await told(page, `Contact ${contact.id} went to ${operator.name}.`);
	await page.getByText("No such contacts").waitFor();
	assert.equal((await read_contact(world, contact)).operator_id, operator.id);
});

test("an operator is remembered, closes a contact with a click, and can take it back", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const contact = await make_contact(world, source, { message: "Call me", lead: { name: "Maria" } });
	const { page } = await world.visit("/#/mine");

	await page.getByLabel("I am").selectOption({ label: operator.name });
	await page.getByRole("link", { name: "Maria" }).waitFor();

	const { id } = await make_contact(world, source,
		{ lead_external_id: contact.lead_external_id, lead: { phone: "+49 30 1" } });

	await look_again(page);
	await page.getByRole("link", { name: "+49 30 1" }).nth(1).waitFor();
	await world.api("PATCH", `contacts/${id}`, { status: "closed" });
	await page.getByRole("link", { name: "Overview" }).click();
	await page.getByRole("link", { name: "My contacts" }).click();
	await button(page, `Close contact ${contact.id}`).click();
	await page.getByText("All done").waitFor();
	assert.equal((await read_contact(world, contact)).status, "closed");
	await button(page, "Reopen").click();
	await page.getByRole("link", { name: "Maria" }).waitFor();
	assert.equal((await read_contact(world, contact)).status, "active");
});

test("a double click closes one contact, not the one that moves up as well", async (world) => {
	const operator = await make_operator(world);
	const source = await make_source(world, [operator]);
	const contacts = [await make_contact(world, source), await make_contact(world, source)];
	const { page } = await world.visit("/#/mine");

	await page.getByLabel("I am").selectOption({ label: operator.name });
	await page.getByText("2 active contacts").waitFor();

	const { x, y } = await button(page, `Close contact ${contacts[1].id}`).boundingBox();
	const press = async (clickCount) => {
		await page.mouse.down({ clickCount });
		await page.mouse.up({ clickCount });
	};

	await page.mouse.move(x + 9, y + 9);
	await press(1);
	await page.getByText("1 active contact,").waitFor();
	await press(2);
	await button(page, "Reopen").click();
	await page.getByText("2 active contacts").waitFor();
	assert.equal((await read_contact(world, contacts[0])).version, 1);
});

test("the history says who was considered, what was drawn, and who was not considered and why", async (world) => {
	const [chosen, inactive] = [await make_operator(world), await make_operator(world)];

	await world.api("PATCH", `operators/${inactive.id}`, { is_active: false });

	const contact = await make_contact(world, await make_source(world, [chosen, inactive]));
	const { page } = await world.visit(`/#/contacts/${contact.id}`);
	const decision = page.locator(".decision");

	await decision.getByText(`Why ${chosen.name}?`).click();
	await decision.getByText("a chance of 100%").waitFor();
	assert.match(await decision.getByRole("row", { name: chosen.name }).innerText(), /chosen\s+1\s+100%\s+0 of 10/);
	await decision.getByText(`${inactive.name}: inactive (weight 1, 0 of 10 contacts)`).waitFor();
});

test("what is wrong with a field is said beside it", async (world) => {
	const visit = await world.visit("/#/operators");
	const { page } = visit;

	visit.expects(/status of 422/);
	await button(page, "New operator").first().click();
	await page.getByLabel("Name").fill("  ");
	await page.getByLabel("Limit").fill("1,000");
	await button(page, "Create").click();
	await page.locator(".error").nth(1).waitFor();
	for (const [label, message] of [["Name", /1 to 200/], ["Limit", /integer/]]) {
		const field = page.getByLabel(label);

		assert.equal(await field.getAttribute("aria-invalid"), "true");
		assert.match(await page.locator(".field", { has: field }).locator(".error").innerText(), message);
	}
	assert.equal(await page.evaluate(() => document.activeElement.name), "name");
});

test("a message that somebody else changed meanwhile is not written over unseen", async (world) => {
	const contact = await make_contact(world, await make_source(world, []), { message: "first" });
	const visit = await world.visit(`/#/contacts/${contact.id}`);
	const { page } = visit;
	const dialog = page.getByRole("dialog");

	visit.expects(/status of 412/);
	await button(page, "Edit message").click();
	await world.api("PATCH", `contacts/${contact.id}`, { message: "theirs" });
	await dialog.getByLabel("Message").fill("mine");
	await button(dialog, "Save").click();
	await dialog.getByText("theirs").waitFor();
	assert.equal((await read_contact(world, contact)).message, "theirs");
	assert.equal(await dialog.getByLabel("Message").inputValue(), "mine");
	await button(dialog, "Replace").click();
	await told(page, "The message is saved.");
	assert.equal((await read_contact(world, contact)).message, "mine");
});

test("a lost connection is told, costs nothing that was typed, and is noticed when it is back", async (world) => {
	const visit = await world.visit("/#/operators");
	const { page } = visit;
	const banner = page.getByText("Not connected, trying again.");
	const name = fresh("Nina");

	visit.expects(/failed: .*ERR_FAILED/);
	visit.expects(/Failed to load resource: net::ERR_FAILED/);
	await button(page, "New operator").first().click();
	await page.getByLabel("Name").fill(name);
	await page.route("**/api/**", (route) => route.abort());
	await button(page, "Create").click();
	await banner.waitFor();
	await page.getByText("The service did not answer.").waitFor();
	await page.unroute("**/api/**");
	await banner.waitFor({ state: "detached" });
	await button(page, "Create").click();
	await page.getByRole("link", { name }).waitFor();
});

test("names are shown as they are, whatever they look like", async (world) => {
	const name = fresh(`<b>"Ann" & 'Bob'</b><img src=x onerror="alert(1)">`);
	const operator = await make_operator(world, 10, name);
	const source = await make_source(world, [operator], { name: `${name} ` });
	const contact = await make_contact(world, source,
		{ message: name, payload: { name }, lead: { name, email: name } });
	const { page } = await world.visit("/#/operators");

	await page.getByRole("link", { name, exact: true }).waitFor();
	for (const path of [`sources/${source.id}`, `contacts/${contact.id}`, "leads", ""]) {
		await page.goto(`${world.url}/#/${path}`);
		await page.locator("main").getByText(name).first().waitFor();
	}
	assert.equal(await page.locator("main b, main img").count(), 0);
});

test("contacts are found by what they have, and paged through", async (world) => {
	const operator = await make_operator(world, 100);
	const source = await make_source(world, [operator]);
	const rows = Array.from({ length: 60 }, (_, index) =>
		({ lead_external_id: `${source.id}-${index}`, source_id: source.id }));

	await world.api("POST", "contacts/batch", rows);

	const { page } = await world.visit("/#/contacts");
	const count = (rows_shown) => page.waitForFunction((expected) => !document.querySelector(".stale")
		&& document.querySelectorAll("tbody tr").length === expected, rows_shown);

	await page.getByLabel("Source").selectOption({ label: source.name });
	await page.getByLabel("Status").selectOption("active");
	await count(50);
	await page.getByRole("link", { name: "Next page" }).click();
	await count(10);
	await page.getByRole("link", { name: "Previous page" }).click();
	await count(50);
	await page.getByLabel("Status").selectOption("closed");
	await page.getByText("No such contacts").waitFor();
});

test("a lead is found by the beginning of a phone number, and corrected", async (world) => {
	const phone = `+7 ${Date.now()}`;
	const { lead_id } = await make_contact(world, await make_source(world, []), { lead: { phone } });
	const { page } = await world.visit("/#/leads");

	await page.getByRole("searchbox", { name: "Search" }).fill(phone.slice(0, -1));
	await page.getByRole("row", { name: phone }).getByRole("link").click();
	await page.getByLabel("Name").fill("Maria");
	await button(page, "Save").click();
	await page.getByRole("heading", { name: "Maria" }).waitFor();
	await page.goBack();
	await page.getByRole("row", { name: phone }).waitFor();
	await page.getByRole("link", { name: "Leads", exact: true }).click();
	await page.waitForFunction(() => document.querySelector("[type=search]").value === "");
	assert.equal((await world.api("GET", `leads/${lead_id}`)).name, "Maria");
});

test("on a phone no screen scrolls sideways, and every control has a name", async (world) => {
	const operator = await make_operator(world, 1, fresh("Anna-Maria".repeat(12)));
	const source = await make_source(world, [operator]);
	const contact = await make_contact(world, source, { message: "x".repeat(300) });

	await make_contact(world, source);

	const { page } = await world.visit("/", { width: 390 });

	for (const path of ["", "mine", "contacts", `contacts/${contact.id}`, "leads", `leads/${contact.lead_id}`,
		"operators", "sources", `sources/${source.id}`]) {
		await page.goto(`${world.url}/#/${path}`);
		await page.locator("main .stack, main .empty").first().waitFor();

		const faults = await page.evaluate(() => {
			const is_named = (control) => control.getAttribute("aria-label") || control.labels?.length
				|| (!control.matches("input, select, textarea") && control.textContent.trim());
			const nameless = [...document.querySelectorAll("input, select, textarea, button, a, summary")]
				.filter((control) => !is_named(control));

			return [...nameless.map(({ outerHTML }) => outerHTML),
				...document.documentElement.scrollWidth > innerWidth ? ["it scrolls sideways"] : []];
		});

		assert.deepEqual(faults, [], `#/${path}`);
	}
});

test("what others do shows at once, and with many changes no more than about once a second", async (world) => {
	const operator = await make_operator(world, 1_000_000);
	const source = await make_source(world, [operator]);
	const visit = await world.visit(`/#/contacts?source_id=${source.id}`);
	const { page } = visit;
	const lists = () => visit.requests.filter((url) => url.includes("/contacts/?")).length;
	const shows = (contact) => page.getByRole("row").filter({ hasText: contact.lead_external_id })
		.waitFor({ timeout: 2500 }); /* else every 15 s */

	await page.getByText("No such contacts").waitFor();
	await until(() => visit.requests.some((url) => url.endsWith("/events")));
	await shows(await make_contact(world, source));

	const before = lists(), begun = performance.now();
	let last;

	while (performance.now() - begun < 3000)
		last = await make_contact(world, source);
	await shows(last);
	assert.ok(lists() - before <= 8, `${lists() - before} readings`);

	/* A stream that breaks is opened again. */
	const streams = () => visit.requests.filter((url) => url.endsWith("/events")).length;

	await page.evaluate(() => {
		Object.defineProperty(document, "hidden", { value: true, configurable: true });
		document.dispatchEvent(new Event("visibilitychange"));
		delete document.hidden;
		document.dispatchEvent(new Event("visibilitychange"));
	});
	await until(() => streams() === 2);
	await shows(await make_contact(world, source));
});
