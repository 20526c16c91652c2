/* Swagger UI at /docs and Redoc at /redoc, as a person uses them. */
import assert from "node:assert/strict";

import { locked_test, test } from "./harness.mjs";

const METHODS = ["get", "put", "post", "patch", "delete", "head", "options"];

/* "post /api/v1/operators/" of all operations, sorted. */
function operations_of(document) {
	return Object.entries(document.paths).flatMap(([path, item]) =>
		METHODS.filter((method) => item[method]).map((method) => `${method} ${path}`)).sort();
}

function tags_of(document) {
	return [...new Set(operations_of(document).flatMap((operation) => {
		const [method, path] = operation.split(" ");

		return document.paths[path][method].tags ?? [];
	}))];
}

/* Fills in the body of an operation in Swagger UI and sends it; the answer as Swagger UI got it. */
async function execute(page, method, path, body) {
	const block = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });

	await block.locator(".opblock-summary-control").click();
	await block.locator("textarea.body-param__text").fill(JSON.stringify(body));

	const answered = page.waitForResponse((answer) =>
		answer.request().method() === method.toUpperCase() && new URL(answer.url()).pathname.startsWith("/api/"));

	await block.locator("button.execute").click();

	const answer = await answered;
	const shown = block.locator(".live-responses-table .response-col_status");

	await shown.last().waitFor();
	assert.equal((await shown.last().innerText()).trim().slice(0, 3), String(answer.status()));
	assert.match(await block.locator(".live-responses-table").innerText(), /"id":/);
	return { status: answer.status(), json: await answer.json() };
}

test("Swagger UI shows every operation of the document", async (world) => {
	const { page } = await world.visit("/docs");
	const expected = operations_of(await world.document());

	await page.locator(".opblock").nth(expected.length - 1).waitFor();

	const shown = await page.locator(".opblock").evaluateAll((blocks) => blocks.map((block) => {
		const method = block.querySelector(".opblock-summary-method").innerText.toLowerCase();

		return `${method} ${block.querySelector("[data-path]").dataset.path}`;
	}));

	assert.deepEqual(shown.sort(), expected);
	assert.equal(await page.title(), "Lead distribution API");
});

test("an operator, a source and a contact are made by hand in Swagger UI", async (world) => {
	const { page } = await world.visit("/docs");
	const suffix = Date.now().toString(36);
	const operator = await execute(page, "post", "/api/v1/operators/", {
		name: `Ada ${suffix}`, max_load_limit: 3,
	});

	assert.equal(operator.status, 201);

	const source = await execute(page, "post", "/api/v1/sources/", {
		name: `Landing page ${suffix}`, weights: [{ operator_id: operator.json.id, weight: 10 }],
	});

	assert.equal(source.status, 201);

	const contact = await execute(page, "post", "/api/v1/contacts/", {
		lead_external_id: `lead ${suffix}`, source_id: source.json.id, message: "Call me back",
	});

	assert.equal(contact.status, 201);
	assert.equal(contact.json.operator_id, operator.json.id);
	assert.equal(contact.json.status, "active");
});

locked_test("Swagger UI takes a key, sends it, and forgets it with the page", async (world) => {
	const visit = await world.visit("/docs");
	const { page } = visit;
	const path = "/api/v1/keys/current";
	const block = page.locator(".opblock-get", { has: page.locator(`[data-path="${path}"]`) });
	const execute = async () => {
		const answered = page.waitForResponse((answer) => new URL(answer.url()).pathname === path);

		await block.locator("button.execute").click();
		return (await answered).status();
	};

	visit.expects(/status of 401/);
	await block.locator(".opblock-summary-control").click();
	assert.equal(await execute(), 401);
	await page.locator(".scheme-container button.authorize").click();

	const form = page.locator(".modal-ux .auth-container").first();

	await form.locator("input").fill(world.key);
	await form.getByRole("button", { name: "Apply credentials" }).click();
	await page.locator(".modal-ux .close-modal").click();
	assert.equal(await execute(), 200);
	await block.locator(".live-responses-table").getByText('"admin"').first().waitFor();
	await page.reload(); /* the address names the operation, which opens again by itself */
	assert.equal(await execute(), 401);
	assert.equal(await page.evaluate(() => localStorage.length), 0);
});

