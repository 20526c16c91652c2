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
	{ "expected_share", FIELD_SHARE, .help = "expected / sum of all expected.", .example = "0.25" },
	{ "actual_share", FIELD_SHARE, .help = "assigned / sum of all assigned.", .example = "0.2521" },
	{ "expected", FIELD_NUMBER, 0, 0, INT64_MAX,
	  .help = "Sum of the chances that it had in the choices of the period; none in those made while it was "
		  "inactive or full.",
	  .example = "2500" },
	{ "assigned", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "How often it was chosen.", .example = "2521" },
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

static const char *const verdicts[] = { "as_expected", "deviates", "too_few", NULL };

static const struct field test_fields[] = {
	{ "chi_square", FIELD_NUMBER, FIELD_NULLABLE, 0, INT64_MAX,
	  .help = "Sum of (assigned - expected)^2 / expected over the cells: the operators of whom at least 5 was "
		  "expected, and the others together if that makes 5. null with too_few.",
	  .example = "1.403" },
	{ "degrees_of_freedom", FIELD_INTEGER, FIELD_NULLABLE, 1, INT32_MAX, .help = "Cells, less one.",
	  .example = "2" },
	{ "critical_value", FIELD_NUMBER, FIELD_NULLABLE, 0, INT64_MAX, .help = "Chance alone seldom goes beyond it.",
	  .example = "14.133" },
	{ "significance", FIELD_NUMBER, 0, 0, 1, .help = "How seldom: in at most one of a thousand periods.",
	  .example = "0.001" },
	{ "verdict", FIELD_CHOICE, .choices = verdicts,
	  .help = "deviates: chi_square is above critical_value; too_few: there are less than two cells.",
	  .example = "\"as_expected\"" },
	{ 0 },
};

static const struct schema test_schema = { "DistributionTest",
					   "Whether chance explains the difference (Pearson's chi-square test). The "
					   "chances change from choice to choice, and some strategies leave little or "
					   "nothing to chance: both make the counts vary less than the test allows "
					   "for, so that it errs on the side of as_expected.",
					   SCHEMA_ANSWER, test_fields };

static const struct field distribution_fields[] = {
	{ "source_id", FIELD_ID, .help = "The source.", .example = "1" },
	{ "source_name", FIELD_TEXT, 0, 1, 200, .help = "Its name.", .example = "\"Telegram bot\"" },
	{ "from", FIELD_TIME, FIELD_NULLABLE, .help = "Begin of the period; null: since ever.", .example = "null" },
	{ "to", FIELD_TIME, FIELD_NULLABLE, .help = "End of the period; null: until now.", .example = "null" },
	{ "assigned", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Choices of the period that gave a contact to somebody.",
	  .example = "10000" },
	{ "active", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Active contacts of the source now.", .example = "20" },
	{ "waiting", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Waiting ones now.", .example = "0" },
	{ "closed", FIELD_INTEGER, 0, 0, INT64_MAX, .help = "Closed ones.", .example = "9980" },
	{ "oldest_waiting", FIELD_LIST, 0, 0, 10, .schema = &oldest_schema, .help = "The 10 that wait longest." },
	{ "test", FIELD_OBJECT, .schema = &test_schema, .help = "Whether chance explains the difference." },
	{ "items", FIELD_LIST, 0, 0, INT32_MAX, .schema = &share_schema,
	  .help = "Who serves the source, or was considered in the period, by operator id." },
	{ 0 },
};

static const struct schema distribution_schema = { "SourceDistribution", "How a source's contacts went.", SCHEMA_ANSWER,
						   distribution_fields };

enum { FROM, TO };

static const struct field period_query[] = {
	[FROM] = { "from", FIELD_HOUR, .help = "Chosen at that time or later: a whole hour.",
		   .example = "\"2026-01-31T00:00:00Z\"" },
	[TO] = { "to", FIELD_HOUR, .help = "Chosen before that time: a whole hour, later than from.",
		 .example = "\"2026-02-01T00:00:00Z\"" },
	{ 0 },
};

/* A text is there only where it was a time. */
static void check_period(const struct value *query, struct faults *faults)
{
	if (query[FROM].text.at && query[TO].text.at && query[FROM].integer >= query[TO].integer)
		faults_add(faults, "to", "must be later than from");
}

const struct endpoint distribution_source_endpoint = {
	.check_query = check_period,
	.id = "readSourceDistribution",
	.tag = "Distribution",
	.summary = "Expected and actual shares of a source",
	.about = "Counts the choices that the service made by the source's rule. Each adds to what is expected of an "
		 "operator the chance that it had at that moment, so that the expectation accounts for weights as they "
		 "were and for who was inactive or full. A contact that was chosen for again counts again; contacts "
		 "that people assigned are not counted.",
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
