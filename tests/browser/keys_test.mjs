/* The console where keys are asked for: what each of them sees and may do, and how they are made and revoked. */
import assert from "node:assert/strict";

import {
	button, enter, fresh, make_contact, make_key, make_operator, make_source, read_contact, sign_out, status_with, told,
	until, visit_with,
} from "./console.mjs";
import { locked_test } from "./harness.mjs";

locked_test("an operator sees the own contacts only, edits one and closes it", async (world) => {
	const [own, other] = [await make_operator(world), await make_operator(world)];
	const source = await make_source(world, [own]), another = await make_source(world, [other]);
	const lead = { lead_external_id: fresh("lead"), lead: { name: "Maria", phone: "+49 30 1" } };
	const contact = await make_contact(world, source, { ...lead, message: "Call me" });
	const theirs = await make_contact(world, another, lead);
	const { key } = await make_key(world, "operator", { operator_id: own.id });
	const visit = await visit_with(world, key);
	const { page, refusals } = visit;
	const main = page.locator("main");

	await page.getByRole("link", { name: "Maria" }).waitFor();
	await main.getByText(own.name).waitFor();
	await main.getByText("1 of 10").waitFor();
	await main.getByText(source.name).waitFor();
	await main.getByRole("link", { name: "+49 30 1" }).waitFor();
	assert.deepEqual(await page.locator("nav a").allInnerTexts(), ["My contacts", "API"]);
	assert.equal(await page.getByLabel("I am").count(), 0);

	await page.getByRole("link", { name: "Maria" }).click();
	await button(page, "Edit message").click();
	await page.getByLabel("Message", { exact: true }).fill("Called, wants a flat");
	await button(page, "Save").click();
	await told(page, "The message is saved.");
	await main.getByText("Called, wants a flat").waitFor();
	await main.getByText(source.name).waitFor();
	assert.deepEqual(await main.getByRole("button").allInnerTexts(), ["Close", "Edit message"]);
	assert.deepEqual(await main.getByRole("link").allInnerTexts(), ["+49 30 1"]);
	await page.getByRole("link", { name: "My contacts" }).click();
	await button(page, `Close contact ${contact.id}`).click();
	await button(page.getByRole("dialog"), "Close contact").click();
	await told(page, `Contact ${contact.id} is closed.`);
	await page.getByText("All done").waitFor();
	assert.equal(await button(page, "Reopen").count(), 0);
	await page.goto(`${world.url}/#/contacts/${contact.id}`);
	await main.getByText("Closed").first().waitFor();
	assert.deepEqual(await main.getByRole("button").allInnerTexts(), ["Edit message"]);
	assert.deepEqual(refusals, []);
	assert.equal((await read_contact(world, contact)).status, "closed");

	/* What is not the own is not there. */
	visit.expects(/status of 404/);
	await page.goto(`${world.url}/#/contacts/${theirs.id}`);
	await main.getByText("This cannot be shown").waitFor();
	await page.goto(`${world.url}/#/operators`);
	await main.getByRole("link", { name: "My contacts" }).click();
	await page.getByText("All done").waitFor();
	assert.deepEqual(refusals.filter((line) => !line.endsWith(`/contacts/${theirs.id}`)), []);
});

locked_test("who supervises does everything, but sees nothing of keys", async (world) => {
	const source = await make_source(world, [await make_operator(world)]);
	const contact = await make_contact(world, source);
	const key = await make_key(world, "supervisor");
	const { page, refusals } = await visit_with(world, key.key);

	for (const path of ["", "mine", "contacts", "leads", `leads/${contact.lead_id}`, "operators", "sources",
		`sources/${source.id}`, `contacts/${contact.id}`]) {
		await page.goto(`${world.url}/#/${path}`);
		await page.locator("main .stack").first().waitFor();
	}
	assert.equal(await page.getByRole("link", { name: "Keys" }).count(), 0);
	await button(page, "Close").click();
	await told(page, `Contact ${contact.id} is closed.`);
	await page.getByText(`by the key ${key.name}`).waitFor();
	await page.goto(`${world.url}/#/keys`);
	await page.getByText("There is no such page").waitFor();
	assert.deepEqual(refusals, []);
});

locked_test("an admin makes a key, copies it this once, and revokes it", async (world) => {
	const source = await make_source(world, []);
	const visit = await visit_with(world, world.key, "/#/keys",
		{ permissions: ["clipboard-read", "clipboard-write"] });
	const { page } = visit;
	const dialog = page.getByRole("dialog");
	const name = fresh("Bot");

	await page.getByRole("row", { name: /^browser yours/ }).getByText("Admin").waitFor();
	await button(page, "New key").click();
	await dialog.getByLabel("Name").fill(name);
	assert.equal(await dialog.getByLabel("Ingest").isChecked(), true);
	await dialog.getByLabel("Source").selectOption(String(source.id));
	await button(dialog, "Make key").click();
	await dialog.getByText("it cannot be shown again").waitFor();

	const key = await dialog.getByLabel("Key", { exact: true }).inputValue();

	await page.keyboard.press("Enter");
	await dialog.getByText("Copied.").waitFor();
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
	await button(dialog, "Done").click();

	const row = page.getByRole("row", { name });
	const send = (source_id) => fetch(`${world.url}/api/v1/contacts/`, {
		method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
		body: JSON.stringify({ lead_external_id: fresh("lead"), source_id }),
	});

	await row.getByText(`Ingest: ${source.name}`).waitFor();
	await row.getByText("never used").waitFor();
	assert.equal((await send(source.id)).status, 201);

	await button(page, `Revoke ${name}`).click();
	await dialog.getByText(`Revoke ${name}?`).waitFor();
	assert.equal(await dialog.getByText("You are signed in with it").count(), 0);
	await button(dialog, "Revoke").click();
	await told(page, `The key ${name} is revoked.`);
	await row.waitFor({ state: "detached" });
	await until(async () => await status_with(world, key) === 401);
	await page.getByRole("link", { name: "Revoked" }).click();
	await row.waitFor();
	assert.equal(await button(row, `Revoke ${name}`).count(), 0);
	assert.deepEqual(visit.refusals, []);
});

