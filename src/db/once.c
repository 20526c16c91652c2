/* The blocking session of the commands, see session.c. */
#include "db/once.h"

#include "db/session.h"

struct once {
	struct session session;
};

struct once *once_open(const char *conninfo, const char *settings, int64_t wait_ms, char *message,
		       unsigned long message_size)
{
	struct once *once = mem_alloc(1, sizeof(*once));

	once->session = (struct session){ .message = message, .message_size = message_size, .is_reader = true };
	if (!session_open(&once->session, conninfo, wait_ms) ||
	    (settings && !session_run(&once->session, "preparing the session", settings)))
		once_close(&once);
	return once;
}

void once_close(struct once **once)
{
	if (*once)
		session_close(&(*once)->session);
	mem_free(*once);
	*once = NULL;
}

struct once_place once_place(const struct once *once)
{
	const PGconn *pg = once->session.pg;

	return (struct once_place){ .host = PQhost(pg), .port = PQport(pg), .database = PQdb(pg) };
}

struct rows *once_ask(struct once *once, enum query query, const struct args *args)
{
	static const struct args no_args;
	const struct query_text *text = &query_texts[query];
	PGresult *result = session_ask_with(&once->session, text->name, text->sql, args ? args : &no_args);
	struct rows *rows;

	if (!result)
		return NULL;
	rows = mem_alloc(1, sizeof(*rows));
	rows->result = result;
	return rows;
}

void once_free_rows(struct rows **rows)
{
	if (*rows)
		PQclear((*rows)->result);
	mem_free(*rows);
	*rows = NULL;
}

bool once_begin(struct once *once)
{
	return session_run(&once->session, "beginning a transaction", "begin");
}

bool once_commit(struct once *once)
{
	return session_run(&once->session, "committing", "commit");
}
