/* The console where a key is needed: who gets in, for how long, and how one is shown out. */
import assert from "node:assert/strict";

import {
	button, enter, hold, look_again, make_key, make_operator, refusal, reload, revoke, sign_out, visit_with,
} from "./console.mjs";
import { locked_test, test } from "./harness.mjs";

const UNKNOWN_KEY = `leadd_${"0".repeat(64)}`;

test("where no key is needed nobody is asked for one, and the page of keys says so", async (world) => {
	const { page } = await world.visit("/#/keys");

	await page.getByText("No key is needed at present").waitFor();
	assert.equal(await sign_out(page).count(), 0);
	assert.equal(await page.getByLabel("Key", { exact: true }).count(), 0);
});

test("a service that asks for keys from now on is signed in to", async (world) => {
	const visit = await world.visit("/#/operators");
	const { page } = visit;

	visit.expects(/status of 401/);
	await page.getByRole("heading", { name: "Operators" }).waitFor();
	await page.route("**/api/**", (route) => route.fulfill({
		status: 401, contentType: "application/problem+json",
		body: JSON.stringify({ type: "/problems/unauthorized", title: "A key is needed", status: 401 }),
	}));
	await look_again(page);
	await page.getByRole("alert").getByText("From now on a key is needed here.").waitFor();
	await button(page, "Sign in").waitFor();
});

locked_test("who has no key is asked for one, which then is kept until the person signs out", async (world) => {
	const visit = await world.visit("/#/operators");
	const { page } = visit;
	const error = page.locator(".error");

	visit.expects(/status of 401/);
	assert.equal(await button(page, "Sign in").isEnabled(), false);
	for (const wrong of [UNKNOWN_KEY, "ключ"]) {
		await enter(page, wrong);
		await error.getByText("This key is not known here").waitFor();
		await page.waitForFunction(() => document.activeElement.name === "key");
		await page.getByLabel("Key", { exact: true }).fill("");
		await error.waitFor({ state: "detached" });
	}
	await enter(page, `  ${world.key} `);
	await page.getByRole("heading", { name: "Operators" }).waitFor();
	await reload(visit);
	await page.getByRole("heading", { name: "Operators" }).waitFor();
	assert.equal(await page.evaluate(() => localStorage.length), 0);
	await sign_out(page).click();
	await button(page, "Sign in").waitFor();
	await reload(visit);
	await button(page, "Sign in").waitFor();
	assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length]), [0, 0]);
});

locked_test("a key can be kept for the device, and is signed out in all its tabs", async (world) => {
	const visit = await world.visit("/");
	const { page } = visit;

	visit.expects(/status of 401/);
	await page.getByLabel("Stay signed in on this device").check();
	await enter(page, world.key);
	await sign_out(page).waitFor();

	const other = await page.context().newPage();

	await other.goto(world.url);
	await sign_out(other).click();
	await button(page, "Sign in").waitFor();
	await reload(visit);
	await button(page, "Sign in").waitFor();
});

locked_test("a browser that keeps nothing lets one in all the same", async (world) => {
	const visit = await world.visit("/");
	const { page } = visit;

	visit.expects(/status of 401/);
	await page.addInitScript(() => {
		for (const name of ["localStorage", "sessionStorage"])
			Object.defineProperty(window, name, { get() {
				throw new DOMException("no", "SecurityError");
			} });
	});
	await reload(visit);
	await enter(page, world.key);
	await page.getByRole("link", { name: "My contacts" }).click();
	await page.getByLabel("I am").waitFor();
	await sign_out(page).click();
	await button(page, "Sign in").waitFor();
});

locked_test("a service that is away while one signs in is told from a wrong key", async (world) => {
	const visit = await world.visit("/");
	const { page } = visit;

	visit.expects(/status of 401/);
	visit.expects(/status of 503/);
	await button(page, "Sign in").waitFor();
	await page.route("**/keys/current", refusal(503, "The key cannot be looked up now."));
	await enter(page, world.key);
	await page.getByRole("alert").getByText("The key cannot be looked up now.").waitFor();
	await page.unrouteAll();
	await button(page, "Sign in").click();
	await sign_out(page).waitFor();

	/* And a key that is kept is not lost by it. */
	await page.route("**/keys/current", refusal(503, "The key cannot be looked up now."));
	await reload(visit);
	await page.getByText("The key cannot be looked up now. Trying again").waitFor();
	await page.unrouteAll();
	await sign_out(page).waitFor();
});

locked_test("a revoked key leads back to signing in, and nothing that was begun is gone on with", async (world) => {
	const operator = await make_operator(world);
	const key = await make_key(world, "supervisor");
	const { page } = await visit_with(world, key.key, "/#/operators");

	await button(page, `Edit ${operator.name}`).click();
	await page.getByLabel("Name").fill("Somebody else");

	const release = await hold(page, "**/api/**", "GET"); /* nothing else is to notice it first */

	await revoke(world, key);
	await button(page, "Save").click();
	await page.getByRole("alert").getByText("was revoked").waitFor();
	release();
	await page.unrouteAll();
	assert.equal(await sign_out(page).count(), 0);
	await enter(page, (await make_key(world, "supervisor")).key);
	await page.getByRole("heading", { name: "Operators" }).waitFor();
	assert.equal(await page.locator("dialog, .notice").count(), 0);
	assert.equal((await world.api("GET", `operators/${operator.id}`)).name, operator.name);
});

locked_test("a key that was revoked meanwhile is noticed without doing anything", async (world) => {
	const key = await make_key(world, "supervisor");
	const visit = await visit_with(world, key.key);
	const { page } = visit;

	await revoke(world, key);
	await look_again(page);
	await page.getByRole("alert").getByText("was revoked").waitFor();
	await reload(visit);
	await button(page, "Sign in").waitFor();
	assert.equal(await page.getByRole("alert").count(), 0);
});
