/* All that GET /metrics tells: the process, and the objects of the service. */
#ifndef LEADD_APP_METRICS_H
#define LEADD_APP_METRICS_H

#include "app/database.h"
#include "http/server.h"
#include "service/intake.h"

struct metered {
	const struct loop *loop;
	const struct server *server;
	const struct intake *intake;
	const struct database *database;
	bool is_ready;
	int64_t started_at; /* seconds since 1970 */
};

/* Prints it in Prometheus' text format. */
void metrics_print(struct buf *out, const struct metered *metered);

#endif
