/*
 * The HTTP side alone: leadd with an intake that answers at once, without a database. What it reaches is the most that
 * the service could. It gets the lines and lanes out of the way by having their functions itself.
 */
#include "api/api.h"
#include "base/log.h"
#include "http/server.h"

#include <signal.h>
#include <stdio.h>

struct intake {
	struct loop *loop;
	struct list line;
	struct deferred answer;
	int64_t last_id;
};

/* At the end of the turn, as a batch that was committed would be. */
static void answer_all(void *context)
{
	struct intake *intake = context;
	struct list *node;

	while ((node = list_shift(&intake->line))) {
		struct queued_draft *queued = LIST_ITEM(node, struct queued_draft, node);

		queued->result = (struct contact_result){ .id = ++intake->last_id,
							  .lead_id = intake->last_id,
							  .operator_id = 1 + intake->last_id % 10,
							  .created_at = "2026-01-31T09:00:00.734212Z" };
		queued->done(queued, DRAFT_STORED);
	}
}

bool intake_has_room(struct intake *intake)
{
	(void)intake;
	return true;
}

bool intake_submit(struct intake *intake, struct queued_draft *queued)
{
	list_append(&intake->line, &queued->node);
	loop_defer(intake->loop, &intake->answer);
	return true;
}

static bool is_ready(void *app)
{
	(void)app;
	return true;
}

static void print_metrics(void *loop, struct buf *out)
{
	loop_print_metrics(loop, out);
}

static void on_term(void *loop, int number)
{
	(void)number;
	loop_stop(loop);
}

int main(void)
{
	struct loop *loop = loop_new();
	struct intake intake = { .loop = loop };
	struct api api = {
		.loop = loop, .intake = &intake, .is_ready = is_ready, .print_metrics = print_metrics, .app = loop
	};
	struct server_options options = { .host = "127.0.0.1",
					  .routes = api_routes,
					  .admit = api_admit,
					  .turn_away = api_turn_away,
					  .world = &api,
					  .connections_max = 20000,
					  .buffer_max = 64 << 20,
					  .request_deadline_ms = 15000,
					  .idle_timeout_ms = 60000,
					  .seed = 1 };
	struct server *server;
	const char *why;

	signal(SIGPIPE, SIG_IGN);
	api_init(&api);
	list_init(&intake.line);
	deferred_init(&intake.answer, answer_all, &intake);
	server = server_new(loop, &options, &why);
	if (!server)
		die(EXIT_BIND, "cannot listen on %s", why);
	loop_signal(loop, SIGTERM, on_term, loop);
	printf("ceiling listening on http://127.0.0.1:%d\n", server_port(server));
	fflush(stdout);
	loop_run(loop);
	server_free(&server);
	loop_free(&loop);
	return 0;
}
