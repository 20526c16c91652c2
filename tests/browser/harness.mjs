/*
 * What a browser test gets: `world` with a server's address and its document, and `visit`, which
 * opens a page in Chromium and holds it to the rules of every page: no error, no other host, no
 * violation of its content policy.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = resolve(process.env.BUILD ?? join(ROOT, "build"));

/* The packages of package.json, wherever the build put them. */
export const require_npm = createRequire(join(BUILD, "browser", "package.json"));

const LAUNCH_FLAGS = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--no-proxy-server",
	/* No other host can be reached; a page that asks for one fails as it would without a network. */
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
const STRICT_POLICY = [
	"default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
	"frame-ancestors 'none'",
];
const PATIENCE_MS = 20_000;

const tests = [];

/* Registers a test; its name is a sentence. */
export function test(name, body) {
	tests.push({ name, body, server: "open" });
}

/* One that is about a server which asks for keys. */
export function locked_test(name, body) {
	tests.push({ name, body, server: "locked" });
}

function chromium_path() {
	const names = process.env.CHROMIUM ? [process.env.CHROMIUM]
		: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
	const folders = (process.env.PATH ?? "").split(delimiter);
	const paths = folders.flatMap((folder) => names.map((name) => resolve(folder, name)));
	const found = paths.find((path) => existsSync(path));

	assert.ok(found, `no ${names[0]} in PATH (CHROMIUM names another)`);
	return found;
}

/* One page and everything that went wrong in it. */
class Visit {
	constructor(page, url) {
		this.page = page;
		this.url = url;
		this.complaints = [];
		this.expected = [];
		this.requests = [];
	}

	async open(path) {
		const { page } = this;

		page.setDefaultTimeout(PATIENCE_MS);
		page.on("console", (line) => this.#on_console(line));
		page.on("pageerror", (error) => this.complaints.push(`exception: ${error.stack}`));
		page.on("request", (request) => this.requests.push(request.url()));
		page.on("requestfailed", (request) => this.#on_failure(request));
		await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => {
			console.error(`policy: ${event.effectiveDirective} refuses ${event.blockedURI}`);
		}));
		this.answer = await page.goto(this.url + path);
		assert.equal(this.answer.status(), 200);
	}

	/* A page that is left, or hidden, ends its stream of events. */
	#on_failure(request) {
		const complaint = `failed: ${request.url()} ${request.failure().errorText}`;

		if (!complaint.endsWith("/api/v1/events net::ERR_ABORTED"))
			this.complaints.push(complaint);
	}

	#on_console(line) {
		if (["error", "warning", "assert"].includes(line.type()))
			this.complaints.push(`console: ${line.text()}`);
	}

	/* What the test provokes: a complaint like that is none, but must come. */
	expects(pattern) {
		this.expected.push(pattern);
	}

	policy() {
		return this.answer.headers()["content-security-policy"] ?? "";
	}

	/* What holds for every page, asked when its test is done. */
	must_be_clean() {
		const foreign = this.requests.filter((url) => {
			const { protocol, origin } = new URL(url);

			return protocol !== "data:" && origin !== this.url;
		});

		assert.deepEqual(foreign, [], "asked other hosts");
		for (const pattern of this.expected)
			assert.ok(this.complaints.some((complaint) => pattern.test(complaint)), `no ${pattern}`);
		assert.deepEqual(this.complaints.filter((complaint) =>
			!this.expected.some((pattern) => pattern.test(complaint))), []);
		for (const directive of STRICT_POLICY)
			assert.ok(this.policy().split(/; */).includes(directive), `${directive} is not in: ${this.policy()}`);
		assert.doesNotMatch(this.policy(), /unsafe-|\*|https?:/);
	}
}

class World {
	/* server: { url, key }; key: what the tests' own requests are sent with, or nothing */
	constructor({ url, key }, browser) {
		this.url = url;
		this.key = key;
		this.browser = browser;
		this.visits = [];
	}

	async document() {
		return (await fetch(`${this.url}/openapi.json`)).json();
	}

	/* What the API answers; it has to accept the request. */
	async api(method, path, body) {
		const answer = await fetch(`${this.url}/api/v1/${path}`, {
			method, body: body && JSON.stringify(body), headers: {
				...body && { "Content-Type": "application/json" },
				...this.key && { Authorization: `Bearer ${this.key}` },
			},
		});

		assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
		return answer.status === 204 ? null : answer.json();
	}

	/* Opens a page in a profile of its own. */
	async visit(path, { width = 1400, ...more } = {}) {
		const context = await this.browser.newContext({ viewport: { width, height: 1000 }, ...more });
		const visit = new Visit(await context.newPage(), this.url);

		this.visits.push(visit);
		await visit.open(path);
		return visit;
	}

	async keep_pictures(name) {
		const folder = join(BUILD, "browser-failures");

		mkdirSync(folder, { recursive: true });
		for (const [index, { page, complaints }] of this.visits.entries()) {
			const path = join(folder, `${name.replace(/\W+/g, "-")}-${index + 1}.png`);

			await page.screenshot({ path }).then(() => console.log(`  picture: ${path}`), () => {});
			if (complaints.length)
				console.log(`  complaints of the page: ${complaints.join("\n    ")}`);
		}
	}
}

async function run_test({ name, body, server }, servers, browser) {
	const world = new World(servers[server], browser);
	const started = performance.now();

	try {
		await body(world);
		for (const visit of world.visits)
			visit.must_be_clean();
		console.log(`ok      ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
		return true;
	} catch (error) {
		console.log(`FAILED  ${name}\n  ${error.stack}`);
		await world.keep_pictures(name);
		return false;
	} finally {
		for (const visit of world.visits)
			await visit.page.context().close();
	}
}

/*
 * Runs the registered tests whose name contains one of the patterns; whether all passed.
 *
 * servers: { open, locked }, as World takes them
 */
export async function run_tests(servers, patterns) {
	const { chromium } = require_npm("playwright-core");
	const browser = await chromium.launch({ executablePath: chromium_path(), args: LAUNCH_FLAGS });
	const chosen = tests.filter(({ name }) =>
		!patterns.length || patterns.some((pattern) => name.includes(pattern)));
	let passed = 0;

	try {
		for (const one of chosen)
			passed += await run_test(one, servers, browser);
	} finally {
		await browser.close();
	}
	console.log(`${passed} passed, ${chosen.length - passed} failed`);
	return passed === chosen.length && passed > 0;
}
