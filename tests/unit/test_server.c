/* The server's connections, where turns of the loop are cut all the time. */
#include "http/server.h"

#include "http/reply.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 40, BUSY = 3, LONG_MS = 6 /* longer than a turn may be */, PATIENCE_MS = 20000 };

struct hurry;

/* Ready in each turn, and long: so is the call that it defers. */
struct busy {
	struct hurry *hurry;
	struct watch *watch;
	struct deferred call;
	int pair[2];
};

struct hurry {
	struct loop *loop;
	struct server *server;
	struct timer *patience;
	struct busy busy[BUSY];
	int clients[CLIENTS], client_count, served;
};

static void take_long(void)
{
	int64_t end_ms = loop_now_ms() + LONG_MS;

	while (loop_now_ms() < end_ms)
		continue;
}

static void on_call(void *context)
{
	(void)context;
	take_long();
}

static int client_connect(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int client = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	return client;
}

/* Its request is there before its connection is accepted. */
static int client_new(int port)
{
	static const char sent[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
	int client = client_connect(port);

	ck_assert_int_eq(write(client, sent, sizeof(sent) - 1), sizeof(sent) - 1);
	return client;
}

static void on_busy(void *context, int events)
{
	struct busy *busy = context;
	struct hurry *hurry = busy->hurry;

	(void)events;
	loop_defer(hurry->loop, &busy->call);
	if (hurry->client_count < CLIENTS) {
		hurry->clients[hurry->client_count++] = client_new(server_port(hurry->server));
		close(client_connect(server_port(hurry->server)));
	}
	take_long();
}

static void serve(struct request *request)
{
	struct hurry *hurry = request_world(request);

	reply_empty(request, 204);
	if (++hurry->served == CLIENTS)
		loop_stop(hurry->loop);
}

static void on_patience(void *context)
{
	loop_stop(context);
}

/* However late deferred calls come: no connection brings its request, or ends, before the server knows it. */
START_TEST(a_connection_is_known_before_anything_happens_on_it)
{
	static const struct route routes[] = { { .method = HTTP_GET, .path = "/", .handle = serve }, { .path = NULL } };
	struct hurry hurry = { .loop = loop_new() };
	struct server_options options = { .host = "127.0.0.1",
					  .routes = routes,
					  .world = &hurry,
					  .connections_max = 2 * CLIENTS,
					  .buffer_max = 1 << 20,
					  .request_deadline_ms = PATIENCE_MS,
					  .idle_timeout_ms = PATIENCE_MS };
	const char *why;

	hurry.server = server_new(hurry.loop, &options, &why);
	hurry.patience = timer_new(hurry.loop, on_patience, hurry.loop);
	timer_start(hurry.patience, PATIENCE_MS);
	for (int i = 0; i < BUSY; i++) {
		struct busy *busy = &hurry.busy[i];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, busy->pair), 0);
		ck_assert_int_eq(write(busy->pair[1], "x", 1), 1);
		busy->hurry = &hurry;
		busy->watch = watch_new(hurry.loop, busy->pair[0], LOOP_READ, on_busy, busy);
		deferred_init(&busy->call, on_call, busy);
	}
	loop_run(hurry.loop);
	ck_assert_int_eq(hurry.served, CLIENTS);
	for (int i = 0; i < BUSY; i++) {
		watch_free(&hurry.busy[i].watch);
		deferred_cancel(&hurry.busy[i].call);
		close(hurry.busy[i].pair[0]);
		close(hurry.busy[i].pair[1]);
	}
	for (int i = 0; i < CLIENTS; i++)
		close(hurry.clients[i]);
	timer_free(&hurry.patience);
	server_free(&hurry.server);
	loop_free(&hurry.loop);
}
END_TEST

UNIT_SUITE(server)
{
	tcase_add_test(tests, a_connection_is_known_before_anything_happens_on_it);
}
