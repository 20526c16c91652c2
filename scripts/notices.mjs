/*
 * Collects the licence texts of what the binary contains or is linked with into one file, which the
 * service shows: notices.mjs NPM_FOLDER OUTPUT. What a bundle holds is read from its source map.
 */
import { existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [npm, output] = process.argv.slice(2);
const RULE = "=".repeat(78);

/*
 * The packages whose files are embedded. Some of these were bundled out of other packages: which ones, a source
 * map beside the bundle tells, or else `parts`.
 */
const EMBEDDED = [
	{ name: "htm", parts: ["preact"] },
	{ name: "swagger-ui-dist", bundle: "swagger-ui-bundle.js" },
	{ name: "redoc", bundle: "bundles/redoc.standalone.js" },
];

/* The libraries that the program is linked with; Debian keeps their texts beside these packages. */
const LIBRARIES = [
	{ name: "libevent", licence: "BSD-3-Clause", home: "https://libevent.org/", debian: "libevent-dev" },
	{ name: "json-c", licence: "MIT", home: "https://github.com/json-c/json-c", debian: "libjson-c-dev" },
	{ name: "libpq", licence: "PostgreSQL", home: "https://www.postgresql.org/", debian: "libpq-dev" },
	{ name: "OpenSSL libcrypto", licence: "Apache-2.0", home: "https://www.openssl.org/", debian: "libssl-dev" },
	{ name: "mimalloc", licence: "MIT", home: "https://microsoft.github.io/mimalloc/", debian: "libmimalloc-dev" },
	{ name: "zlib", licence: "Zlib", home: "https://zlib.net/", debian: "zlib1g-dev" },
];

function fail(message) {
	process.stderr.write(`notices: ${message}\n`);
	process.exit(1);
}

function read_text(path) {
	return readFileSync(path, "utf8").replaceAll("\r\n", "\n").trim();
}

/* The folder where npm put a package, at the top or below another package; undefined when it is nowhere. */
function package_folder(lock, name) {
	const tail = `node_modules/${name}`;
	const paths = Object.keys(lock.packages).filter((path) => path === tail || path.endsWith(`/${tail}`));
	const found = paths.sort((a, b) => a.length - b.length).find((path) => existsSync(join(npm, path)));

	return found && join(npm, found);
}

function licence_texts(folder) {
	return readdirSync(folder)
		.filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
		.sort()
		.map((file) => read_text(join(folder, file)));
}

function bundled_names(map_path) {
	const names = new Set();

	for (const source of JSON.parse(readFileSync(map_path, "utf8")).sources) {
		const parts = [...source.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)];

		if (parts.length)
			names.add(parts[parts.length - 1][1]);
	}
	return [...names].sort();
}

function section(title, texts) {
	return [RULE, title, RULE, "", texts.join("\n\n"), ""].join("\n");
}

function package_section(folder, remark) {
	const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const texts = licence_texts(folder);
	const licence = typeof about.license === "string" ? about.license : about.license?.type ?? "see the text";

	if (!texts.length)
		texts.push(`The package carries no licence file; its manifest states: ${licence}.`);
	return section(`${about.name} ${remark ?? about.version}, licence: ${licence}`, texts);
}

function embedded_sections(lock) {
	const sections = [];
	const bundled = new Map();

	for (const { name, bundle, parts } of EMBEDDED) {
		const folder = package_folder(lock, name) ?? fail(`${name} is not installed in ${npm}`);

		sections.push(package_section(folder));
		if (bundle)
			sections.push(section(`${name}: notices inside ${bundle}`,
				[read_text(join(folder, `${bundle}.LICENSE.txt`))]));
		for (const part of parts ?? bundled_names(join(folder, `${bundle}.map`)))
			bundled.set(part, [...(bundled.get(part) ?? []), name]);
	}
	return sections.concat(bundled_sections(lock, bundled));
}

/* A bundle may hold another version than the one installed beside it; the licence is the package's. */
function bundled_sections(lock, bundled) {
	const sections = [];
	const without_text = [];

	for (const [name, users] of [...bundled].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
		const folder = package_folder(lock, name);

		if (folder)
			sections.push(package_section(folder, `in ${users.join(" and ")}`));
		else
			without_text.push(`${name} (in ${users.join(" and ")})`);
	}
	sections.push(section("Further packages in the bundles, which pass on no other notices than those above",
		[without_text.join("\n")]));
	return sections;
}

function library_section({ name, licence, home, debian }) {
	const path = `/usr/share/doc/${debian}/copyright`;
	const text = existsSync(path) ? read_text(realpathSync(path)) : `The text is part of the library: ${home}`;

	return section(`${name}, licence: ${licence}`, [text]);
}

if (!npm || !output)
	fail("use: notices.mjs NPM_FOLDER OUTPUT");

const lock = JSON.parse(readFileSync(join(npm, "package-lock.json"), "utf8"));
const head = [
	"Third-party notices",
	"",
	"The program contains the browser packages below and is linked with the libraries below.",
	"Their licences ask that the following texts go with them.",
	"",
].join("\n");

writeFileSync(output, [head, ...LIBRARIES.map(library_section), ...embedded_sections(lock)].join("\n"));
