/* One line per event on stderr: time, level, event name, then facts as key=value. Never blocks on allocation. */
#ifndef LEADD_BASE_LOG_H
#define LEADD_BASE_LOG_H

#include "base/mem.h"

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below this level are dropped; the default is LOG_INFO. */
void log_set_level(enum log_level least);
bool log_is_on(enum log_level level);

/* The request that the following lines are about, printed as request=<id>; NULL: none. Borrowed until changed. */
void log_set_request(const char *request_id);

/*
 * Writes one line: event is a dotted name ("outbox.retry"), the format gives facts ("id=%d in_ms=%d").
 * No sentences, no secrets, no bodies. A value that may hold blanks is written with log_quote().
 * Control bytes are replaced, and a line is cut at 2000 bytes.
 */
void log_line(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_debug(event, ...) (log_is_on(LOG_DEBUG) ? log_line(LOG_DEBUG, event, __VA_ARGS__) : (void)0)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

/*
 * A value in double quotes, inner quotes and line ends replaced, cut at 256 bytes.
 * The result is one of four static buffers used in turn: good for one log call.
 */
const char *log_quote(const char *value);

/*
 * For lines that strangers can cause as often as they like: so many of them are written in a second, so that a flood of
 * requests is no flood of lines. Zeroed it is ready, but for its event.
 */
enum { LOG_VALVE_LINES = 100 };

struct log_valve {
	const char *event;
	int64_t since_ms;
	unsigned written, left_out; /* since then */
};

/* Whether one more line may be written; it counts. now_ms: of a clock that never jumps. */
bool log_valve_opens(struct log_valve *valve, int64_t now_ms) MUST_CHECK;

/* Writes a line that says how many were left out, once their second is over; to be called now and then. */
void log_valve_tell(struct log_valve *valve, int64_t now_ms);

/* The program's exit codes: 0 asked, 1 something is not as it should be, the rest as docs/OPERATIONS.md lists them. */
enum exit_code {
	EXIT_ASKED = 0,
	EXIT_WRONG = 1,
	EXIT_ARGUMENTS = 2,
	EXIT_CONFIG = 3,
	EXIT_DATABASE = 4,
	EXIT_BIND = 5,
	EXIT_BUG = 70
};

/* Start-up faults: one clear sentence on stderr and the end of the process with that code. */
void die(enum exit_code code, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));

#endif
