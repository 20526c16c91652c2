/* Owns all objects of the running service: the start order and, reversed, the stop order. */
#include "app/app.h"

#include "api/api.h"
#include "app/quickstart.h"
#include "db/migrate.h"
#include "http/server.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	LANE_CONNECTIONS = 2,       /* one for the batches, one for what waits apart */
	WAITING_UNITS_MAX = 2000,   /* requests that wait for a connection */
	CONNECTION_GRACE_MS = 1000, /* a unit of work may take this much longer than its statement */
	POSTGRES_PAUSE_MS = 1000,   /* before a private server that ended is started again */
	TIDY_MS = 3600 * 1000,
	SETTINGS_BYTES = 700,
	MESSAGE_BYTES = 1024,
	MMAP_FROM_BYTES = 128 * 1024
};

struct app {
	const struct config *config;
	int64_t started_us;
	struct quickstart *quickstart; /* NULL: the database is somebody else's */
	const char *conninfo;
	struct loop *loop;
	struct pool *lane, *requests;
	struct intake *intake;
	struct handover *handover;
	struct server *server;
	struct api api;
	struct timer *drain;   /* from the first signal to closing the listener */
	struct timer *respawn; /* of the private server */
	struct timer *tidy;
	struct deferred look; /* whether it became ready; at the end of the turn */
	bool is_ready, is_stopping, is_drained;
};

/* -- database ---------------------------------------------------------------------------------- */

static void block_stop_signals(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(how, &signals, NULL);
}

/* Whether there is a database with the right schema; otherwise *code_out says how the process ends. */
static bool open_database(struct app *app, enum exit_code *code_out)
{
	const struct config *config = app->config;
	struct quickstart_options options = { .data_dir = config->data_dir, .programs = config->pg_bin };
	char message[MESSAGE_BYTES] = "";
	struct buf why;

	*code_out = EXIT_DATABASE;
	app->conninfo = config->database_url;
	if (!app->conninfo) {
		enum quickstart_result result;

		buf_init(&why);
		result = quickstart_start(&options, &why, &app->quickstart);
		if (result == QUICKSTART_FAILED)
			fprintf(stderr, "leadd: %s\n", why.bytes);
		buf_done(&why);
		if (result == QUICKSTART_INTERRUPTED)
			*code_out = EXIT_ASKED;
		if (result != QUICKSTART_RUNNING)
			return false;
		app->conninfo = quickstart_conninfo(app->quickstart);
	}
	switch (migrate(app->conninfo, config->database_wait_seconds * 1000, message, sizeof(message))) {
	case MIGRATE_DONE:
		return true;
	case MIGRATE_INTERRUPTED:
		*code_out = EXIT_ASKED;
		return false;
	default:
		fprintf(stderr, "leadd: %s\n", message);
		return false;
	}
}

/*
 * What every connection is told. The lane's statements are few and always served by an index: their plans are fixed,
 * so that they are right on empty tables as well. The others' plans follow their filters.
 */
static struct pool *open_pool(struct app *app, const char *name, int size, int64_t lock_timeout_ms, const char *plans)
{
	const struct config *config = app->config;
	char settings[SETTINGS_BYTES];
	struct pool_options options = {
		.name = name,
		.conninfo = app->conninfo,
		.settings = settings,
		.size = size,
		.waiting_max = WAITING_UNITS_MAX,
		.wait_ms = config->queue_wait_ms,
		.unit_ms = config->statement_timeout_ms + CONNECTION_GRACE_MS,
		.seed = rng_entropy(),
	};

	snprintf(settings, sizeof(settings),
		 "set statement_timeout = %" PRId64 "; set lock_timeout = %" PRId64 "; "
		 "set idle_in_transaction_session_timeout = 10000; "
		 "set default_transaction_isolation = 'read committed'; "
		 "set timezone = 'UTC'; set datestyle = 'ISO'; set client_min_messages = warning; "
		 "set jit = off; set max_parallel_workers_per_gather = 0; %s",
		 config->statement_timeout_ms, lock_timeout_ms, plans);
	return pool_new(app->loop, &options);
}

