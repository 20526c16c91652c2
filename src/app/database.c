/* Finds the database, keeps the private server alive, and says what each connection is told. */
#include "app/database.h"

#include "app/child.h"
#include "app/secret.h"
#include "base/rng.h"
#include "db/conninfo.h"
#include "db/migrate.h"
#include "db/once.h"
#include "service/intake_batch.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

enum {
	LANE_CONNECTIONS = 2,       /* one for the batches, one for what waits apart */
	CONNECTION_GRACE_MS = 1000, /* a trip may take this much longer than its statement */
	ANSWER_GRACE_MS = 900, /* whoever asked is told so long after the wait, or the statement, should have ended */
	POSTGRES_PAUSE_MS = 1000, /* before a private server that ended is started again */
	TIDY_MS = 3600 * 1000,
	PASSWORD_MS = 2000,
	SETTINGS_BYTES = 1000,
	MESSAGE_BYTES = 1024
};

/* Each connection's name says what it is for, behind whatever name the conninfo gives it. */
#define NAMED(suffix)                                                                                                  \
	"select set_config('application_name', current_setting('application_name') || '" suffix "', false)"

const char database_listen_settings[] =
	"set client_min_messages = warning; set idle_session_timeout = 0; " NAMED("-listen");

/*
 * The lane's statements are few and always served by an index: their plans are fixed, so that they are right on empty
 * tables as well. It writes the history of what it does itself, and tells of events while somebody listens.
 */
static const char lane_settings[] =
	"set leadd.actor = 'api'; set leadd.records = 'own'; set leadd.events = 'off'; "
	"set plan_cache_mode = force_generic_plan; set enable_seqscan = off; "
	"set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off; " NAMED("-lane");

/* The others' plans follow their filters. */
static const char request_settings[] =
	"set leadd.actor = 'api'; set leadd.events = 'off'; set plan_cache_mode = force_custom_plan; " NAMED(
		"-requests");

/* -- finding it -------------------------------------------------------------------------------- */

const char *database_named(const struct config *config)
{
	char why[MESSAGE_BYTES];

	if (!config->database_url)
		return NULL;
	if (!conninfo_can_work(config->database_url, why, sizeof(why)))
		die(EXIT_CONFIG, "DATABASE_URL cannot work: %s", why);
	secret_read_password(config->database_password_file);
	return config->database_url;
}

static bool find_server(struct database *database, enum exit_code *code_out)
{
	const struct config *config = database->config;
	struct quickstart_options options = { .data_dir = config->data_dir, .programs = config->pg_bin };
	enum quickstart_result result;
	struct buf why;

	database->conninfo = database_named(config);
	if (database->conninfo)
		return true;
	buf_init(&why);
	result = quickstart_start(&options, &why, &database->quickstart);
	if (result == QUICKSTART_FAILED)
		fprintf(stderr, "leadd: %s\n", why.bytes);
	buf_done(&why);
	if (result == QUICKSTART_INTERRUPTED)
		*code_out = EXIT_ASKED;
	if (result != QUICKSTART_RUNNING)
		return false;
	database->conninfo = quickstart_conninfo(database->quickstart);
	return true;
}

/* Without all of its rights the service would be ready, and refuse each contact. */
static bool has_rights(const struct database *database, char message[MESSAGE_BYTES])
{
	struct once *once = once_open(database->conninfo, NULL, 0, message, MESSAGE_BYTES);
	struct rows *rows = once ? once_ask(once, Q_RIGHTS_MISSING, NULL) : NULL;
	bool good = rows && rows_count(rows) == 0;

	if (rows && !good)
		snprintf(message, MESSAGE_BYTES,
			 "the role lacks a right on the database: %s; docs/OPERATIONS.md lists them in section 5",
			 row_text(rows, 0, 0).at);
	once_free_rows(&rows);
	once_close(&once);
	return good;
}

bool database_open(struct database *database, const struct config *config, enum exit_code *code_out)
{
	char message[MESSAGE_BYTES] = "";

	*database = (struct database){ .config = config };
	*code_out = EXIT_DATABASE;
	if (!find_server(database, code_out))
		return false;
	switch (migrate(database->conninfo, config->database_wait_seconds * 1000, message, sizeof(message))) {
	case MIGRATE_DONE:
		if (has_rights(database, message))
			return true;
		break;
	case MIGRATE_INTERRUPTED:
		*code_out = EXIT_ASKED;
		return false;
	default:
		break;
	}
	fprintf(stderr, "leadd: %s\n", message);
	return false;
}

