/* How many requests of which route were answered how, and how long that took. Routes are told by their patterns. */
#include "base/metrics.h"
#include "http/internal.h"

#include <stdio.h>

enum {
	CLASSES = 5, /* 1xx .. 5xx */
	LABELS_BYTES = 200
};

struct route_traffic {
	uint64_t answers[2][CLASSES]; /* [1]: HEAD */
	struct histogram latency;
};

struct traffic {
	const struct route *routes;
	size_t route_count;
	struct route_traffic *by_route;
	uint64_t unrouted[CLASSES]; /* unknown paths and methods, OPTIONS */
	uint64_t refusals;
};

struct traffic *traffic_new(const struct route *routes)
{
	struct traffic *traffic = mem_alloc(1, sizeof(*traffic));

	traffic->routes = routes;
	while (routes[traffic->route_count].path)
		traffic->route_count++;
	traffic->by_route = mem_alloc(traffic->route_count, sizeof(*traffic->by_route));
	for (size_t i = 0; i < traffic->route_count; i++)
		traffic->by_route[i].latency.scale = &scale_durations;
	return traffic;
}

void traffic_free(struct traffic **traffic)
{
	if (!*traffic)
		return;
	mem_free((*traffic)->by_route);
	mem_free(*traffic);
	*traffic = NULL;
}

void traffic_note(struct traffic *traffic, const struct request *request, int status)
{
	const struct route *route = request->match.route;
	int class = status / 100 - 1;
	struct route_traffic *of_route;

	if (!route) {
		traffic->unrouted[class]++;
		return;
	}
	of_route = &traffic->by_route[route - traffic->routes];
	of_route->answers[request->method == HTTP_HEAD][class]++;
	histogram_note(&of_route->latency, loop_now_us() - request->started_us);
}

void traffic_note_refusal(struct traffic *traffic)
{
	traffic->refusals++;
}

/* -- printing ---------------------------------------------------------------------------------- */

/* What a route answers as a rule is there from the start, so that its first time is an increase. */
static bool is_worth_a_line(int class, bool is_head, uint64_t count)
{
	return count || (!is_head && (class == 1 || class >= 3));
}

static void print_answers(struct buf *out, const struct route *route, const uint64_t answers[CLASSES], bool is_head)
{
	char labels[LABELS_BYTES], method[ALLOW_CHARACTERS] = "other";

	if (route)
		allow_value(is_head ? HTTP_HEAD : route->method, method);
	for (int class = 0; class < CLASSES; class ++) {
		if (!is_worth_a_line(class, is_head, answers[class]))
			continue;
		snprintf(labels, sizeof(labels), "route=\"%s\",method=\"%s\",status=\"%dxx\"",
			 route ? route->path : "none", method, class + 1);
		metrics_sample(out, "leadd_http_requests_total", labels, answers[class]);
	}
}

static void print_latency(struct buf *out, const struct route *route, const struct histogram *latency)
{
	char labels[LABELS_BYTES], method[ALLOW_CHARACTERS];

	if (!histogram_count(latency))
		return;
	snprintf(labels, sizeof(labels), "route=\"%s\",method=\"%s\"", route->path, allow_value(route->method, method));
	metrics_histogram(out, "leadd_http_request_seconds", labels, latency);
}

static void print_routes(const struct traffic *traffic, struct buf *out)
{
	metrics_begin(out, "leadd_http_requests_total", METRIC_COUNTER,
		      "Requests that were answered; route none: unknown paths and methods, and OPTIONS.");
	for (size_t i = 0; i < traffic->route_count; i++) {
		print_answers(out, &traffic->routes[i], traffic->by_route[i].answers[0], false);
		print_answers(out, &traffic->routes[i], traffic->by_route[i].answers[1], true);
	}
	print_answers(out, NULL, traffic->unrouted, false);
	metrics_begin(out, "leadd_http_request_seconds", METRIC_HISTOGRAM,
		      "From the whole request to its answer, HEAD with GET; only routes that were asked.");
	for (size_t i = 0; i < traffic->route_count; i++)
		print_latency(out, &traffic->routes[i], &traffic->by_route[i].latency);
}

void server_print_metrics(const struct server *server, struct buf *out)
{
	print_routes(server->traffic, out);
	metrics_counter(
		out, "leadd_http_refused_total",
		"Connections ended because what came was not HTTP as the service reads it, or too large or slow.",
		server->traffic->refusals);
	metrics_gauge(out, "leadd_http_requests_live", "Requests that are not answered yet.",
		      (uint64_t)server->live_requests);
	streams_print_metrics(server, out);
	metrics_gauge(out, "leadd_http_connections", "Open connections of clients.",
		      (uint64_t)server->connection_count);
	metrics_gauge(out, "leadd_http_connections_max", "As set; beyond it new ones wait.",
		      (uint64_t)server->options.connections_max);
	metrics_begin(out, "leadd_http_buffered_bytes", METRIC_GAUGE,
		      "Memory for requests that arrive or are being served (in), and answers not fetched yet (out).");
	metrics_sample(out, "leadd_http_buffered_bytes", "direction=\"in\"", server->input_bytes);
	metrics_sample(out, "leadd_http_buffered_bytes", "direction=\"out\"", server->output_bytes);
	metrics_gauge(out, "leadd_http_buffered_bytes_max", "As set, for each direction.", server->options.buffer_max);
}
