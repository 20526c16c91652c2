/* leadd explain: what happened to a contact, in the words of somebody who has to answer for it. */
#include "app/commands.h"
#include "service/decisions.h"

#include <inttypes.h>
#include <stdio.h>

/* Columns of the two statements. */
enum { LEAD_ID, EXTERNAL_ID, SOURCE, SOURCE_NAME, STATUS, HOLDER_ID, HOLDER_NAME };
enum { AT, KIND, FROM, TO, ACTOR, REASON, SOURCE_ID, BATCH_ID, ORDINAL, DRAW, DECISION };

struct words {
	const char *name, *words;
};

static const struct words actors[] = {
	{ "api", "by a request to the API" },
	{ "system", "by the service itself" },
	{ NULL, NULL },
};

static const struct words reasons[] = {
	{ "weighted_random", "at random, in proportion to the weights" },
	{ "smooth_weighted", "in turn, in proportion to the weights" },
	{ "least_loaded", "whoever was least loaded for the limit, then by weight" },
	{ "least_recent", "whoever had waited longest for a contact" },
	{ "sticky", "the operator whom this lead had last in this source" },
	{ "manual", "a person named the operator" },
	{ "forced", "a person named the operator, who was inactive or full" },
	{ "full", "everybody who is active and has a weight was full" },
	{ "inactive", "everybody with a weight was inactive" },
	{ "weight_zero", "nobody has a weight above 0" },
	{ "no_operators", "nobody serves the source" },
	{ "queued", "older contacts waited for the same operators and go first" },
	{ "released", "it was given back" },
	{ "operator_left", "the operator who had it left" },
	{ NULL, NULL },
};

static const char *words_of(const struct words *table, struct text name)
{
	for (; table->name; table++)
		if (text_equals(name, text_of(table->name)))
			return table->words;
	return NULL;
}

struct explanation {
	struct command_run *run;
	const struct rows *rows; /* the history */
	int row;
	struct rows *names;
	struct decision decision;
	struct roster roster; /* as it was at the choice */
	bool has_decision;
};

/* -- who --------------------------------------------------------------------------------------- */

static struct text name_of(const struct explanation *explanation, int64_t operator_id)
{
	const struct rows *names = explanation->names;
	int low = 0, high = rows_count(names);

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (row_int(names, middle, 0) < operator_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < rows_count(names) && row_int(names, low, 0) == operator_id)
		return row_text(names, low, 1);
	return (struct text){ 0 };
}

/* "Anna (operator 1)" */
static void print_operator(const struct explanation *explanation, int64_t operator_id)
{
	struct buf *out = &explanation->run->out;
	struct text name = name_of(explanation, operator_id);

	if (name.at)
		command_print_text(out, name);
	else
		buf_string(out, "somebody who is no longer there");
	buf_printf(out, " (operator %" PRId64 ")", operator_id);
}

/* The names of all whom this entry is about. */
static bool ask_names(struct explanation *explanation)
{
	struct command_run *run = explanation->run;
	size_t count = explanation->has_decision ? explanation->decision.count : 0;
	int64_t *ids = arena_alloc(run->arena, count + 2, sizeof(*ids));
	struct args args = args_start(run->arena);

	for (size_t i = 0; i < count; i++)
		ids[i] = explanation->decision.seats[i].operator_id;
	ids[count] = row_int(explanation->rows, explanation->row, FROM);
	ids[count + 1] = row_int(explanation->rows, explanation->row, TO);
	args_ints(&args, ids, count + 2);
	once_free_rows(&explanation->names);
	explanation->names = once_ask(run->once, Q_EXPLAIN_NAMES, &args);
	return explanation->names;
}

/* -- what happened ----------------------------------------------------------------------------- */

/* "{from}" and "{to}" stand for the operators. */
static const struct event {
	const char *kind;
	const char *words, *without; /* without: there is no operator in it */
} events[] = {
	{ "assigned", "{to} got it", "it was assigned" },
	{ "waiting", "nobody could take it, so it waits", "nobody could take it, so it waits" },
	{ "transferred", "it went from {from} to {to}", "it was transferred" },
	{ "released", "it was taken from {from} and waits", "it waits again" },
	{ "closed", "it was closed; {to} had it", "it was closed while it waited" },
	{ "reopened", "it was opened again, and {to} has it", "it was opened again, and waits" },
	{ "edited", "it was edited; {to} has it", "it was edited while nobody had it" },
	{ "deleted", "it was deleted; {from} had it", "it was deleted; nobody had it" },
};

