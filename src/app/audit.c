/*
 * leadd audit: the rules that the schema cannot express, one statement each. A statement sees counters and contacts in
 * one snapshot, as some commit left them: so a busy service gives no false alarm, and nothing is locked.
 */
#include "app/audit.h"

#include <inttypes.h>
#include <stdio.h>

/* -- mending ----------------------------------------------------------------------------------- */

static bool run_once(struct command_run *run, enum query query, const struct args *args)
{
	struct rows *rows = once_ask(run->once, query, args);
	bool good = rows;

	once_free_rows(&rows);
	return good;
}

/* Each in a transaction of its own, so that the service waits for one counting at most. */
static bool mend_load(struct command_run *run, int64_t operator_id)
{
	struct args args = args_start(run->arena);

	args_int(&args, operator_id);
	return once_begin(run->once) && run_once(run, Q_AUDIT_LOADS_LOCK, &args) &&
	       run_once(run, Q_AUDIT_LOADS_REPAIR, &args) && once_commit(run->once);
}

static bool mend_loads(struct command_run *run)
{
	struct rows *suspects = NULL;
	bool good = run_once(run, Q_AUDIT_LOADS_ADD, NULL);

	if (good)
		suspects = once_ask(run->once, Q_AUDIT_LOADS_SUSPECTS, NULL);
	good = suspects;
	for (int row = 0; good && row < rows_count(suspects); row++)
		good = mend_load(run, row_int(suspects, row, 0));
	once_free_rows(&suspects);
	return good;
}

/* The mark goes back together with the hours up to it: otherwise they would be summed up twice. */
static bool mend_progress(struct command_run *run)
{
	return once_begin(run->once) && run_once(run, Q_AUDIT_PROGRESS_REPAIR, NULL) &&
	       run_once(run, Q_AUDIT_HOURS_LOCK, NULL) && run_once(run, Q_AUDIT_HOURS_REPAIR, NULL) &&
	       once_commit(run->once);
}

static bool mend_hours(struct command_run *run)
{
	return once_begin(run->once) && run_once(run, Q_AUDIT_HOURS_LOCK, NULL) &&
	       run_once(run, Q_AUDIT_HOURS_REPAIR, NULL) && once_commit(run->once);
}

static bool mend_departures(struct command_run *run)
{
	return run_once(run, Q_AUDIT_DEPARTURES_REPAIR, NULL);
}

/* -- the rules --------------------------------------------------------------------------------- */

static const struct rule {
	const char *name;
	enum query query;                                                /* -> checked, wrong, examples */
	bool (*check)(struct command_run *run, struct finding *finding); /* instead of a query */
	bool (*mend)(struct command_run *run);                           /* NULL: a person has to */
	const char *about;
} rules[] = {
	{ "loads", Q_AUDIT_LOADS, NULL, mend_loads, "load counters are the numbers of active contacts" },
	{ "last_contacts", Q_AUDIT_LAST_CONTACTS, NULL, mend_loads, "nobody got a contact after the last one noted" },
	{ "history", Q_AUDIT_HISTORY, NULL, NULL, "every contact has a history, from its begin on" },
	{ "holders", Q_AUDIT_HOLDERS, NULL, NULL, "contacts are as their history leaves them" },
	{ "chains", Q_AUDIT_CHAINS, NULL, NULL, "each entry of a history goes on from the one before" },
	{ "changes", Q_AUDIT_CHANGES, NULL, NULL, "every change of a contact is in its history" },
	{ "decisions", Q_AUDIT_DECISIONS, audit_decisions, NULL, "choices made again give the same operators" },
	{ "progress", Q_AUDIT_PROGRESS, NULL, mend_progress, "it is known up to when hours are summed up" },
	{ "hours", Q_AUDIT_HOURS, NULL, mend_hours, "the report's hours are the sums of the decisions" },
	{ "keys", Q_AUDIT_KEYS, NULL, NULL, "idempotency keys lead to their contacts" },
	{ "times", Q_AUDIT_TIMES, NULL, NULL, "times of contacts are possible" },
	{ "departures", Q_AUDIT_DEPARTURES, NULL, mend_departures, "whose contacts are being moved is inactive" },
	{ "references", Q_AUDIT_REFERENCES, NULL, NULL, "whatever is named exists" },
	{ "sequences", Q_AUDIT_SEQUENCES, NULL, NULL, "new ids are above all that exist" },
	{ "triggers", Q_AUDIT_TRIGGERS, NULL, NULL, "the triggers that all this rests on are there and on" },
};

