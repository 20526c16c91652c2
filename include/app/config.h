/* All settings in one table: from it they are parsed, and --help and docs/CONFIG.md are printed. */
#ifndef LEADD_APP_CONFIG_H
#define LEADD_APP_CONFIG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
	const char *database_url;           /* NULL: the private PostgreSQL */
	const char *database_password_file; /* NULL: none */
	const char *data_dir;               /* NULL: the usual place */
	const char *pg_bin;                 /* NULL: looked for */
	const char *host;
	const char *auth; /* "open" or "keys" */
	const char *log_level;
	int64_t port;
	int64_t database_connections;
	int64_t database_wait_seconds;
	int64_t lock_timeout_ms;
	int64_t statement_timeout_ms;
	int64_t queue_wait_ms;
	int64_t batch_max;
	int64_t line_max;
	int64_t line_wait_ms;
	int64_t backlog_sweep_seconds;
	int64_t connections_max;
	int64_t streams_max;
	int64_t waiting_max;
	int64_t buffer_max_mib;
	int64_t lists_max_mib;
	int64_t request_deadline_ms;
	int64_t idle_timeout_ms;
	int64_t drain_seconds;
	int64_t shutdown_seconds;
	int64_t seed; /* 0: from the system's entropy */

	/* of single commands */
	int64_t contact_id;              /* explain */
	int64_t decisions;               /* audit: how many are made again */
	const char *key_role, *key_name; /* key create */
	int64_t source_id, operator_id;  /* the same; 0: none */
	int64_t key_id;                  /* key revoke */
	bool repairs;                    /* audit */
	bool prints_json;                /* audit */
};

enum command {
	COMMAND_SERVE,
	COMMAND_MIGRATE,
	COMMAND_EXPLAIN,
	COMMAND_AUDIT,
	COMMAND_KEY_CREATE,
	COMMAND_KEY_LIST,
	COMMAND_KEY_REVOKE,
	COMMAND_HEALTH,
	COMMAND_SETTINGS,
	COMMAND_HELP,
	COMMAND_VERSION
};

/*
 * Reads the arguments, and for the settings that they leave open the environment. Ends the process with EXIT_ARGUMENTS
 * for an unknown argument or a word too many, and EXIT_CONFIG for a value out of its range. For help, version and
 * settings nobody looks at the settings: they stay zero. Texts are borrowed from argv and the environment.
 */
struct config config_read(int argc, char **argv, enum command *command_out);

/* The text of --help. */
void config_print_help(struct buf *out);

/* docs/CONFIG.md */
void config_print_markdown(struct buf *out);

#endif
