/* Owns all objects of the running service: the start order and, reversed, the stop order. */
#include "app/app.h"

#include "api/api.h"
#include "app/metrics.h"
#include "service/backlog.h"
#include "service/feed.h"
#include "service/keyring.h"
#include "service/upkeep.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	END_LOOK_MS = 5, /* between two looks whether the lane has come to its end */
	MMAP_FROM_BYTES = 128 * 1024,
	DESCRIPTORS_OWN = 32, /* beside clients and DATABASE_CONNECTIONS; 13 stand, the rest is for files and lookups */
	MIB = 1024 * 1024
};

struct app {
	const struct config *config;
	int64_t started_us;
	time_t started_at;
	struct database database;
	struct loop *loop;
	struct feed *feed;
	struct intake *intake;
	struct handover *handover;
	struct backlog *backlog;
	struct upkeep *upkeep;
	struct keyring *keyring; /* NULL: no key is needed */
	struct server *server;
	struct api api;
	struct timer *drain;  /* from the first signal to closing the listener */
	struct timer *end;    /* from the last answer to the end */
	struct deferred look; /* whether it became ready; at the end of the turn */
	bool is_ready, was_ready, is_stopping, is_drained;
};

/* -- readiness --------------------------------------------------------------------------------- */

static bool is_ready(void *context)
{
	struct app *app = context;

	return !app->is_stopping && pool_is_ready(app->database.lane) && pool_is_ready(app->database.requests);
}

/* Both pools tell through here; the intake listens to the lane's changes itself. */
static void look(void *context)
{
	struct app *app = context;
	bool now = is_ready(app);

	if (now == app->is_ready || app->is_stopping)
		return;
	app->is_ready = now;
	if (!now) {
		log_warn("app.not_ready", "%s", "reason=database");
		return;
	}
	log_info("app.ready", "ms_since_start=%" PRId64, (loop_now_us() - app->started_us) / 1000);
	if (!app->was_ready)
		mem_release_code();
	if (!app->was_ready && app->keyring)
		keyring_look_for_admin(app->keyring);
	app->was_ready = true;
}

static void on_pool_change(void *context)
{
	struct app *app = context;

	loop_defer(app->loop, &app->look);
}

static void print_metrics(void *context, struct buf *out)
{
	struct app *app = context;
	struct metered metered = { .loop = app->loop,
				   .server = app->server,
				   .intake = app->intake,
				   .database = &app->database,
				   .is_ready = is_ready(app),
				   .started_at = app->started_at };

	metrics_print(out, &metered);
	feed_print_metrics(app->feed, out);
	api_print_metrics(&app->api, out);
}

/* -- stop -------------------------------------------------------------------------------------- */

/* No client waits any more, but a backlog may be handed out at this moment. */
static void on_end(void *context)
{
	struct app *app = context;

	if (pool_running(app->database.lane) || pool_waiting(app->database.lane)) {
		timer_start(app->end, END_LOOK_MS);
		return;
	}
	intake_stop(app->intake); /* the rest of this turn might start something, which nobody would wait for */
	loop_stop(app->loop);
}

static void on_drained(void *context)
{
	struct app *app = context;

	app->is_drained = server_live_requests(app->server) == 0;
	if (app->is_drained)
		on_end(app);
	else
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
	database_stop(&app->database);
	handover_stop(app->handover);
	backlog_stop(app->backlog);
	upkeep_stop(app->upkeep);
	if (app->keyring)
		keyring_stop(app->keyring);
	feed_stop(app->feed);
	server_linger(app->server);
	api_stop(&app->api);
	timer_start(app->drain, app->config->drain_seconds * 1000);
}

/* -- start ------------------------------------------------------------------------------------- */

/* Streams stay: others have to find a connection, too. */
static int64_t streams_max(const struct config *config)
{
	int64_t most = config->connections_max / 2;

	return config->streams_max < most ? config->streams_max : most;
}

static bool open_server(struct app *app)
{
	const struct config *config = app->config;
	const char *why;
	struct server_options options = {
		.host = config->host,
		.port = (int)config->port,
		.routes = api_routes,
		.admit = api_admit,
		.turn_away = api_turn_away,
		.world = &app->api,
		.connections_max = (int)config->connections_max,
		.streams_max = (int)streams_max(config),
		.buffer_max = (size_t)config->buffer_max_mib * MIB,
		.request_deadline_ms = config->request_deadline_ms,
		.idle_timeout_ms = config->idle_timeout_ms,
		.seed = rng_entropy(),
	};

	app->server = server_new(app->loop, &options, &why);
	if (!app->server)
		fprintf(stderr, "leadd: cannot listen on %s\n", why);
	return app->server;
}

static bool needs_keys(const struct config *config)
{
	return strcmp(config->auth, "keys") == 0;
}

/* Streams that were opened with a key are opened anew, with what it may do by now. */
static void on_keys_changed(void *context)
{
	struct app *app = context;

	keyring_forget(app->keyring);
	api_end_keyed_streams(&app->api);
}

static void open_keyring(struct app *app)
{
	app->keyring = keyring_new(app->loop, app->database.requests, app->feed);
	feed_on(app->feed, FEED_KEYS, on_keys_changed, app);
}

