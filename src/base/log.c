/* Log lines for people and for collectors: one write() a line, so that lines of several processes never mix. */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 2000, QUOTE_BYTES = 256, QUOTES = 4 };

static enum log_level least_level = LOG_INFO;
static const char *current_request;

void log_set_level(enum log_level least)
{
	least_level = least;
}

bool log_is_on(enum log_level level)
{
	return level >= least_level;
}

void log_set_request(const char *request_id)
{
	current_request = request_id;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static size_t append(char *line, size_t at, const char *format, va_list args)
{
	int added = vsnprintf(line + at, LINE_BYTES - at, format, args);

	if (added < 0)
		return at;
	return at + (size_t)added < LINE_BYTES ? at + (size_t)added : LINE_BYTES - 1;
}

static size_t append_format(char *line, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static size_t append_format(char *line, size_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	at = append(line, at, format, args);
	va_end(args);
	return at;
}

/*
 * A log that cannot be written must not stop the service, nor one that nobody reads: lines for which a pipe has no room
 * are left out, and counted. A line is shorter than what a pipe takes as a whole.
 */
static void write_line(const char *line, size_t length)
{
	static unsigned left_out;
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	unsigned lines = left_out;

	if (poll(&out, 1, 0) == 0) {
		left_out++;
		return;
	}
	left_out = 0;
	if (lines)
		log_warn("log.left_out", "event=* lines=%u", lines);
	if (write(STDERR_FILENO, line, length) < 0)
		return;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char line[LINE_BYTES + 1];
	struct timespec now;
	struct tm utc;
	size_t length;
	va_list args;

	if (!log_is_on(level))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
	length = append_format(line, length, ".%03ldZ %-5s %s", now.tv_nsec / 1000000, names[level], event);
	if (*format) {
		length = append_format(line, length, " ");
		va_start(args, format);
		length = append(line, length, format, args);
		va_end(args);
	}
	if (current_request)
		length = append_format(line, length, " request=%s", current_request);
	for (size_t i = 0; i < length; i++)
		if (is_control(line[i]))
			line[i] = '?';
	line[length++] = '\n';
	write_line(line, length);
}

const char *log_quote(const char *value)
{
	static char quotes[QUOTES][QUOTE_BYTES + 3];
	static unsigned turn;
	char *quote = quotes[turn++ % QUOTES];
	size_t at = 0;

	quote[at++] = '"';
	for (; value && *value && at <= QUOTE_BYTES; value++)
		quote[at++] = *value == '"' ? '\'' : is_control(*value) ? '?' : *value;
	quote[at++] = '"';
	quote[at] = '\0';
	return quote;
}

void log_valve_tell(struct log_valve *valve, int64_t now_ms)
{
	if (now_ms - valve->since_ms < 1000)
		return;
	if (valve->left_out)
		log_warn("log.left_out", "event=%s lines=%u", valve->event, valve->left_out);
	valve->since_ms = now_ms;
	valve->written = valve->left_out = 0;
}

bool log_valve_opens(struct log_valve *valve, int64_t now_ms)
{
	log_valve_tell(valve, now_ms);
	if (valve->written < LOG_VALVE_LINES) {
		valve->written++;
		return true;
	}
	valve->left_out++;
	return false;
}

void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	fputs("leadd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit((int)code);
}
