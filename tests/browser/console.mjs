/* What the tests of the console share: a world to look at, and how one looks. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

const PATIENCE_MS = 20_000;

let made = 0;

/* A name that no other test uses. */
export function fresh(name) {
	return `${name} ${process.pid.toString(36)}${++made}`;
}

export const make_operator = (world, max_load_limit = 10, name = fresh("Operator")) =>
	world.api("POST", "operators/", { name, max_load_limit });

/* operators: each with weight 1 */
export const make_source = (world, operators, settings) => world.api("POST", "sources/", {
	name: fresh("Source"), weights: operators.map(({ id }) => ({ operator_id: id, weight: 1 })), ...settings,
});

export const make_contact = (world, source, more) =>
	world.api("POST", "contacts/", { lead_external_id: fresh("lead"), source_id: source.id, ...more });

export const read_contact = (world, { id }) => world.api("GET", `contacts/${id}`);

export const button = (scope, name) => scope.getByRole("button", { name, exact: true });

/* What happens when a person comes back to the tab: everything is read anew. */
export const look_again = (page) => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));

export async function until(holds) {
	const end = performance.now() + PATIENCE_MS;

	while (!await holds()) {
		assert.ok(performance.now() < end, `never: ${holds}`);
		await setTimeout(20);
	}
}

export async function told(page, text) {
	await page.locator(".notices").getByText(text).waitFor();
}

/* What a service in trouble answers: for page.route(). */
export const refusal = (status, detail) => (route) => route.fulfill({
	status, contentType: "application/problem+json", body: JSON.stringify({ status, title: detail, detail }),
});

/* Holds back what the page asks with this method at the url, until what is returned is called. */
export async function hold(page, url, method) {
	let release;
	const released = new Promise((resolve) => {
		release = resolve;
	});

	await page.route(url, async (route) => {
		if (route.request().method() === method)
			await released;
		return route.fallback();
	});
	return release;
}

/* -- where keys are asked for -- */

export const make_key = (world, role, more) => world.api("POST", "keys/", { name: fresh(role), role, ...more });

export const status_with = async (world, key) =>
	(await fetch(`${world.url}/api/v1/keys/current`, { headers: { Authorization: `Bearer ${key}` } })).status;

/* The service remembers keys until the database tells of the change: a moment. */
export async function revoke(world, { id, key }) {
	await world.api("DELETE", `keys/${id}`);
	await until(async () => await status_with(world, key) === 401);
}

export const sign_out = (page) => button(page, "Sign out");

export async function enter(page, key) {
	await page.getByLabel("Key", { exact: true }).fill(key);
	await button(page, "Sign in").click();
}

/* What was being asked then is broken off, which is no fault of the page. */
export async function reload(visit) {
	await visit.page.reload();
	visit.complaints = visit.complaints.filter((complaint) => !/^failed: .*ERR_ABORTED$/.test(complaint));
}

/* A visit of who signs in with the key; refusals: what was forbidden or not found, as "GET /path". */
export async function visit_with(world, key, path = "/", options = {}) {
	const visit = await world.visit(path, options);

	visit.expects(/status of 401/);
	visit.refusals = [];
	visit.page.on("response", (answer) => {
		if ([403, 404].includes(answer.status()))
			visit.refusals.push(`${answer.request().method()} ${answer.url()}`);
	});
	await enter(visit.page, key);
	await sign_out(visit.page).waitFor();
	return visit;
}
