/* The list of what is fed, and the little that all of it shares. */
#include "fuzz/fuzz.h"

#include "http/json.h"

#include <stdio.h>
#include <stdlib.h>

const struct fuzz_target fuzz_targets[] = {
	{ "json", fuzz_json },       { "body", fuzz_body },     { "bulk", fuzz_bulk },   { "target", fuzz_target },
	{ "framing", fuzz_framing }, { "cursor", fuzz_cursor }, { "forms", fuzz_forms }, { 0 },
};

const struct fuzz_target *fuzz_find(const char *name)
{
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++)
		if (strcmp(target->name, name) == 0)
			return target;
	fprintf(stderr, "There is no \"%s\"; there is:", name);
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++)
		fprintf(stderr, " %s", target->name);
	fprintf(stderr, "\n");
	return NULL;
}

void fuzz_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

void fuzz_hold_faults(const struct faults *faults)
{
	const char *malformed = NULL;
	struct arena *arena = arena_new();
	struct faults *none = faults_new(arena);
	struct buf out;

	buf_init(&out);
	problem_print(&out, &problem_validation, "As it is.", "1", faults, NULL);
	HOLDS(json_check((struct text){ out.bytes, out.length }, none, &malformed));
	HOLDS(none->count == 0);
	buf_done(&out);
	arena_free(&arena);
}
