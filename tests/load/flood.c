/*
 * An open-loop generator of contacts: so many a second are due, whatever becomes of those before. Latency counts from
 * the moment at which a contact was due, so that time in which the service, or this program, falls behind is in it. One
 * for which no connection gets free within PATIENCE_MS is given up.
 *
 * flood PORT RATE SECONDS CONNECTIONS SOURCE_ID [SOURCE_ID ...]; RATE 0: each connection sends again when it is
 * answered. Prints one JSON object. It reads answers like the service's own, not any HTTP.
 */
#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 512,
	OPENS_A_TURN = 64, /* connections; the listener's queue is not endless */
	ANSWER_BYTES = 4096,
	BODY_BYTES = 160,
	REQUEST_BYTES = 400,
	LAST_ANSWERS_S = 15,
	PATIENCE_MS = 100,
	SOURCES_MAX = 64
};

static const int64_t SECOND_NS = 1000000000;

struct plug {
	int descriptor; /* -1: not connected */
	bool is_open, is_busy;
	int64_t due_ns;
	size_t length;
	char *answer; /* ANSWER_BYTES; NULL until it is needed */
	struct plug *next_idle;
};

/* Latencies of one kind of answer, microseconds. */
struct times {
	uint32_t *us;
	size_t count, capacity;
};

struct flood {
	int epoll;
	struct sockaddr_in address;
	double rate;
	int64_t start_ns, end_ns;
	struct plug *plugs;
	size_t plug_max, plug_count; /* plugs in use or being opened are the first plug_count */
	struct plug *idle;
	uint64_t sent, given_up, busy; /* contacts; those on their way */
	int64_t sources[SOURCES_MAX];
	size_t source_count;
	struct times stored, refused;
	uint64_t stored_in_time; /* before the end */
	uint64_t others, lost, without_retry_after, unconnected;
	size_t lag_max; /* contacts that were due and waited for a connection */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void times_note(struct times *times, int64_t ns)
{
	if (times->count == times->capacity) {
		times->capacity = times->capacity ? times->capacity * 2 : 65536;
		times->us = mem_resize(times->us, times->capacity, sizeof(*times->us));
	}
	times->us[times->count++] = (uint32_t)(ns / 1000);
}

static void watch(struct flood *flood, struct plug *plug, int how, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = plug };

	epoll_ctl(flood->epoll, how, plug->descriptor, &event);
}

static void open_plug(struct flood *flood, struct plug *plug)
{
	plug->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (plug->descriptor < 0) {
		fprintf(stderr, "flood: no descriptor left after %zu connections\n", flood->plug_count);
		exit(1);
	}
	plug->is_open = plug->is_busy = false;
	plug->length = 0;
	if (connect(plug->descriptor, (struct sockaddr *)&flood->address, sizeof(flood->address)) < 0 &&
	    errno != EINPROGRESS)
		flood->unconnected++;
	watch(flood, plug, EPOLL_CTL_ADD, EPOLLOUT);
}

/* Whatever was on its way is lost; the connection is made anew. */
static void lose(struct flood *flood, struct plug *plug)
{
	if (plug->is_busy) {
		flood->lost++;
		flood->busy--;
	} else if (!plug->is_open) {
		flood->unconnected++;
	} else {
		struct plug **at = &flood->idle;

		while (*at != plug)
			at = &(*at)->next_idle;
		*at = plug->next_idle;
	}
	close(plug->descriptor);
	open_plug(flood, plug);
}

static void becomes_idle(struct flood *flood, struct plug *plug)
{
	plug->is_busy = false;
	plug->length = 0;
	plug->next_idle = flood->idle;
	flood->idle = plug;
}

static void send_contact(struct flood *flood, struct plug *plug, int64_t due_ns)
{
	char body[BODY_BYTES], request[REQUEST_BYTES];
	uint64_t number = flood->sent++;
	int length = snprintf(body, sizeof(body),
			      "{\"lead_external_id\":\"flood-%d-%" PRIu64 "\",\"source_id\":%" PRId64
			      ",\"message\":\"Good morning, is it free?\"}",
			      getpid(), number, flood->sources[number % flood->source_count]);

	length = snprintf(request, sizeof(request),
			  "POST /api/v1/contacts/ HTTP/1.1\r\nHost: flood\r\nContent-Type: application/json\r\n"
			  "Content-Length: %d\r\n\r\n%s",
			  length, body);
	plug->is_busy = true;
	plug->due_ns = due_ns;
	flood->busy++;
	if (send(plug->descriptor, request, (size_t)length, MSG_NOSIGNAL) != length)
		lose(flood, plug);
}

/* How many are due by now. */
static uint64_t due_count(const struct flood *flood, int64_t now)
{
	return now > flood->start_ns ? (uint64_t)((double)(now - flood->start_ns) * flood->rate / (double)SECOND_NS)
				     : 0;
}

static int64_t due_at(const struct flood *flood, uint64_t number)
{
	return flood->start_ns + (int64_t)((double)number * (double)SECOND_NS / flood->rate);
}

/* Sends what is due, as far as connections are free; opens further ones for the rest. */
static void send_due(struct flood *flood, int64_t now)
{
	uint64_t due = flood->rate > 0 ? due_count(flood, now) : flood->sent + flood->plug_max;
	uint64_t hopeless = flood->rate > 0 ? due_count(flood, now - PATIENCE_MS * (SECOND_NS / 1000)) : 0;
	size_t lag;

	if (hopeless > flood->sent + flood->given_up)
		flood->given_up = hopeless - flood->sent;
	while (flood->idle && flood->sent + flood->given_up < due) {
		struct plug *plug = flood->idle;

		flood->idle = plug->next_idle;
		send_contact(flood, plug, flood->rate > 0 ? due_at(flood, flood->sent + flood->given_up) : now);
	}
	lag = (size_t)(due - flood->sent - flood->given_up);
	if (flood->rate > 0 && lag > flood->lag_max)
		flood->lag_max = lag;
	for (size_t i = 0; i < OPENS_A_TURN && i < lag && flood->plug_count < flood->plug_max; i++)
		open_plug(flood, &flood->plugs[flood->plug_count++]);
}