locked_test("a key for an operator names who it is, whatever was chosen before", async (world) => {
	const operator = await make_operator(world), source = await make_source(world, []);
	const { page } = await visit_with(world, world.key, "/#/keys");
	const dialog = page.getByRole("dialog");
	const name = fresh("Phone");

	await button(page, "New key").click();
	await dialog.getByLabel("Name").fill(name);
	await dialog.getByLabel("Source").selectOption(String(source.id));
	await dialog.getByRole("radio", { name: /^Operator/ }).check();
	assert.equal(await button(dialog, "Make key").isEnabled(), false);
	await dialog.getByLabel("Operator", { exact: true }).selectOption(String(operator.id));
	await button(dialog, "Make key").click();
	await dialog.getByText("it cannot be shown again").waitFor();
	await page.keyboard.press("Escape");
	await page.getByRole("row", { name }).getByText(`Operator: ${operator.name}`).waitFor();
	await page.locator("dialog").waitFor({ state: "detached" });
});

locked_test("a name that is taken is told, and where pages may not copy the key is selected", async (world) => {
	const visit = await visit_with(world, world.key, "/#/keys");
	const { page } = visit;
	const dialog = page.getByRole("dialog");
	const taken = await make_key(world, "admin");

	visit.expects(/status of 409/);
	await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
	await button(page, "New key").click();
	await dialog.getByLabel("Name").fill(taken.name);
	await dialog.getByLabel("Admin").check();
	await button(dialog, "Make key").click();
	await dialog.getByRole("alert").getByText("has this name").waitFor();
	await dialog.getByLabel("Name").fill(fresh("Desk"));
	await button(dialog, "Make key").click();
	await button(dialog, "Copy").click();
	await dialog.getByText("The key is selected").waitFor();
	assert.equal(await page.evaluate(() => getSelection().toString()),
		await dialog.getByLabel("Key", { exact: true }).inputValue());
});

locked_test("who revokes the own key is warned, and has to sign in again", async (world) => {
	const key = await make_key(world, "admin");
	const { page } = await visit_with(world, key.key, "/#/keys");
	const dialog = page.getByRole("dialog");

	await button(page, `Revoke ${key.name}`).click();
	await dialog.getByText("You are signed in with it").waitFor();
	await button(dialog, "Revoke").click();
	await page.getByRole("alert").getByText("is revoked").waitFor();
	await button(page, "Sign in").waitFor();
});

locked_test("a key that only sends contacts is told so", async (world) => {
	const { key } = await make_key(world, "ingest");
	const { page, refusals } = await visit_with(world, key, "/#/operators");

	await page.getByRole("heading", { name: "This key sends contacts" }).waitFor();
	assert.deepEqual(await page.locator("nav a").allInnerTexts(), ["API"]);
	assert.deepEqual(refusals, []);
	await sign_out(page).click();
	await button(page, "Sign in").waitFor();
});

locked_test("with keys nothing scrolls sideways either, and every control has a name", async (world) => {
	const long = (word) => fresh(`${word}${"Konstantinopolskaya".repeat(8)}`);
	const operator = await make_operator(world, 3, long("Anna"));
	const source = await make_source(world, [operator], { name: long("Source") });
	const contact = await make_contact(world, source, { message: "x".repeat(300) });
	const keys = {
		admin: world.key,
		operator: (await make_key(world, "operator", { name: long("Key"), operator_id: operator.id })).key,
		ingest: (await make_key(world, "ingest", { source_id: source.id, name: long("Key") })).key,
	};
	const check = async (page, where) => {
		const faults = await page.evaluate(() => {
			const is_named = (control) => control.getAttribute("aria-label") || control.labels?.length
				|| (!control.matches("input, select, textarea") && control.textContent.trim());

			return [...[...document.querySelectorAll("input, select, textarea, button, a, summary")]
				.filter((control) => !is_named(control)).map(({ outerHTML }) => outerHTML),
			...[document.documentElement, ...document.querySelectorAll("dialog")]
				.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
				.map(({ localName }) => `${localName} scrolls sideways`)];
		});

		assert.deepEqual(faults, [], where);
	};

	for (const width of [320, 390, 820, 1400]) {
		const visit = await world.visit("/", { width });
		const { page } = visit;

		visit.expects(/status of 401/);
		await button(page, "Sign in").waitFor();
		await check(page, `signing in at ${width}`);
		for (const [role, paths] of [["operator", ["mine", `contacts/${contact.id}`]], ["ingest", [""]],
			["admin", ["keys", "keys?revoked=true"]]]) {
			await enter(page, keys[role]);
			await sign_out(page).waitFor();
			for (const path of paths) {
				await page.goto(`${world.url}/#/${path}`);
				await page.locator("main .stack, main .card").first().waitFor();
				await check(page, `${role}: #/${path} at ${width}`);
			}
			if (role === "admin") {
				await button(page, "New key").click();
				await check(page, `a new key at ${width}`);
				await page.getByLabel("Name").fill(fresh("Key"));
				await button(page, "Make key").click();
				await button(page, "Copy").waitFor();
				await check(page, `a key that was made at ${width}`);
				await page.keyboard.press("Escape");
			}
			await sign_out(page).click();
		}
		await page.context().close();
	}
});
