/* The server around evhttp: binds, hands requests to their routes, keeps count, and stops without losing one. */
#include "http/server.h"

#include "base/log.h"
#include "http/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>

enum { EVHTTP_HEAD_MAX = 4 * FRAMING_HEAD_MAX /* above ours, so that ours answers */ };

/* -- requests ---------------------------------------------------------------------------------- */

const char *server_date(struct server *server)
{
	time_t now = time(NULL);

	if (now != server->dated)
		evutil_date_rfc1123(server->date, sizeof(server->date), NULL);
	server->dated = now;
	return server->date;
}

static void answer_unrouted(struct request *request)
{
	char allow[ALLOW_CHARACTERS];

	if (!request->match.allowed) {
		reply_problem(request, &problem_not_found, "no endpoint has this path");
		return;
	}
	reply_header(request, "Allow", allow_value(request->match.allowed, allow));
	if (request->method == HTTP_OPTIONS)
		reply_empty(request, 204);
	else
		reply_problem(request, &problem_method, "this path takes %s", allow);
}

/* "OPTIONS *" asks about the server as a whole. */
static bool is_about_server(const struct request *request, const char *sent)
{
	return request->method == HTTP_OPTIONS && strcmp(sent, "*") == 0;
}

static void dispatch(struct server *server, struct request *request, const char *sent)
{
	const char *why;

	if ((!request->target.path && !target_read(request->arena, text_of(sent), &request->target, &why)) ||
	    !target_read_query(request->arena, &request->target, &why)) {
		request->target.path = "";
		reply_problem(request, &problem_malformed, "%s", why);
		return;
	}
	if (is_about_server(request, sent))
		request->match.allowed =
			HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE | HTTP_OPTIONS;
	else if (!request->match.route)
		request->match = router_find(server->options.routes, request->method, request->target.path);
	if (!request->match.route)
		answer_unrouted(request);
	else if (server->options.admit)
		server->options.admit(request);
	else
		request->match.route->handle(request);
}

/* evhttp has a complete request, and stops reading until it is answered. */
static void on_request(struct evhttp_request *evhttp, void *context)
{
	struct server *server = context;
	struct connection *connection = connection_of(server, evhttp);
	struct request *prepared = connection ? connection_take_prepared(connection) : NULL;
	struct request *request = request_new(server, evhttp, prepared);
	log_set_request(request->id);
	if (connection && connection_hold(connection)) {
		dispatch(server, request, evhttp_request_get_uri(evhttp));
	} else {
		log_error("http.framing_differs", "uri=%s", log_quote(evhttp_request_get_uri(evhttp)));
		reply_header(request, "Connection", "close");
		request->target.path = "";
		reply_problem(request, &problem_malformed, "the framing of the request is ambiguous");
	}
	log_set_request(NULL);
}

/* -- accepting --------------------------------------------------------------------------------- */

static void accept_again(struct server *server)
{
	if (server->listener && !timer_is_running(server->accept_again) && server->accepted < ACCEPTED_AT_ONCE &&
	    server->connection_count < server->options.connections_max)
		evconnlistener_enable(server->listener);
}

static void on_turn_over(void *context)
{
	struct server *server = context;

	server->accepted = 0;
	accept_again(server);
}

void server_accepted(struct server *server)
{
	server->accepted++;
	loop_defer(server->loop, &server->turn_over);
	if (server->accepted >= ACCEPTED_AT_ONCE || server->connection_count >= server->options.connections_max)
		evconnlistener_disable(server->listener);
}

static void on_accept_again(void *context)
{
	accept_again(context);
}

/*
 * A listener has one context for all its callbacks, and evhttp takes it for itself. Hence this list, the layer's only
 * variable of its own, which nothing else reads.
 */
static struct list servers = { &servers, &servers };

static struct server *server_of(const struct evconnlistener *listener)
{
	struct list *node = servers.next;

	while (LIST_ITEM(node, struct server, node)->listener != listener)
		node = node->next;
	return LIST_ITEM(node, struct server, node);
}

/* accept() has failed, as a rule for want of descriptors; trying again at once would spin. */
static void on_accept_error(struct evconnlistener *listener, void *evhttp)
{
	struct server *server = server_of(listener);

	(void)evhttp;
	if (!server->is_out_of_descriptors)
		log_warn("http.accept", "errno=%d connections=%d", errno, server->connection_count);
	server->is_out_of_descriptors = true;
	evconnlistener_disable(listener);
	timer_start(server->accept_again, ACCEPT_PAUSE_MS);
}

/* -- the server -------------------------------------------------------------------------------- */

static void on_sweep(void *context)
{
	struct server *server = context;

	connections_sweep(server, loop_now_ms());
	log_valve_tell(&server->log_faults, loop_now_ms());
	log_valve_tell(&server->log_busy, loop_now_ms());
	timer_start(server->sweep, SWEEP_MS);
}

static size_t largest_body(const struct route *routes)
{
	size_t largest = BODY_STRAY_MAX;

	for (const struct route *route = routes; route->path; route++)
		if (route->body_max > largest)
			largest = route->body_max;
	return largest;
}

/* Our limits answer first: evhttp's own are a little wider, and its timeouts are off. */
static struct evhttp *evhttp_around(struct server *server)
{
	struct evhttp *evhttp = evhttp_new(loop_event_base(server->loop));