static void open_services(struct app *app)
{
	const struct config *config = app->config;
	struct intake_options intake = {
		.pool = app->database.lane,
		.batch_max = (size_t)config->batch_max,
		.line_max = (size_t)config->line_max,
		.wait_ms = config->queue_wait_ms,
		.line_wait_ms = config->line_wait_ms,
		.seed = config->seed ? (uint64_t)config->seed : rng_entropy(),
	};
	struct feed_options feed = {
		.pool = app->database.requests,
		.conninfo = app->database.conninfo,
		.settings = database_listen_settings,
		.seed = rng_entropy(),
	};
	struct backlog_options backlog = {
		.pool = app->database.requests,
		.sweep_ms = config->backlog_sweep_seconds * 1000,
		.seed = rng_entropy(),
	};

	app->feed = backlog.feed = feed_new(app->loop, &feed);
	intake.feed = app->feed;
	app->intake = intake_new(app->loop, &intake);
	backlog.intake = app->intake;
	app->handover = handover_new(app->loop, app->database.requests, app->feed, rng_entropy());
	app->backlog = backlog_new(app->loop, &backlog);
	app->upkeep = upkeep_new(app->loop, app->database.requests, rng_entropy());
	if (needs_keys(config))
		open_keyring(app);
	deferred_init(&app->look, look, app);
	pool_on_change(app->database.requests, on_pool_change, app);
	intake_on_change(app->intake, on_pool_change, app);
}

static void open_api(struct app *app)
{
	app->api = (struct api){ .loop = app->loop,
				 .pool = app->database.requests,
				 .intake = app->intake,
				 .handover = app->handover,
				 .keyring = app->keyring,
				 .feed = app->feed,
				 .bulk_bytes_max = (size_t)app->config->lists_max_mib * MIB,
				 .is_ready = is_ready,
				 .print_metrics = print_metrics,
				 .app = app };
	api_init(&app->api);
	openapi_print(&app->api.openapi, api_routes, app->keyring);
}

static void await_signals(struct app *app)
{
	app->drain = timer_new(app->loop, on_drain_due, app);
	app->end = timer_new(app->loop, on_end, app);
	loop_signal(app->loop, SIGTERM, on_stop_signal, app);
	loop_signal(app->loop, SIGINT, on_stop_signal, app);
	if (signal(SIGHUP, SIG_DFL) != SIG_IGN) /* the terminal was closed, and nobody asked to go on without */
		loop_signal(app->loop, SIGHUP, on_stop_signal, app);
	else
		signal(SIGHUP, SIG_IGN);
}

static void print_welcome(const struct app *app)
{
	const char *host = strcmp(app->config->host, "0.0.0.0") == 0 ? "127.0.0.1" : app->config->host;
	bool is_v6 = strchr(host, ':');
	char url[300];

	snprintf(url, sizeof(url), "http://%s%s%s:%d", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		 server_port(app->server));
	printf("leadd " LEADD_VERSION " listening on %s\n", url);
	printf("  console        %s/\n", url);
	printf("  try the API    %s/docs\n", url);
	printf("  read about it  %s/redoc\n", url);
	if (app->database.quickstart)
		printf("  database       %s\n", quickstart_psql_command(app->database.quickstart));
	fflush(stdout);
}

static void close_all(struct app *app)
{
	server_free(&app->server);
	intake_free(&app->intake);
	database_disconnect(&app->database);
	handover_free(&app->handover);
	backlog_free(&app->backlog);
	upkeep_free(&app->upkeep);
	keyring_free(&app->keyring);
	feed_free(&app->feed);
	timer_free(&app->drain);
	timer_free(&app->end);
	api_done(&app->api);
	loop_free(&app->loop);
}

static void block_stop_signals(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(how, &signals, NULL);
}

static void prepare_process(const struct config *config)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	struct rlimit files;

	for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
		if (strcmp(config->log_level, names[level]) == 0)
			log_set_level((enum log_level)level);
	signal(SIGPIPE, SIG_IGN);
	/* Large blocks go back to the system when they are freed; by itself glibc's malloc would begin to keep them. */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
	block_stop_signals(SIG_BLOCK);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* It serves all the same: so many clients need not come. */
static void check_descriptors(const struct config *config)
{
	rlim_t wanted = (rlim_t)(config->connections_max + config->database_connections + DESCRIPTORS_OWN);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted)
		log_warn("app.few_descriptors", "limit=%ju wanted=%ju connections_max=%" PRId64,
			 (uintmax_t)files.rlim_cur, (uintmax_t)wanted, config->connections_max);
}

enum exit_code app_serve(const struct config *config)
{
	struct app app = { .config = config, .started_us = loop_now_us(), .started_at = time(NULL) };
	enum exit_code code;

	prepare_process(config);
	if (!database_open(&app.database, config, &code)) {
		database_close(&app.database);
		return code;
	}
	check_descriptors(config);
	app.loop = loop_new();
	database_connect(&app.database, app.loop);
	open_services(&app);
	open_api(&app);
	await_signals(&app);
	if (open_server(&app)) {
		print_welcome(&app);
		block_stop_signals(SIG_UNBLOCK);
		loop_run(app.loop);
		if (!app.is_drained) {
			log_warn("app.stopped", "live_requests=%d at=once", server_live_requests(app.server));
			database_close(&app.database);
			_exit(EXIT_ASKED);
		}
		log_info("app.stopped", "%s", "live_requests=0");
		code = EXIT_ASKED;
	} else {
		code = EXIT_BIND;
	}
	close_all(&app);
	database_close(&app.database);
	return code;
}

enum exit_code app_migrate(const struct config *config)
{
	struct database database;
	enum exit_code code;

	prepare_process(config);
	if (database_open(&database, config, &code)) {
		puts("The schema is up to date.");
		code = EXIT_ASKED;
	}
	database_close(&database);
	return code;
}