static void print_event(const struct explanation *explanation)
{
	struct buf *out = &explanation->run->out;
	const struct rows *rows = explanation->rows;
	int row = explanation->row;
	bool has_operator = !row_is_null(rows, row, FROM) || !row_is_null(rows, row, TO);
	const char *at = text_equals(row_text(rows, row, REASON), TEXT("queued")) ? "it waits its turn" : NULL;

	for (size_t i = 0; i < COUNT_OF(events) && !at; i++)
		if (text_equals(row_text(rows, row, KIND), text_of(events[i].kind)))
			at = has_operator ? events[i].words : events[i].without;
	for (; at && *at; at++) {
		if (*at != '{') {
			buf_char(out, *at);
			continue;
		}
		print_operator(explanation, row_int(rows, row, at[1] == 'f' ? FROM : TO));
		at = strchr(at, '}');
	}
}

/* Who did it, and why. */
static void print_cause(const struct explanation *explanation)
{
	struct buf *out = &explanation->run->out;
	struct text actor = row_text(explanation->rows, explanation->row, ACTOR);
	struct text reason = row_text(explanation->rows, explanation->row, REASON);
	const char *by = words_of(actors, actor), *why = words_of(reasons, reason);
	bool is_key = actor.length > 4 && memcmp(actor.at, "key:", 4) == 0;

	buf_string(out, ", ");
	buf_string(out, by ? by : is_key ? "by a request with the key " : "in the database, by the role ");
	if (!by)
		command_print_text(out, is_key ? (struct text){ actor.at + 4, actor.length - 4 } : actor);
	buf_string(out, ".\n");
	if (!reason.at)
		return;
	buf_string(out, "  Why: ");
	if (why)
		buf_printf(out, "%s (", why);
	command_print_text(out, reason);
	buf_string(out, why ? ").\n" : ".\n");
}

/* -- from whom --------------------------------------------------------------------------------- */

static void print_seat(const struct explanation *explanation, size_t i)
{
	struct buf *out = &explanation->run->out;
	const struct seat *seat = &explanation->roster.seats[i];

	buf_string(out, "    ");
	print_operator(explanation, seat->operator_id);
	buf_string(out, ": weight ");
	buf_thousandths(out, explanation->roster.links[i].weight);
	buf_printf(out, ", load %" PRId64 " of %" PRId64, seat->load, seat->limit);
}

/* What the strategy looks at beyond weight and load. */
static void print_strategy_state(const struct explanation *explanation, size_t i)
{
	struct buf *out = &explanation->run->out;
	const struct link *link = &explanation->roster.links[i];
	const struct decision *decision = &explanation->decision;
	int ordinal = (int)row_int(explanation->rows, explanation->row, ORDINAL);

	if (decision->strategy == STRATEGY_SMOOTH_WEIGHTED) {
		buf_string(out, ", credit ");
		buf_thousandths(out, link->credit);
		buf_string(out, ", with its weight ");
		buf_thousandths(out, link->credit + link->weight);
	}
	if (decision->strategy != STRATEGY_LEAST_RECENT)
		return;
	if (decision_last_ordinal(decision, i, ordinal) >= 0)
		buf_printf(out, ", last contact: choice %d of the same batch",
			   decision_last_ordinal(decision, i, ordinal) + 1);
	else if (decision->seats[i].last_contact_id)
		buf_printf(out, ", last contact about number %" PRId64, decision->seats[i].last_contact_id);
	else
		buf_string(out, ", no contact before");
}

static void print_seats(const struct explanation *explanation, bool of_candidates)
{
	struct buf *out = &explanation->run->out;
	const struct roster *roster = &explanation->roster;
	bool is_first = true;

	for (size_t i = 0; i < roster->link_count; i++) {
		enum waiting_reason exclusion = link_exclusion(roster, &roster->links[i]);

		if ((exclusion == WAITING_NOT) != of_candidates)
			continue;
		if (is_first)
			buf_string(out, of_candidates ? "  Could take it:\n" : "  Could not:\n");
		is_first = false;
		print_seat(explanation, i);
		if (of_candidates)
			print_strategy_state(explanation, i);
		else
			buf_printf(out, ": %s",
				   exclusion == WAITING_WEIGHT_ZERO ? "weight 0" : waiting_reason_name(exclusion));
		buf_char(out, '\n');
	}
	if (is_first && of_candidates)
		buf_string(out, "  Could take it: nobody\n");
}

/* On whose stretch the draw fell. */
static void print_draw(const struct explanation *explanation)
{
	struct buf *out = &explanation->run->out;
	const struct roster *roster = &explanation->roster;
	int64_t draw = row_int(explanation->rows, explanation->row, DRAW), from = 0;

	if (row_is_null(explanation->rows, explanation->row, DRAW))
		return;
	buf_string(out, "  Drawn: ");
	buf_thousandths(out, draw);
	buf_string(out, ", from 0 to below ");
	buf_thousandths(out, decision_range(roster));
	for (size_t i = 0; i < roster->link_count; i++) {
		const struct link *link = &roster->links[i];

		if (!link_is_candidate(roster, link))
			continue;
		if (draw < from + link->weight) {
			buf_string(out, "; from ");
			buf_thousandths(out, from);
			buf_string(out, " to below ");
			buf_thousandths(out, from + link->weight);
			buf_string(out, " it is ");
			print_operator(explanation, roster->seats[link->seat].operator_id);
			break;
		}
		from += link->weight;
	}
	buf_string(out, ".\n");
}