/* Length of the whole answer; 0: its head is not complete. */
static size_t answer_length(const struct plug *plug)
{
	const char *end = memmem(plug->answer, plug->length, "\r\n\r\n", 4);
	const char *length = memmem(plug->answer, plug->length, "\r\nContent-Length: ", 18);

	if (!end)
		return 0;
	return (size_t)(end - plug->answer) + 4 + (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
}

static void judge(struct flood *flood, const struct plug *plug, int64_t now)
{
	if (memcmp(plug->answer, "HTTP/1.1 201", 12) == 0) {
		times_note(&flood->stored, now - plug->due_ns);
		flood->stored_in_time += now <= flood->end_ns;
	} else if (memcmp(plug->answer, "HTTP/1.1 503", 12) == 0) {
		times_note(&flood->refused, now - plug->due_ns);
		flood->without_retry_after += !memmem(plug->answer, plug->length, "\r\nRetry-After: ", 15);
	} else {
		flood->others++;
	}
}

static void on_readable(struct flood *flood, struct plug *plug)
{
	ssize_t got;
	size_t whole;

	if (!plug->answer)
		plug->answer = mem_alloc(1, ANSWER_BYTES);
	got = recv(plug->descriptor, plug->answer + plug->length, ANSWER_BYTES - plug->length, 0);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || !plug->is_busy) {
		lose(flood, plug);
		return;
	}
	plug->length += (size_t)got;
	whole = answer_length(plug);
	if (!whole || plug->length < whole)
		return;
	judge(flood, plug, now_ns());
	flood->busy--;
	becomes_idle(flood, plug);
}

static void on_event(struct flood *flood, struct plug *plug, uint32_t events)
{
	if (plug->is_open) {
		on_readable(flood, plug);
	} else if (events & (EPOLLERR | EPOLLHUP)) {
		lose(flood, plug);
	} else {
		plug->is_open = true;
		watch(flood, plug, EPOLL_CTL_MOD, EPOLLIN);
		becomes_idle(flood, plug);
	}
}

static void run(struct flood *flood)
{
	struct epoll_event events[EVENTS];
	int64_t now = now_ns();

	while (now < flood->end_ns || (flood->busy && now < flood->end_ns + LAST_ANSWERS_S * SECOND_NS)) {
		int count;

		if (now < flood->end_ns)
			send_due(flood, now);
		count = epoll_pwait(flood->epoll, events, EVENTS, 1, NULL); /* epoll_wait() is the loop's */
		for (int i = 0; i < count; i++)
			on_event(flood, events[i].data.ptr, events[i].events);
		now = now_ns();
	}
	flood->lost += flood->busy;
}

/* -- figures ----------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static double quantile_ms(const struct times *times, double part)
{
	return times->count ? (double)times->us[(size_t)((double)(times->count - 1) * part)] / 1000 : 0;
}

static void print_times(const char *name, struct times *times)
{
	if (times->count)
		qsort(times->us, times->count, sizeof(*times->us), compare);
	printf("\"%s\": %zu, \"%s_p50_ms\": %.1f, \"%s_p99_ms\": %.1f, \"%s_max_ms\": %.1f, ", name, times->count, name,
	       quantile_ms(times, 0.5), name, quantile_ms(times, 0.99), name, quantile_ms(times, 1));
}

static void print(struct flood *flood, double seconds)
{
	uint64_t due = flood->rate > 0 ? due_count(flood, flood->end_ns) : flood->sent;

	printf("{\"due\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"unsent\": %" PRIu64 ", \"lag_max\": %zu, ", due,
	       flood->sent, due - flood->sent, flood->lag_max);
	print_times("stored", &flood->stored);
	print_times("refused", &flood->refused);
	printf("\"stored_per_s\": %.1f, \"others\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"without_retry_after\": %" PRIu64 ", \"unconnected\": %" PRIu64 ", \"connections\": %zu}\n",
	       (double)flood->stored_in_time / seconds, flood->others, flood->lost, flood->without_retry_after,
	       flood->unconnected, flood->plug_count);
}

int main(int argc, char **argv)
{
	struct flood flood = { .address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	struct rlimit files;
	double seconds;

	if (argc < 6 || argc - 5 > SOURCES_MAX) {
		fprintf(stderr, "usage: flood PORT RATE SECONDS CONNECTIONS SOURCE_ID ...\n");
		return 2;
	}
	flood.address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	flood.rate = strtod(argv[2], NULL);
	seconds = strtod(argv[3], NULL);
	flood.plug_max = strtoul(argv[4], NULL, 10);
	for (int i = 5; i < argc; i++)
		flood.sources[flood.source_count++] = strtoll(argv[i], NULL, 10);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	flood.plugs = mem_alloc(flood.plug_max, sizeof(*flood.plugs));
	flood.epoll = epoll_create1(EPOLL_CLOEXEC);
	flood.start_ns = now_ns();
	flood.end_ns = flood.start_ns + (int64_t)(seconds * (double)SECOND_NS);
	run(&flood);
	print(&flood, seconds);
	return 0;
}
