/* Gathers the metrics of all layers, and adds those of the process. */
#include "app/metrics.h"

#include "base/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* -- the process ------------------------------------------------------------------------------- */

/* 0 where the system does not tell. */
static uint64_t resident_bytes(void)
{
	unsigned long all, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%lu %lu", &all, &resident) != 2)
			resident = 0;
		fclose(file);
	}
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t count = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1; /* the one that looks */
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return 0;
	return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

/* Under the names that Prometheus' own clients give them. */
static void print_process(struct buf *out, const struct metered *metered)
{
	struct rlimit files = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	metrics_begin(out, "leadd_build_info", METRIC_GAUGE, "1; the version is in the label.");
	metrics_sample(out, "leadd_build_info", "version=\"" LEADD_VERSION "\"", 1);
	metrics_gauge(out, "process_start_time_seconds", "Since 1970.", (uint64_t)metered->started_at);
	metrics_begin(out, "process_cpu_seconds_total", METRIC_COUNTER, "User and system time.");
	metrics_sample_us(out, "process_cpu_seconds_total", "", cpu_us());
	metrics_gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
	metrics_gauge(out, "process_open_fds", "Open descriptors.", open_descriptors());
	metrics_gauge(out, "process_max_fds", "As many may be open.", (uint64_t)files.rlim_cur);
}

/* -- the connections to the database ----------------------------------------------------------- */

static uint64_t size(const struct pool *pool)
{
	return (uint64_t)pool_size(pool);
}

static uint64_t connected(const struct pool *pool)
{
	return (uint64_t)pool_connected(pool);
}

static uint64_t running(const struct pool *pool)
{
	return (uint64_t)pool_running(pool);
}

static uint64_t waiting(const struct pool *pool)
{
	return (uint64_t)pool_waiting(pool);
}

static void print_pools(struct buf *out, const struct database *database)
{
	static const struct {
		const char *name, *help;
		enum metric_kind kind;
		uint64_t (*value)(const struct pool *pool);
	} rows[] = {
		{ "leadd_pool_connections_max", "Connections to the database, as set.", METRIC_GAUGE, size },
		{ "leadd_pool_connections", "Those that stand.", METRIC_GAUGE, connected },
		{ "leadd_pool_running", "Transactions and statements under way.", METRIC_GAUGE, running },
		{ "leadd_pool_waiting", "Those that wait for a connection.", METRIC_GAUGE, waiting },
		{ "leadd_pool_lost_total", "Connections that were lost.", METRIC_COUNTER, pool_lost },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		metrics_begin(out, rows[i].name, rows[i].kind, rows[i].help);
		metrics_sample(out, rows[i].name, "pool=\"lane\"", rows[i].value(database->lane));
		metrics_sample(out, rows[i].name, "pool=\"requests\"", rows[i].value(database->requests));
	}
}

void metrics_print(struct buf *out, const struct metered *metered)
{
	const struct database *database = metered->database;
	bool is_there = pool_is_ready(database->lane) && pool_is_ready(database->requests);

	metrics_gauge(out, "leadd_ready", "1 when it can serve, as GET /health/ready says.", metered->is_ready);
	metrics_gauge(out, "leadd_database_ready", "1 while the database can be reached.", is_there);
	server_print_metrics(metered->server, out);
	intake_print_metrics(metered->intake, out);
	print_pools(out, database);
	loop_print_metrics(metered->loop, out);
	print_process(out, metered);
}
