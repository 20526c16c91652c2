/* The commands that look at the database, say what they found, and end; also while services run on it. */
#ifndef LEADD_APP_COMMANDS_H
#define LEADD_APP_COMMANDS_H

#include "app/config.h"
#include "base/log.h"
#include "db/once.h"

/* Says in words what happened to config->contact_id. EXIT_WRONG: there is no such contact. */
enum exit_code command_explain(const struct config *config);

/* Make, list and revoke keys. EXIT_WRONG: it is refused, or there is no such key. */
enum exit_code command_key_create(const struct config *config);
enum exit_code command_key_list(const struct config *config);
enum exit_code command_key_revoke(const struct config *config);

/* Checks the rules that the schema cannot express, and mends where asked. EXIT_WRONG: something is wrong still. */
enum exit_code command_audit(const struct config *config);

/* -- what they share --------------------------------------------------------------------------- */

/* A command at work, its database open. Must not be moved: once writes into message. */
struct command_run {
	const struct config *config;
	struct once *once;
	struct arena *arena;
	struct buf out; /* printed at the end */
	char message[512];
};

/* Opens the database of DATABASE_URL, else the private one if it runs; otherwise message says why not. */
MUST_CHECK bool command_open(struct command_run *run, const struct config *config);

/* Prints what there is to say: message when the code is EXIT_DATABASE, else out. Closes; returns code. */
enum exit_code command_close(struct command_run *run, enum exit_code code);

/* Text of the database for a terminal: without control characters. */
void command_print_text(struct buf *out, struct text text);

#endif
