/* Parts of the program that read what strangers send, each fed with anything, and what must hold for each input. */
#ifndef LEADD_TESTS_FUZZ_FUZZ_H
#define LEADD_TESTS_FUZZ_FUZZ_H

#include "http/problem.h"

#include <stdint.h>

struct fuzz_target {
	const char *name; /* NULL ends the list */
	/* Returns when everything holds that must hold for these bytes, else ends the process. */
	void (*run)(const uint8_t *bytes, size_t length);
};
extern const struct fuzz_target fuzz_targets[];

/* NULL: there is none of that name; the names then stand in standard error. */
const struct fuzz_target *fuzz_find(const char *name);

/* A claim about the program that holds for every input. */
#define HOLDS(claim)                                                                                                   \
	do {                                                                                                           \
		if (!(claim))                                                                                          \
			fuzz_fail(__FILE__, __LINE__, #claim);                                                         \
	} while (0)

_Noreturn void fuzz_fail(const char *file, int line, const char *claim);

/* Faults come out as JSON whatever names a client made up. */
void fuzz_hold_faults(const struct faults *faults);

void fuzz_json(const uint8_t *bytes, size_t length);
void fuzz_body(const uint8_t *bytes, size_t length);
void fuzz_bulk(const uint8_t *bytes, size_t length);
void fuzz_target(const uint8_t *bytes, size_t length);
void fuzz_framing(const uint8_t *bytes, size_t length);
void fuzz_cursor(const uint8_t *bytes, size_t length);
void fuzz_forms(const uint8_t *bytes, size_t length);

/* What the fields of a table may hold once no fault was found. */
struct field;
struct value;
void fuzz_hold_values(const struct field *fields, const struct value *values);

#endif
