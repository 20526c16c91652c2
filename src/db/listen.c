/* LISTEN on a connection of its own: conn.c makes it and makes it again, here it is told what to listen to. */
#include "db/listen.h"

#include "base/buf.h"
#include "db/conn.h"

struct listener {
	struct conn *conn;
	struct timer *silence; /* since anything was heard */
	struct buf conninfo, settings;
	struct rng rng;
	int64_t ping_ms;
	bool is_ready;
	listen_on_notify *on_notify;
	void *context;
};

static void heard(struct listener *listener)
{
	timer_start(listener->silence, listener->ping_ms);
}

static void on_answers(void *context, const struct answers *answers)
{
	if (!answers->lost)
		heard(context);
}

/* A trip without statements: its sync alone makes the server answer. Overdue, the connection is made anew. */
static void on_silence(void *context)
{
	struct listener *listener = context;

	conn_run(listener->conn, INT64_MAX, on_answers, listener);
}

static void on_notify(void *owner, const char *channel, const char *payload)
{
	struct listener *listener = owner;

	if (timer_is_running(listener->silence)) /* else a ping is under way */
		heard(listener);
	listener->on_notify(listener->context, channel, payload);
}

/* LISTEN was confirmed with the settings. */
static void on_ready(void *owner, struct conn *conn)
{
	struct listener *listener = owner;

	(void)conn;
	listener->is_ready = true;
	heard(listener);
	listener->on_notify(listener->context, NULL, NULL);
}

static void on_lost(void *owner, struct conn *conn, bool is_overdue)
{
	struct listener *listener = owner;

	(void)conn;
	(void)is_overdue;
	listener->is_ready = false;
	timer_stop(listener->silence);
}

struct listener *listen_new(struct loop *loop, const struct listen_options *options, listen_on_notify *on_notified,
			    void *context)
{
	static const struct conn_hooks hooks = { .on_ready = on_ready, .on_lost = on_lost, .on_notify = on_notify };
	struct listener *listener = mem_alloc(1, sizeof(*listener));

	listener->ping_ms = options->ping_ms;
	listener->on_notify = on_notified;
	listener->context = context;
	rng_seed(&listener->rng, options->seed);
	buf_init(&listener->conninfo);
	buf_string(&listener->conninfo, options->conninfo);
	buf_init(&listener->settings);
	for (const char *const *channel = options->channels; *channel; channel++)
		buf_printf(&listener->settings, "listen %s; ", *channel);
	if (options->settings)
		buf_string(&listener->settings, options->settings);
	listener->silence = timer_new(loop, on_silence, listener);
	listener->conn = conn_new(loop,
				  &(struct conn_options){ .name = "listen",
							  .conninfo = listener->conninfo.bytes,
							  .settings = listener->settings.bytes,
							  .unit_ms = options->ping_ms,
							  .rng = &listener->rng },
				  &hooks, listener);
	conn_connect(listener->conn);
	return listener;
}

void listen_free(struct listener **listener)
{
	if (!*listener)
		return;
	conn_free(&(*listener)->conn);
	timer_free(&(*listener)->silence);
	buf_done(&(*listener)->conninfo);
	buf_done(&(*listener)->settings);
	mem_free(*listener);
	*listener = NULL;
}

bool listen_is_ready(const struct listener *listener)
{
	return listener->is_ready;
}
