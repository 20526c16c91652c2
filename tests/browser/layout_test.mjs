/* The console by eye and by keyboard: what fits, where one is led, what is said. */
import assert from "node:assert/strict";

import { fresh, make_operator, make_source, told, until } from "./console.mjs";
import { test } from "./harness.mjs";

const WIDTHS = [320, 390, 768, 820, 834, 901, 1024, 1280, 1400];

/* Waits until the page has drawn what it is about. */
async function drawn(page, selector) {
	await page.locator(selector).first().waitFor();
	await page.waitForFunction(() => !document.querySelector(".loading"));
}

async function fill(world, source, count) {
	const rows = Array.from({ length: count }, (_, index) =>
		({ lead_external_id: `${source.id}-${index}`, source_id: source.id, message: "Is it still free? ".repeat(20) }));

	for (let begin = 0; begin < count; begin += 600)
		await world.api("POST", "contacts/batch", rows.slice(begin, begin + 600));
}

test("a load is told in full, at any width", async (world) => {
	const operators = [await make_operator(world, 1200, fresh("Full")), await make_operator(world, 1_000_000, fresh("Wide"))];
	const [full, wide] = operators;
	const source = await make_source(world, [full]);

	await fill(world, source, 1200);
	await world.api("PATCH", `operators/${wide.id}`, { is_active: false });
	await world.api("PUT", `sources/${source.id}/weights/${wide.id}`, { weight: 1 });
	for (const width of WIDTHS) {
		const { page } = await world.visit("/", { width });

		for (const path of ["operators", "", `sources/${source.id}`]) {
			await page.goto(`${world.url}/#/${path}`);
			await drawn(page, ".rows, .loads, .weights");

			const cut = await page.evaluate(() => [...document.querySelectorAll(".load")].filter((load) => {
				const [figures, mark] = [load.querySelector(".figures"), load.querySelector(".mark")];
				const text = document.createRange();

				text.selectNodeContents(figures);

				const { right, bottom } = text.getBoundingClientRect(), next = mark?.getBoundingClientRect();

				return load.offsetWidth && (right > load.getBoundingClientRect().right + 1
					|| (next && next.left < right && next.top < bottom));
			}).map(({ textContent }) => textContent));

			assert.deepEqual(cut, [], `#/${path} at ${width}`);
		}
		await page.context().close();
	}
});

test("on no screen anything scrolls sideways, whatever the names", async (world) => {
	const name = (word) => fresh(`${word} ${"Alexandria Konstantinopolskaya-Featherstonehaugh ".repeat(4)}`.slice(0, 185));
	const operators = [await make_operator(world, 5, name("Anna")), await make_operator(world, 1, fresh("b".repeat(180)))];
	const source = await make_source(world, operators, { name: name("Source") });

	await fill(world, source, 20);

	const contact = (await world.api("GET", `contacts/?operator_id=${operators[0].id}`)).items[0];

	for (const width of WIDTHS) {
		const { page } = await world.visit("/", { width });

		for (const path of ["", "contacts", `contacts/${contact.id}`, "leads", `leads/${contact.lead_id}`, "operators",
			"sources", `sources/${source.id}`]) {
			await page.goto(`${world.url}/#/${path}`);
			await drawn(page, ".rows, .card");
			for (const details of await page.locator("details.decision, details.simulation").all())
				await details.locator("summary").click();
			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
				`#/${path} at ${width}: ${await page.evaluate(() => document.documentElement.scrollWidth)}`);
		}
		await page.context().close();
	}
});

test("what is wrong with an address is said", async (world) => {
	const visit = await world.visit("/#/contacts?cursor=abc");

	visit.expects(/status of 422/);
	await visit.page.getByText("This cannot be shown").waitFor();
	await visit.page.getByText(/cursor .*/).first().waitFor();
});