static void print_decision(struct explanation *explanation)
{
	struct buf *out = &explanation->run->out;
	const struct rows *rows = explanation->rows;
	int row = explanation->row;
	struct recorded_choice recorded = {
		.ordinal = (int)row_int(rows, row, ORDINAL),
		.operator_id = row_int(rows, row, TO),
		.is_sticky = text_equals(row_text(rows, row, REASON), TEXT("sticky")),
		.draw = row_is_null(rows, row, DRAW) ? -1 : row_int(rows, row, DRAW),
	};

	if (!explanation->has_decision) {
		if (!row_is_null(rows, row, BATCH_ID))
			buf_string(
				out,
				"  From whom it was chosen cannot be told any more: the record is gone or damaged.\n");
		return;
	}
	explanation->roster = decision_roster(explanation->run->arena, &explanation->decision);
	decision_at(&explanation->decision, recorded.ordinal, &explanation->roster);
	buf_printf(out, "  At that moment (choice %d of batch %" PRId64 ", strategy %s):\n", recorded.ordinal + 1,
		   row_int(rows, row, BATCH_ID), strategy_name(explanation->decision.strategy));
	print_seats(explanation, true);
	print_seats(explanation, false);
	print_draw(explanation);
	buf_printf(out, "  Made again from the record: %s.\n",
		   decision_repeats(&explanation->decision, &recorded, &explanation->roster)
			   ? "the same"
			   : "SOMETHING ELSE; the record does not fit what happened");
}

/* -- the contact ------------------------------------------------------------------------------- */

static void print_contact(struct command_run *run, const struct rows *contact)
{
	struct buf *out = &run->out;

	buf_printf(out, "Contact %" PRId64, run->config->contact_id);
	if (rows_count(contact) == 0) {
		buf_string(out, " is no longer there.\n");
		return;
	}
	buf_string(out, " of lead ");
	command_print_text(out, row_text(contact, 0, EXTERNAL_ID));
	buf_printf(out, " (lead %" PRId64 "), from ", row_int(contact, 0, LEAD_ID));
	command_print_text(out, row_text(contact, 0, SOURCE_NAME));
	buf_printf(out, " (source %" PRId64 "). Now it is ", row_int(contact, 0, SOURCE));
	buf_text(out, row_text(contact, 0, STATUS));
	if (!row_is_null(contact, 0, HOLDER_ID)) {
		buf_string(out, ", with ");
		command_print_text(out, row_text(contact, 0, HOLDER_NAME));
		buf_printf(out, " (operator %" PRId64 ")", row_int(contact, 0, HOLDER_ID));
	}
	buf_string(out, ".\n");
}

static bool print_entries(struct command_run *run, const struct rows *history)
{
	struct explanation explanation = { .run = run, .rows = history };
	bool good = true;

	for (; good && explanation.row < rows_count(history); explanation.row++) {
		int64_t source_id = row_int(history, explanation.row, SOURCE_ID);

		explanation.has_decision =
			decision_read(run->arena, history, explanation.row, DECISION, source_id, &explanation.decision);
		good = ask_names(&explanation);
		if (!good)
			break;
		buf_char(&run->out, '\n');
		buf_text(&run->out, row_text(history, explanation.row, AT));
		buf_string(&run->out, " UTC: ");
		print_event(&explanation);
		print_cause(&explanation);
		print_decision(&explanation);
	}
	once_free_rows(&explanation.names);
	return good;
}

static enum exit_code explain(struct command_run *run, const struct rows *contact, const struct rows *history)
{
	if (rows_count(contact) == 0 && rows_count(history) == 0) {
		fprintf(stderr, "leadd: there is no contact %" PRId64 "\n", run->config->contact_id);
		return EXIT_WRONG;
	}
	print_contact(run, contact);
	if (rows_count(history) == 0)
		buf_string(&run->out, "It is older than the history, and nothing has happened to it since.\n");
	return print_entries(run, history) ? EXIT_ASKED : EXIT_DATABASE;
}

enum exit_code command_explain(const struct config *config)
{
	struct command_run run;
	struct rows *contact = NULL, *history = NULL;
	enum exit_code code = EXIT_DATABASE;
	struct args args;

	if (command_open(&run, config)) {
		args = args_start(run.arena);
		args_int(&args, config->contact_id);
		contact = once_ask(run.once, Q_EXPLAIN_CONTACT, &args);
		history = contact ? once_ask(run.once, Q_EXPLAIN_HISTORY, &args) : NULL;
		if (history)
			code = explain(&run, contact, history);
	}
	once_free_rows(&contact);
	once_free_rows(&history);
	return command_close(&run, code);
}