static void open_pools(struct app *app)
{
	const struct config *config = app->config;

	app->lane = open_pool(app, "lane", LANE_CONNECTIONS, config->lock_timeout_ms,
			      "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; "
			      "set enable_hashjoin = off; set enable_mergejoin = off");
	app->requests = open_pool(app, "requests", (int)config->database_connections, config->statement_timeout_ms / 2,
				  "set plan_cache_mode = force_custom_plan");
}

/* -- the private server's life ----------------------------------------------------------------- */

static void on_respawn(void *context)
{
	struct app *app = context;

	if (!quickstart_restart(app->quickstart))
		log_error("postgres.failed", "action=restart");
}

static void on_child(void *context, int number)
{
	struct app *app = context;

	(void)number;
	if (!app->quickstart || app->is_stopping || !quickstart_has_ended(app->quickstart))
		return;
	log_error("postgres.ended", "restart_in_ms=%d", POSTGRES_PAUSE_MS);
	timer_start(app->respawn, POSTGRES_PAUSE_MS);
}

static void on_tidy(void *context)
{
	struct app *app = context;

	quickstart_tidy(app->quickstart);
	timer_start(app->tidy, TIDY_MS);
}

/* -- readiness --------------------------------------------------------------------------------- */

static bool is_ready(void *context)
{
	struct app *app = context;

	return !app->is_stopping && pool_is_ready(app->lane) && pool_is_ready(app->requests);
}

/* Both pools tell through here; the intake listens to the lane's changes itself. */
static void look(void *context)
{
	struct app *app = context;
	bool now = is_ready(app);

	if (now == app->is_ready || app->is_stopping)
		return;
	app->is_ready = now;
	if (now)
		log_info("app.ready", "ms_since_start=%" PRId64, (loop_now_us() - app->started_us) / 1000);
	else
		log_warn("app.not_ready", "%s", "reason=database");
}

static void on_pool_change(void *context)
{
	struct app *app = context;

	loop_defer(app->loop, &app->look);
}

/* -- stop -------------------------------------------------------------------------------------- */

static void on_drained(void *context)
{
	struct app *app = context;

	app->is_drained = server_live_requests(app->server) == 0;
	loop_stop(app->loop);
}

static void on_drain_due(void *context)
{
	struct app *app = context;

	server_drain(app->server, app->config->shutdown_seconds * 1000, on_drained, app);
}

static const char *signal_name(int number)
{
	return number == SIGINT ? "INT" : number == SIGHUP ? "HUP" : "TERM";
}

static void on_stop_signal(void *context, int number)
{
	struct app *app = context;

	if (app->is_stopping) {
		log_warn("app.stopped", "signal=%s at=once", signal_name(number));
		_exit(EXIT_ASKED); /* the private server notices that its parent is gone */
	}
	app->is_stopping = true;
	log_info("app.stopping", "signal=%s live_requests=%d", signal_name(number), server_live_requests(app->server));
	handover_stop(app->handover);
	server_linger(app->server);
	timer_start(app->drain, app->config->drain_seconds * 1000);
}

/* -- start ------------------------------------------------------------------------------------- */

static bool open_server(struct app *app)
{
	const struct config *config = app->config;
	const char *why;
	struct server_options options = {
		.host = config->host,
		.port = (int)config->port,
		.routes = api_routes,
		.admit = api_admit,
		.world = &app->api,
		.connections_max = (int)config->connections_max,
		.request_deadline_ms = config->request_deadline_ms,
		.idle_timeout_ms = config->idle_timeout_ms,
		.seed = rng_entropy(),
	};

	app->server = server_new(app->loop, &options, &why);
	if (!app->server)
		fprintf(stderr, "leadd: cannot listen on %s\n", why);
	return app->server;
}