void database_close(struct database *database)
{
	quickstart_stop(&database->quickstart);
}

/* -- the private server's life ----------------------------------------------------------------- */

static void on_respawn(void *context)
{
	struct database *database = context;

	if (quickstart_restart(database->quickstart))
		return;
	log_error("postgres.failed", "action=restart again_in_ms=%d", POSTGRES_PAUSE_MS);
	if (!database->is_stopping)
		timer_start(database->respawn, POSTGRES_PAUSE_MS);
}

static void on_child(void *context, int number)
{
	struct database *database = context;
	bool has_ended = database->quickstart && !database->is_stopping && quickstart_has_ended(database->quickstart);

	(void)number;
	child_reap_orphans(database->quickstart ? quickstart_pid(database->quickstart) : 0);
	if (!has_ended)
		return;
	log_error("postgres.ended", "restart_in_ms=%d", POSTGRES_PAUSE_MS);
	timer_start(database->respawn, POSTGRES_PAUSE_MS);
}

static void on_tidy(void *context)
{
	struct database *database = context;

	quickstart_tidy(database->quickstart);
	timer_start(database->tidy, TIDY_MS);
}

static void on_password(void *context)
{
	struct database *database = context;

	secret_renew_password(database->config->database_password_file);
	timer_start(database->password, PASSWORD_MS);
}

void database_stop(struct database *database)
{
	database->is_stopping = true;
}

/* -- connections ------------------------------------------------------------------------------- */

/* settings: what this pool is told behind what all are told */
static struct pool *open_pool(const struct database *database, struct loop *loop, struct pool_options options,
			      int64_t lock_timeout_ms, const char *settings)
{
	const struct config *config = database->config;
	char all[SETTINGS_BYTES];
	int length = snprintf(all, sizeof(all),
			      "set statement_timeout = %" PRId64 "; set lock_timeout = %" PRId64 "; "
			      "set idle_in_transaction_session_timeout = 10000; "
			      "set default_transaction_isolation = 'read committed'; "
			      "set timezone = 'UTC'; set datestyle = 'ISO'; set client_min_messages = warning; "
			      "set jit = off; set max_parallel_workers_per_gather = 0; %s",
			      config->statement_timeout_ms, lock_timeout_ms, settings);

	assert(length < SETTINGS_BYTES);
	options.conninfo = database->conninfo;
	options.settings = all;
	options.waiting_max = (int)config->waiting_max;
	options.wait_ms = config->queue_wait_ms;
	options.unit_ms = config->statement_timeout_ms + CONNECTION_GRACE_MS;
	options.answer_ms = config->queue_wait_ms > config->statement_timeout_ms ? config->queue_wait_ms
										 : config->statement_timeout_ms;
	options.answer_ms += ANSWER_GRACE_MS;
	options.seed = rng_entropy();
	return pool_new(loop, &options);
}

void database_connect(struct database *database, struct loop *loop)
{
	const struct config *config = database->config;

	database->lane = open_pool(
		database, loop,
		(struct pool_options){
			.name = "lane", .size = LANE_CONNECTIONS, .warm = batch_usual, .warm_count = BATCH_USUAL },
		config->lock_timeout_ms, lane_settings);
	database->requests = open_pool(
		database, loop, (struct pool_options){ .name = "requests", .size = (int)config->database_connections },
		config->statement_timeout_ms / 2, request_settings);
	database->respawn = timer_new(loop, on_respawn, database);
	database->tidy = timer_new(loop, on_tidy, database);
	database->password = timer_new(loop, on_password, database);
	loop_signal(loop, SIGCHLD, on_child, database);
	on_child(database, SIGCHLD); /* it may have ended before anybody listened */
	if (database->quickstart)
		timer_start(database->tidy, TIDY_MS);
	else if (config->database_password_file)
		timer_start(database->password, PASSWORD_MS);
}

void database_disconnect(struct database *database)
{
	pool_free(&database->requests);
	pool_free(&database->lane);
	timer_free(&database->respawn);
	timer_free(&database->tidy);
	timer_free(&database->password);
}
