/* How contacts are spread over the operators. */
#include "api/internal.h"
#include "api/problems.h"

static const struct field load_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "operator_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Anna\"" },
	{ "is_active", FIELD_BOOLEAN, .help = "Whether assignment may give it contacts.", .example = "true" },
	{ "max_load_limit", FIELD_INTEGER, 0, 0, 1000000, .help = "Its limit.", .example = "10" },
	{ "active_load", FIELD_INTEGER, 0, 0, INT32_MAX, .help = "Its active contacts.", .example = "3" },
	{ "free", FIELD_INTEGER, 0, 0, 1000000, .help = "How many more it can take now; 0 when inactive.",
	  .example = "1" },
	{ 0 },
};

static const struct schema load_schema = { "OperatorLoad", "What an operator holds now.", SCHEMA_ANSWER, load_fields };

const struct endpoint distribution_load_endpoint = {
	.id = "readLoad",
	.tag = "Distribution",
	.summary = "Load of all operators",
	.about = "By operator id, all at once.",
	.answers = { { 200, "Every operator's load.", ANSWER_ITEMS, &load_schema } },
};

void distribution_load(struct request *request)
{
	respond_items(request, Q_LOAD_LIST, respond_args(request));
}

static const struct field share_fields[] = {
	{ "operator_id", FIELD_ID, .help = "The operator.", .example = "1" },
	{ "operator_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Anna\"" },
	{ "weight", FIELD_WEIGHT, FIELD_NULLABLE, 0, 1000000,
	  .help = "Its weight now; null when it no longer serves the source.", .example = "2.5" },
	{ "expected_share", FIELD_SHARE, .help = "weight / sum of the source's weights, as they are now.",
	  .example = "0.25" },
	{ "actual_share", FIELD_SHARE, .help = "assigned / sum of all assigned.", .example = "0.2521" },
	{ "assigned", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Contacts of the source that it got in the period.",
	  .example = "2521" },
	{ 0 },
};

static const struct schema share_schema = { "OperatorShare", "What an operator got from a source.", SCHEMA_ANSWER,
					    share_fields };

static const struct field oldest_fields[] = {
	{ "id", FIELD_ID, .help = "The contact.", .example = "42" },
	{ "waiting_seconds", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Since it came in.", .example = "12" },
	{ 0 },
};

static const struct schema oldest_schema = { "OldestWaiting", "A contact that waits.", SCHEMA_ANSWER, oldest_fields };

static const struct field distribution_fields[] = {
	{ "source_id", FIELD_ID, .help = "The source.", .example = "1" },
	{ "source_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Telegram bot\"" },
	{ "from", FIELD_TIME, FIELD_NULLABLE, .help = "Begin of the period; null: since ever.", .example = "null" },
	{ "to", FIELD_TIME, FIELD_NULLABLE, .help = "End of the period; null: until now.", .example = "null" },
	{ "assigned", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Contacts assigned in the period, of any status.",
	  .example = "10000" },
	{ "active", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Active contacts of the source now.", .example = "20" },
	{ "waiting", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Waiting ones now.", .example = "0" },
	{ "closed", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Closed ones.", .example = "9980" },
	{ "oldest_waiting", FIELD_LIST, 0, 0, 10, .schema = &oldest_schema, .help = "The 10 that wait longest." },
	{ "items", FIELD_LIST, 0, 0, INT32_MAX, .schema = &share_schema, .help = "By operator id." },
	{ 0 },
};

static const struct schema distribution_schema = { "SourceDistribution", "How a source's contacts went.", SCHEMA_ANSWER,
						   distribution_fields };

enum { FROM, TO };

static const struct field period_query[] = {
	[FROM] = { "from", FIELD_HOUR, .help = "Assigned at that time or later: a whole hour.",
		   .example = "\"2026-01-31T00:00:00Z\"" },
	[TO] = { "to", FIELD_HOUR, .help = "Assigned before that time: a whole hour.",
		 .example = "\"2026-02-01T00:00:00Z\"" },
	{ 0 },
};

const struct endpoint distribution_source_endpoint = {
	.id = "readSourceDistribution",
	.tag = "Distribution",
	.summary = "Expected and actual shares of a source",
	.about = "The expected share follows from the weights as they are now; operators that were full or inactive "
		 "for a while get less than it, and the others more.",
	.query = period_query,
	.answers = { { 200, "The shares.", ANSWER_OBJECT, &distribution_schema } },
};

void distribution_source(struct request *request)
{
	const struct value *query = request_checked(request)->query;
	struct args *args = respond_path_args(request, 1);

	args_value(args, &query[FROM]);
	args_value(args, &query[TO]);
	respond_object(request, Q_SOURCE_DISTRIBUTION, args);
}