	if (!evhttp)
		return NULL;
	evhttp_set_max_headers_size(evhttp, EVHTTP_HEAD_MAX);
	evhttp_set_max_body_size(evhttp, (ev_ssize_t)largest_body(server->options.routes) + 1);
	evhttp_set_allowed_methods(evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
						   EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_default_content_type(evhttp, NULL);
	evhttp_set_bevcb(evhttp, connection_accept, server);
	evhttp_set_gencb(evhttp, on_request, server);
	return evhttp;
}

static void tell_drained(void *context)
{
	struct server *server = context;
	void (*on_drained)(void *context) = server->on_drained;

	server->on_drained = NULL;
	timer_stop(server->drain_limit);
	if (on_drained)
		on_drained(server->drained_context); /* which may free the server */
}

static void on_drain_limit(void *context)
{
	struct server *server = context;

	log_warn("http.drain_limit", "connections=%d live=%d", server->connection_count, server->live_requests);
	connections_close(server, true);
	if (server->on_drained)
		loop_defer(server->loop, &server->drained);
}

struct server *server_new(struct loop *loop, const struct server_options *options, const char **why_out)
{
	int descriptor = socket_listen(options->host, options->port, why_out);
	struct server *server;

	if (descriptor < 0)
		return NULL;
	server = mem_alloc(1, sizeof(*server));
	server->loop = loop;
	server->options = *options;
	server->port = socket_port(descriptor);
	server->traffic = traffic_new(options->routes);
	server->log_faults.event = "http.request,http.refused";
	server->log_busy.event = "http.request";
	rng_seed(&server->rng, options->seed);
	list_append(&servers, &server->node);
	list_init(&server->connections);
	list_init(&server->lingerers);
	list_init(&server->requests);
	deferred_init(&server->drained, tell_drained, server);
	deferred_init(&server->turn_over, on_turn_over, server);
	server->sweep = timer_new(loop, on_sweep, server);
	server->accept_again = timer_new(loop, on_accept_again, server);
	server->drain_limit = timer_new(loop, on_drain_limit, server);
	server->newcomers = event_new(loop_event_base(loop), -1, 0, connections_meet, server);
	server->evhttp = evhttp_around(server);
	server->listener = evconnlistener_new(loop_event_base(loop), NULL, NULL,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, descriptor);
	/* Behind thousands of requests its queue would overflow, and clients try again only after a second or more. */
	overtaking_begin(&server->overtaking, loop, descriptor);
	if (!server->newcomers || !server->evhttp || !server->listener ||
	    !evhttp_bind_listener(server->evhttp, server->listener))
		die(EXIT_BUG, "cannot make an HTTP server");
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	server->swept_ms = loop_now_ms();
	timer_start(server->sweep, SWEEP_MS);
	return server;
}

int server_port(const struct server *server)
{
	return server->port;
}

int server_live_requests(const struct server *server)
{
	return server->live_requests;
}

/* -- stopping ---------------------------------------------------------------------------------- */

static void check_drained(struct server *server)
{
	if (server->is_draining && server->on_drained && server->connection_count == 0 && server->live_requests == 0)
		loop_defer(server->loop, &server->drained);
}

void server_connection_ended(struct server *server)
{
	accept_again(server);
	check_drained(server);
}

void server_request_ended(struct server *server)
{
	check_drained(server);
}

void server_linger(struct server *server)
{
	server->is_lingering = true;
}

/* The listener is evhttp's only one. */
static void close_listener(struct evhttp_bound_socket *bound, void *context)
{
	struct evhttp_bound_socket **bound_out = context;

	*bound_out = bound;
}

void server_drain(struct server *server, int64_t wait_ms, void (*on_drained)(void *context), void *context)
{
	struct evhttp_bound_socket *bound = NULL;

	server->is_lingering = server->is_draining = true;
	server->on_drained = on_drained;
	server->drained_context = context;
	evhttp_foreach_bound_socket(server->evhttp, close_listener, &bound);
	server->listener = NULL;
	overtaking_end(&server->overtaking);
	if (bound)
		evhttp_del_accept_socket(server->evhttp, bound);
	timer_start(server->drain_limit, wait_ms);
	connections_close(server, false);
	check_drained(server);
}

/* Handlers that still hold a request will not answer any more: whatever they waited for has been stopped. */
void server_free(struct server **server)
{
	struct server *ended = *server;
	struct list *node;

	if (!ended)
		return;
	list_remove(&ended->node);
	ended->is_draining = true;
	ended->on_drained = NULL;
	ended->listener = NULL;
	overtaking_end(&ended->overtaking);
	lingerers_sweep(ended, 0, true);
	if (ended->live_requests)
		log_warn("http.unanswered", "requests=%d", ended->live_requests);
	while ((node = list_shift(&ended->requests)))
		request_free(LIST_ITEM(node, struct request, node));
	connections_meet(-1, 0, ended);
	evhttp_free(ended->evhttp);
	event_free(ended->newcomers);
	timer_free(&ended->sweep);
	timer_free(&ended->accept_again);
	timer_free(&ended->drain_limit);
	deferred_cancel(&ended->drained);
	deferred_cancel(&ended->turn_over);
	mem_free(ended->by_descriptor);
	traffic_free(&ended->traffic);
	mem_free(ended);
	*server = NULL;
}