static void open_rest(struct app *app)
{
	struct intake_options options = {
		.pool = app->lane,
		.batch_max = (size_t)app->config->batch_max,
		.line_max = (size_t)app->config->line_max,
		.wait_ms = app->config->queue_wait_ms,
		.seed = app->config->seed ? (uint64_t)app->config->seed : rng_entropy(),
	};

	app->intake = intake_new(app->loop, &options);
	app->handover = handover_new(app->loop, app->requests, rng_entropy());
	app->api = (struct api){ .loop = app->loop,
				 .pool = app->requests,
				 .intake = app->intake,
				 .handover = app->handover,
				 .is_ready = is_ready,
				 .app = app };
	buf_init(&app->api.openapi);
	openapi_print(&app->api.openapi, api_routes);
	deferred_init(&app->look, look, app);
	pool_on_change(app->requests, on_pool_change, app);
	intake_on_change(app->intake, on_pool_change, app);
	app->drain = timer_new(app->loop, on_drain_due, app);
	app->respawn = timer_new(app->loop, on_respawn, app);
	app->tidy = timer_new(app->loop, on_tidy, app);
	loop_signal(app->loop, SIGTERM, on_stop_signal, app);
	loop_signal(app->loop, SIGINT, on_stop_signal, app);
	if (signal(SIGHUP, SIG_DFL) != SIG_IGN) /* the terminal was closed, and nobody asked to go on without */
		loop_signal(app->loop, SIGHUP, on_stop_signal, app);
	else
		signal(SIGHUP, SIG_IGN);
	if (app->quickstart) {
		loop_signal(app->loop, SIGCHLD, on_child, app);
		timer_start(app->tidy, TIDY_MS);
	}
}

static void print_welcome(const struct app *app)
{
	const char *host = strcmp(app->config->host, "0.0.0.0") == 0 ? "127.0.0.1" : app->config->host;
	bool is_v6 = strchr(host, ':');
	char url[300];

	snprintf(url, sizeof(url), "http://%s%s%s:%d", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		 server_port(app->server));
	printf("leadd " LEADD_VERSION " listening on %s\n", url);
	printf("  try the API    %s/docs\n", url);
	printf("  read about it  %s/redoc\n", url);
	printf("  console        %s/ (leads to the documentation for now)\n", url);
	if (app->quickstart)
		printf("  database       %s\n", quickstart_psql_command(app->quickstart));
	fflush(stdout);
}

static void close_all(struct app *app)
{
	server_free(&app->server);
	intake_free(&app->intake);
	pool_free(&app->requests);
	pool_free(&app->lane);
	handover_free(&app->handover);
	timer_free(&app->drain);
	timer_free(&app->respawn);
	timer_free(&app->tidy);
	buf_done(&app->api.openapi);
	loop_free(&app->loop);
}

static void prepare_process(const struct config *config)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	struct rlimit files;

	for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
		if (strcmp(config->log_level, names[level]) == 0)
			log_set_level((enum log_level)level);
	signal(SIGPIPE, SIG_IGN);
	/* Large blocks go back to the system when they are freed; by itself glibc would begin to keep them. */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
	block_stop_signals(SIG_BLOCK);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

enum exit_code app_serve(const struct config *config)
{
	struct app app = { .config = config, .started_us = loop_now_us() };
	enum exit_code code;

	prepare_process(config);
	if (!open_database(&app, &code)) {
		quickstart_stop(&app.quickstart);
		return code;
	}
	app.loop = loop_new();
	open_pools(&app);
	open_rest(&app);
	if (open_server(&app)) {
		print_welcome(&app);
		block_stop_signals(SIG_UNBLOCK);
		loop_run(app.loop);
		if (!app.is_drained) {
			log_warn("app.stopped", "live_requests=%d at=once", server_live_requests(app.server));
			quickstart_stop(&app.quickstart);
			_exit(EXIT_ASKED);
		}
		log_info("app.stopped", "%s", "live_requests=0");
		code = EXIT_ASKED;
	} else {
		code = EXIT_BIND;
	}
	close_all(&app);
	quickstart_stop(&app.quickstart);
	return code;
}

enum exit_code app_migrate(const struct config *config)
{
	struct app app = { .config = config };
	enum exit_code code;

	prepare_process(config);
	if (open_database(&app, &code)) {
		puts("The schema is up to date.");
		code = EXIT_ASKED;
	}
	quickstart_stop(&app.quickstart);
	return code;
}
