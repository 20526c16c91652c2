/* What sql/queries is to the program this is to the tests. */
#include "db/statements.h"

const struct query_text test_statements[T_COUNT_OF_TESTS] = {
	[T_ONE] = { "one", "select 1", 0, 0 },
	[T_PID] = { "pid", "select pg_backend_pid()", 0, 0 },
	[T_SLEEP] = { "sleep", "select 1 from pg_sleep($1::float8)", 1, 0 },
	[T_ECHO] = { "echo", "select $1::text, $2::bigint, $3::boolean, $4::numeric(12, 3)", 4, 0 },
	[T_ECHO_INTS] = { "echo_ints", "select item from unnest($1::bigint[]) with ordinality a (item, n) order by n",
			  1, 0 },
	[T_ECHO_TEXTS] = { "echo_texts", "select item from unnest($1::text[]) with ordinality a (item, n) order by n",
			   1, 0 },
	[T_ECHO_BOOLS] = { "echo_bools",
			   "select item from unnest($1::boolean[]) with ordinality a (item, n) order by n", 1, 0 },
	[T_ECHO_NUMBERS] = { "echo_numbers",
			     "select item from unnest(array[($1::integer[])::text, "
			     "($2::numeric[])::text, ($3::double precision[])::text, "
			     "($4::smallint[])::text]) as list (item)",
			     4, 0 },
	[T_NOTE_ROWS] = { "note_rows",
			  "select concat_ws('|', $1::text, a, b, c, 'list') "
			  "from unnest($2::bigint[], $3::text[], $4::boolean[]) as given (a, b, c)",
			  4, 0xe },
	[T_NOTE_ROWS_ONE] = { "note_rows_one",
			      "select concat_ws('|', $1::text, a, b, c, 'one') "
			      "from (select $2::bigint, $3::text, $4::boolean) as given (a, b, c)",
			      4, 0 },
	[T_DIMENSIONS] = { "dimensions",
			   "select coalesce(array_ndims($1::bigint[]), 0) + coalesce(array_ndims($2::text[]), 0) + "
			   "coalesce(array_ndims($3::boolean[]), 0)",
			   3, 0 },
	[T_SETTING] = { "setting", "select 1, current_setting($1::text)", 1, 0 },
	[T_SET_LOCAL] = { "set_local", "select set_config($1::text, $2::text, true)", 2, 0 },
	[T_ADD] = { "add", "insert into things (id, name) values ($1::bigint, $2::text)", 2, 0 },
	[T_ADD_SLOWLY] = { "add_slowly",
			   "insert into things (id, name) select $1::bigint, 'slow' from pg_sleep($2::float8)", 2, 0 },
	[T_ADD_ALL] = { "add_all", "insert into things (id, name) select id, 'many' from unnest($1::bigint[]) a (id)",
			1, 0 },
	[T_RENAME] = { "rename", "update things set name = $2::text where id = $1::bigint", 2, 0 },
	[T_NAME] = { "name", "select id, name from things where id = $1::bigint", 1, 0 },
	[T_COUNT] = { "count", "select count(*) from things", 0, 0 },
	[T_ADD_LATE] = { "add_late", "insert into late (thing) values ($1::bigint)", 1, 0 },
	[T_ADD_COMMITS_SLOWLY] = { "add_commits_slowly", "insert into slow values (1)", 0, 0 },
	[T_DIVIDE] = { "divide", "select 1 / $1::int", 1, 0 },
};

const char test_tables[] = "create table things (id bigint constraint things_pkey primary key, name text not null);"
			   "create table late (thing bigint constraint late_thing_fkey references things (id)"
			   "  deferrable initially deferred);"
			   "create table slow (id bigint);"
			   "create function slow_commit() returns trigger language plpgsql as"
			   "  'begin perform pg_sleep(30); return null; end';"
			   "create constraint trigger slow_commit after insert on slow deferrable initially deferred"
			   "  for each row execute function slow_commit();";
