/* The console by eye and by keyboard: what fits, where one is led, what is said. */
import assert from "node:assert/strict";

import {
	button, fresh, look_again, make_contact, make_operator, make_source, read_contact, refusal, told, until,
} from "./console.mjs";
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

test("large totals stay on one line", async (world) => {
	for (let count = 0; count < 3; count++)
		await make_operator(world, 1_000_000, fresh("Vast"));
	for (const width of WIDTHS) {
		const { page } = await world.visit("/", { width });

		await drawn(page, ".totals");

		const broken = await page.evaluate(() => [...document.querySelectorAll(".totals strong")].filter((total) => {
			const text = document.createRange();

			text.selectNodeContents(total);
			return text.getClientRects().length > 1;
		}).map(({ textContent }) => textContent));

		assert.deepEqual(broken, [], `at ${width}`);
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

test("the keyboard keeps its place when what it was at goes away", async (world) => {
	const operators = [await make_operator(world), await make_operator(world)];
	const source = await make_source(world, operators);
	const contacts = [await make_contact(world, source), await make_contact(world, source)];
	const { page } = await world.visit(`/#/contacts?source_id=${source.id}&status=active`);
	const more = page.getByLabel(`More for contact ${contacts[0].id}`);
	const press = async (locator) => {
		await locator.focus();
		await page.keyboard.press("Enter");
	};
	const focused = (text) => page.waitForFunction((expected) => {
		const { activeElement: at } = document;

		return (at.ariaLabel ?? at.textContent).includes(expected) && at !== document.body;
	}, text);

	await press(more);
	await press(button(page, "Give to another"));
	await page.getByRole("dialog").waitFor();
	await page.keyboard.press("Escape");
	await focused(`More for contact ${contacts[0].id}`);
	await press(more);
	await press(button(page, "Choose again"));
	await page.locator(".notices .notice").waitFor();
	await focused(`More for contact ${contacts[0].id}`);
	await press(button(page, `Close: contact ${contacts[0].id}`));
	await page.getByRole("row", { name: contacts[0].lead_external_id }).waitFor({ state: "detached" });
	await focused("Contacts");

	/* An opened menu is shut by going on. */
	await press(page.getByLabel(`More for contact ${contacts[1].id}`));
	await page.locator(".menu[open]").waitFor();
	for (let items = 0; items < 4; items++)
		await page.keyboard.press("Tab");
	await page.locator(".menu[open]").waitFor({ state: "detached" });

	await page.goto(`${world.url}/#/contacts/${contacts[1].id}`);
	await press(button(page, "Edit message"));
	await press(button(page, "Cancel"));
	await focused("Edit message");
	await press(button(page, "Close"));
	await page.getByRole("heading", { name: `Contact ${contacts[1].id}` }).waitFor();
	await button(page, "Reopen").first().waitFor();
	await focused(`Contact ${contacts[1].id}`);

	await page.goto(`${world.url}/#/sources/${source.id}`);
	await press(button(page, `Remove ${operators[0].name}`));
	await focused("Weights");
	await page.getByLabel("Add an operator").selectOption(String(operators[0].id));
	await press(button(page, "Add"));
	await until(() => page.evaluate(() => document.activeElement !== document.body));
	assert.equal((await read_contact(world, contacts[1])).status, "closed");
});

test("another page of a list begins at its top", async (world) => {
	const source = await make_source(world, []);

	await fill(world, source, 120);

	const { page } = await world.visit(`/#/contacts?source_id=${source.id}`);

	await page.getByRole("link", { name: "Next page" }).click();
	await page.getByRole("link", { name: "Previous page" }).waitFor();
	await page.waitForFunction(() => scrollY === 0);
});

test("a source whose waiting contacts may not have been looked at is not shown as one without", async (world) => {
	const [early, late] = [await make_source(world, []), await make_source(world, [])];

	await fill(world, early, 260);
	await fill(world, late, 30);

	const { page } = await world.visit("/");
	const row = ({ name }) => page.locator(".links li", { hasText: name });

	await row(early).getByText("at least").waitFor();
	await row(late).getByText("perhaps some waiting").waitFor();
});

test("what is wrong with an address is said", async (world) => {
	const visit = await world.visit("/#/contacts?cursor=abc");

	visit.expects(/status of 422/);
	await visit.page.getByText("This cannot be shown").waitFor();
	await visit.page.getByText(/cursor .*/).first().waitFor();
});

test("times are told as they are", async (world) => {
	const source = await make_source(world, [], { sticky_seconds: 119 });
	const { page } = await world.visit(`/#/sources/${source.id}`);
	const seconds = page.getByLabel("Same operator again within (seconds)");

	await page.getByText("comes again within 1 min 59 s goes").waitFor();
	await seconds.fill("5 min");
	await page.getByText("A whole number of seconds").waitFor();
	await seconds.fill("0");
	await page.getByText("0: every contact is chosen for anew.").waitFor();
});

test("of test contacts only the newest one's fate is shown", async (world) => {
	const operator = await make_operator(world);
	const visit = await world.visit(`/#/sources/${(await make_source(world, [operator])).id}`);
	const dialog = visit.page.getByRole("dialog");

	visit.expects(/status of 422/);
	await button(visit.page, "Send a test contact").click();
	await button(dialog, "Send").click();
	await dialog.getByText("It went to").waitFor();
	await dialog.getByLabel("Lead's id outside").fill(" x");
	await button(dialog, "Send another").click();
	await dialog.locator(".error").waitFor();
	assert.equal(await dialog.getByText("It went to").count(), 0);
});
