/* From answers of the database to replies: the part that all resources have in common. */
#include "api/internal.h"
#include "api/problems.h"

#include "base/log.h"

#include <assert.h>

void respond_failure(struct request *request, const struct db_failure *failure, const struct conflict *conflicts)
{
	struct faults *faults;

	for (; conflicts && conflicts->constraint && *failure->constraint; conflicts++) {
		if (strcmp(conflicts->constraint, failure->constraint) != 0)
			continue;
		if (conflicts->problem) {
			reply_problem(request, conflicts->problem, "%s", conflicts->message);
			return;
		}
		faults = faults_new(request_arena(request));
		faults_add(faults, conflicts->field, "%s", conflicts->message);
		reply_faults(request, faults);
		return;
	}
	switch (failure->error) {
	case DB_UNAVAILABLE:
		reply_problem(request, &problem_unavailable, "The database cannot be reached now.");
		return;
	case DB_BUSY:
	case DB_RESTART:
		reply_problem(request, &problem_unavailable,
			      "It took too long: something that it needs is held by somebody else, or there is too "
			      "much to read.");
		return;
	case DB_OUTCOME_UNKNOWN:
		if (request_route(request)->only_reads) {
			reply_problem(request, &problem_unavailable, "The database was lost on the way.");
			return;
		}
		reply_problem(request, &problem_outcome_unknown, NULL);
		return;
	case DB_DATA:
		reply_problem(request, &problem_unstorable, NULL);
		return;
	default:
		log_error("request.failed", "error=%s sqlstate=%s constraint=%s", db_error_name(failure->error),
			  failure->sqlstate, failure->constraint);
		reply_problem(request, &problem_internal, NULL);
	}
}

struct args *respond_args(struct request *request)
{
	struct args *args = arena_alloc(request_arena(request), 1, sizeof(*args));

	*args = args_start(request_arena(request));
	return args;
}

struct args *respond_path_args(struct request *request, int count)
{
	struct args *args = respond_args(request);

	for (int i = 0; i < count; i++)
		args_int(args, request_path_number(request, i));
	return args;
}

void args_value(struct args *args, const struct value *value)
{
	args_text(args, value->text);
}

void args_value_int(struct args *args, const struct value *value)
{
	if (value->is_null)
		args_null(args);
	else
		args_int(args, value->integer);
}

void args_value_bool(struct args *args, const struct value *value)
{
	if (value->is_null)
		args_null(args);
	else
		args_bool(args, value->integer != 0);
}

struct args *respond_page_args(struct request *request, const struct value *limit, const struct value *cursor,
			       bool is_newest_first)
{
	struct args *args = respond_args(request);

	args_int(args, limit->integer);
	args_int(args, !cursor->is_null ? cursor->integer : is_newest_first ? INT64_MAX : 0);
	return args;
}

/* -- single statements ------------------------------------------------------------------------- */

static void on_object(void *context, const struct db_failure *failure, const struct rows *rows)
{
	const struct operation *operation = context;

	if (failure->error)
		respond_failure(operation->request, failure, operation->conflicts);
	else if (rows_count(rows) == 0)
		reply_problem(operation->request, &problem_not_found, NULL);
	else
		reply_json(operation->request, 200, row_text(rows, 0, 0));
}

void respond_object(struct request *request, enum query query, const struct args *args)
{
	struct api *api = request_world(request);

	pool_read(api->pool, query, args, on_object, operation_new(request, NULL, NULL));
}

void respond_object_of_path(struct request *request, enum query query)
{
	respond_object(request, query, respond_path_args(request, 1));
}

void respond_change(struct request *request, enum query query, const struct args *args,
		    const struct conflict *conflicts)
{
	struct api *api = request_world(request);

	pool_write(api->pool, query, args, on_object, operation_new(request, conflicts, NULL));
}

static void on_deleted(void *context, const struct db_failure *failure, const struct rows *rows)
{
	const struct operation *operation = context;

	if (failure->error)
		respond_failure(operation->request, failure, operation->conflicts);
	else if (rows_affected(rows) == 0)
		reply_problem(operation->request, &problem_not_found, NULL);
	else
		reply_empty(operation->request, 204);
}

void respond_deletion(struct request *request, enum query query, const struct args *args,
		      const struct conflict *conflicts)
{
	struct api *api = request_world(request);

	pool_write(api->pool, query, args, on_deleted, operation_new(request, conflicts, NULL));
}

static void on_page(void *context, const struct db_failure *failure, const struct rows *rows)
{
	const struct operation *operation = context;
	struct request *request = operation->request;
	struct buf json;

	if (failure->error) {
		respond_failure(request, failure, NULL);
		return;
	}
	buf_init(&json);
	buf_string(&json, "{\"items\":");
	buf_text(&json, row_text(rows, 0, 0));
	buf_string(&json, ",\"next_cursor\":");
	if (row_is_null(rows, 0, 1))
		buf_string(&json, "null");
	else
		buf_printf(&json, "\"%s\"", cursor_print(request_arena(request), operation->list, row_int(rows, 0, 1)));
	buf_char(&json, '}');
	reply_json_take(request, 200, &json);
	buf_done(&json);
}

void respond_page(struct request *request, const char *list, enum query query, const struct args *args)
{
	struct api *api = request_world(request);
	struct operation *operation = operation_new(request, NULL, NULL);

	operation->list = list;
	pool_read(api->pool, query, args, on_page, operation);
}

static void on_items(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct request *request = context;
	struct buf json;

	if (failure->error) {
		respond_failure(request, failure, NULL);
		return;
	}
	if (rows_count(rows) == 0) {
		reply_problem(request, &problem_not_found, NULL);
		return;
	}
	buf_init(&json);
	buf_string(&json, "{\"items\":");
	buf_text(&json, row_text(rows, 0, 0));
	buf_char(&json, '}');
	reply_json_take(request, 200, &json);
	buf_done(&json);
}

void respond_items(struct request *request, enum query query, const struct args *args)
{
	struct api *api = request_world(request);

	pool_read(api->pool, query, args, on_items, request);
}

/* -- transactions ------------------------------------------------------------------------------ */

struct operation *operation_new(struct request *request, const struct conflict *conflicts,
				void (*finish)(struct operation *operation))
{
	struct operation *operation = arena_alloc(request_arena(request), 1, sizeof(*operation));

	operation->request = request;
	operation->input = request_checked(request)->body;
	operation->conflicts = conflicts;
	operation->finish = finish;
	operation->status = 200;
	return operation;
}

static void on_operation_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct operation *operation = context;

	(void)flow;
	if (failure->error && operation->failed)
		operation->failed(operation);
	if (failure->error)
		respond_failure(operation->request, failure, operation->conflicts);
	else
		operation->finish(operation);
}

void operation_start(struct operation *operation, const struct flow_step *steps)
{
	struct api *api = request_world(operation->request);

	flow_start(api->pool, steps, on_operation_done, operation);
}

void operation_reply(struct operation *operation)
{
	if (operation->faults)
		reply_faults(operation->request, operation->faults);
	else if (operation->problem)
		reply_problem(operation->request, operation->problem, operation->detail ? "%s" : NULL,
			      operation->detail);
	else if (operation->status == 204)
		reply_empty(operation->request, 204);
	else
		reply_json(operation->request, operation->status, operation->json);
}

void operation_take_json(struct operation *operation, const struct rows *rows)
{
	struct text json;

	if (rows_count(rows) == 0) {
		operation->problem = &problem_not_found;
		return;
	}
	json = row_text(rows, 0, 0);
	operation->json =
		(struct text){ arena_copy(request_arena(operation->request), json.at, json.length), json.length };
}