test("a link to an operation opens it in Swagger UI", async (world) => {
	const document = await world.document();
	const { tags, operationId } = document.paths["/api/v1/contacts/"].post;
	const { page } = await world.visit(`/docs#/${encodeURIComponent(tags[0])}/${operationId}`);

	const opened = page.locator(".opblock-post.is-open [data-path='/api/v1/contacts/']");

	await opened.waitFor();
	await page.waitForFunction((path) => {
		const shown = document.querySelector(`.is-open [data-path='${path}']`).getBoundingClientRect();
		const seen = document.elementFromPoint(shown.x + 2, shown.y + shown.height / 2);

		return scrollY > 0 && shown.y >= 0 && seen?.closest(".opblock.is-open");
	}, "/api/v1/contacts/");
});

test("a form for a change begins without an id, and with one member only", async (world) => {
	const { page } = await world.visit("/docs");
	const path = "/api/v1/contacts/{contact_id}";
	const block = page.locator(".opblock-patch", { has: page.locator(`[data-path="${path}"]`) });

	await block.locator(".opblock-summary-control").click();
	await block.locator("textarea.body-param__text").waitFor();
	assert.deepEqual(JSON.parse(await block.locator("textarea").inputValue()), { status: "closed" });
	for (const input of await block.locator(".parameters input").all())
		assert.equal(await input.inputValue(), "");
});

test("Swagger UI filters by tag", async (world) => {
	const [tag] = tags_of(await world.document());
	const { page } = await world.visit("/docs");

	await page.locator(".operation-filter-input").fill(tag);
	await page.waitForFunction(() => document.querySelectorAll(".opblock-tag-section").length === 1);
	assert.equal(await page.locator(".opblock-tag").getAttribute("data-tag"), tag);
});

test("an operation of every tag opens in Swagger UI", async (world) => {
	const { page } = await world.visit("/docs");

	for (const tag of tags_of(await world.document())) {
		const section = page.locator(".opblock-tag-section", { has: page.locator(`[data-tag="${tag}"]`) });
		const block = section.locator(".opblock").first();

		await block.locator(".opblock-summary-control").click();
		await block.locator("button.execute").waitFor();
		assert.doesNotMatch(await block.innerText(), /Could not resolve|Resolver error/, tag);
	}
});

test("Redoc shows every tag and every operation", async (world) => {
	const { page } = await world.visit("/redoc");
	const document = await world.document();
	const operations = operations_of(document);

	await page.locator("[data-section-id^='tag/']").first().waitFor();

	const menu = page.locator(".menu-content [role=menuitem]");

	for (const tag of tags_of(document))
		assert.ok(await menu.filter({ hasText: tag }).count(), `${tag} is not in the menu`);
	await page.waitForFunction((count) =>
		document.querySelectorAll("[data-section-id*='/operation/']").length >= count, operations.length);
	for (const operation of operations) {
		const [method, path] = operation.split(" ");
		const { operationId } = document.paths[path][method];

		assert.equal(await page.locator(`[data-section-id$="/operation/${operationId}"]`).count(), 1, operation);
	}
});

test("Redoc finds an operation", async (world) => {
	const { page } = await world.visit("/redoc");
	const { summary } = (await world.document()).paths["/api/v1/operators/"].post;

	await page.locator("[role=search] input").fill(summary);
	await page.locator("[data-role='search:results'] [role=menuitem]").first().waitFor();
	assert.ok((await page.locator("[data-role='search:results']").innerText()).includes(summary));
});

test("the pages lead to each other, to the document and to the licences", async (world) => {
	for (const path of ["/docs", "/redoc"]) {
		const { page } = await world.visit(path);
		const links = await page.locator("header nav a").evaluateAll((all) => all.map((link) => link.href));

		assert.equal(links.length, 5);
		assert.equal(await page.locator("header [aria-current=page]").getAttribute("href"), path);
		for (const link of links)
			assert.equal((await fetch(link)).status, 200, link);
	}

	const notices = await (await fetch(`${world.url}/assets/third-party-notices.txt`)).text();

	for (const name of ["htm", "preact", "swagger-ui-dist", "redoc", "libevent", "json-c", "libpq", "OpenSSL",
		"zlib"])
		assert.ok(notices.includes(name), `${name} is not in the notices`);
});