static bool ask_rule(struct command_run *run, enum query query, struct finding *finding)
{
	struct rows *rows = once_ask(run->once, query, NULL);

	if (!rows)
		return false;
	finding->checked = row_int(rows, 0, 0);
	finding->wrong = row_int(rows, 0, 1);
	buf_text(&finding->examples, row_text(rows, 0, 2));
	once_free_rows(&rows);
	return true;
}

static bool check(struct command_run *run, const struct rule *rule, struct finding *finding)
{
	return rule->check ? rule->check(run, finding) : ask_rule(run, rule->query, finding);
}

static bool check_and_mend(struct command_run *run, const struct rule *rule, struct finding *finding)
{
	struct finding left = { 0 };
	bool good = check(run, rule, finding);

	if (!good || !finding->wrong || !rule->mend || !run->config->repairs)
		return good;
	buf_init(&left.examples);
	good = rule->mend(run) && check(run, rule, &left);
	finding->mended = left.wrong < finding->wrong ? finding->wrong - left.wrong : 0;
	buf_done(&left.examples);
	return good;
}

/* -- the report -------------------------------------------------------------------------------- */

static void print_examples(struct buf *out, const struct buf *examples, void (*print)(struct buf *, struct text, bool))
{
	const char *at = examples->bytes;

	for (bool is_first = true; *at; is_first = false) {
		size_t length = strcspn(at, "\n");

		print(out, (struct text){ at, length }, is_first);
		at += length + (at[length] == '\n');
	}
}

static void print_line(struct buf *out, struct text line, bool is_first)
{
	(void)is_first;
	buf_string(out, "    ");
	command_print_text(out, line);
	buf_char(out, '\n');
}

static void print_item(struct buf *out, struct text line, bool is_first)
{
	if (!is_first)
		buf_char(out, ',');
	buf_json(out, line);
}

/* Said before anything is looked at or mended: whoever is on the wrong database can still stop. */
static void say_database(struct command_run *run)
{
	struct once_place place = once_place(run->once);

	buf_string(&run->out, "database ");
	command_print_text(&run->out, text_of(place.database));
	buf_string(&run->out, *place.host == '/' ? ", socket in " : ", host ");
	command_print_text(&run->out, text_of(place.host));
	buf_printf(&run->out, ", port %s\n", place.port);
	fputs(run->out.bytes, stdout);
	fflush(stdout);
	buf_clear(&run->out);
}

static void print_table(struct buf *out, const struct finding *findings)
{
	buf_printf(out, "%-14s%12s%8s%8s  %s\n", "rule", "checked", "wrong", "mended", "it says that");
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct finding *finding = &findings[i];

		buf_printf(out, "%-14s%12" PRId64 "%8" PRId64 "%8" PRId64 "  %s\n", rules[i].name, finding->checked,
			   finding->wrong, finding->mended, rules[i].about);
		print_examples(out, &finding->examples, print_line);
	}
}

static void print_json(struct buf *out, struct once_place place, const struct finding *findings)
{
	buf_string(out, "{\"database\":{\"host\":");
	buf_json(out, text_of(place.host));
	buf_string(out, ",\"port\":");
	buf_json(out, text_of(place.port));
	buf_string(out, ",\"name\":");
	buf_json(out, text_of(place.database));
	buf_string(out, "},\"rules\":[");
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct finding *finding = &findings[i];

		buf_printf(out,
			   "%s{\"rule\":\"%s\",\"about\":\"%s\",\"checked\":%" PRId64 ",\"wrong\":%" PRId64
			   ",\"mended\":%" PRId64 ",\"examples\":[",
			   i ? "," : "", rules[i].name, rules[i].about, finding->checked, finding->wrong,
			   finding->mended);
		print_examples(out, &finding->examples, print_item);
		buf_string(out, "]}");
	}
	buf_string(out, "]}\n");
}

static enum exit_code audit(struct command_run *run, struct finding *findings)
{
	int64_t left = 0;

	if (!run->config->prints_json)
		say_database(run);
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (!check_and_mend(run, &rules[i], &findings[i]))
			return EXIT_DATABASE;
		left += findings[i].wrong - findings[i].mended;
	}
	if (run->config->prints_json)
		print_json(&run->out, once_place(run->once), findings);
	else
		print_table(&run->out, findings);
	return left ? EXIT_WRONG : EXIT_ASKED;
}

enum exit_code command_audit(const struct config *config)
{
	struct finding findings[COUNT_OF(rules)] = { 0 };
	struct command_run run;
	enum exit_code code = EXIT_DATABASE;

	for (size_t i = 0; i < COUNT_OF(rules); i++)
		buf_init(&findings[i].examples);
	if (command_open(&run, config))
		code = audit(&run, findings);
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		buf_done(&findings[i].examples);
	return command_close(&run, code);
}
