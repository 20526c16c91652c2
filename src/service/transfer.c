/* Looks, locks in the order of everything else (contact, loads, links), decides, stores. */
#include "service/transfer.h"

#include "service/internal.h"

enum { TRIES_MAX = 3 };

struct transfer_plan {
	const char *reason; /* of what a person did; NULL: it is so already */

	/* TRANSFER_BY_RULE */
	struct roster roster;
	struct record *record;
	struct move move;
	int64_t batch_id;
};

static enum flow_next end(struct transfer *transfer, enum transfer_outcome outcome)
{
	transfer->outcome = outcome;
	return FLOW_ROLLBACK;
}

static struct text keep(const struct transfer *transfer, struct text text)
{
	return (struct text){ arena_copy(transfer->arena, text.at, text.length), text.length };
}

/* -- look -------------------------------------------------------------------------------------- */

static void ask_look(struct flow *flow)
{
	const struct transfer *transfer = flow_context(flow);
	struct args id = flow_args(flow);

	args_int(&id, transfer->contact_id);
	flow_ask(flow, Q_TRANSFER_LOOK, &id);
}

/* A repetition after a deadlock compares with what was seen first. */
static enum flow_next read_look(struct flow *flow)
{
	struct transfer *transfer = flow_context(flow);
	const struct rows *contact = flow_rows(flow, 0);

	if (rows_count(contact) == 0)
		return end(transfer, TRANSFER_UNKNOWN_CONTACT);
	if (transfer->is_seen)
		return FLOW_NEXT;
	transfer->is_seen = true;
	transfer->source_id = row_int(contact, 0, 0);
	transfer->holder_id = row_int(contact, 0, 1);
	return FLOW_NEXT;
}

/* -- lock -------------------------------------------------------------------------------------- */

enum { CONTACT, LOADS, HOLDER, SEAT, STRATEGY = SEAT, LINKS };

static void ask_lock(struct flow *flow)
{
	const struct transfer *transfer = flow_context(flow);
	int64_t operators[2] = { transfer->holder_id, transfer->operator_id };
	struct args id = flow_args(flow), locks = flow_args(flow), sources = flow_args(flow), named = flow_args(flow);

	args_int(&id, transfer->contact_id);
	args_ints(&sources, &transfer->source_id, transfer->kind == TRANSFER_BY_RULE);
	args_ints(&locks, &transfer->source_id, transfer->kind == TRANSFER_BY_RULE);
	args_ints_or_null(&locks, operators, COUNT_OF(operators));
	args_int(&named, transfer->operator_id);
	flow_ask(flow, Q_CONTACT_LOCK, &id);
	flow_ask(flow, Q_LOADS_LOCK, &locks);
	flow_ask(flow, Q_CONTACT_SEAT, &id);
	if (transfer->kind == TRANSFER_BY_HAND)
		flow_ask(flow, Q_OPERATOR_SEAT, &named);
	if (transfer->kind == TRANSFER_BY_RULE) {
		flow_ask(flow, Q_STRATEGIES, &sources);
		flow_ask(flow, Q_BATCH_LINKS, &sources);
	}
}

/* The row of an operator among the locked loads, or -1. */
static int find_load(const struct rows *loads, int64_t operator_id)
{
	for (int row = 0; row < rows_count(loads); row++)
		if (row_int(loads, row, 0) == operator_id)
			return row;
	return -1;
}

/* Whether the operator may have it; otherwise the outcome says why not. */
static enum flow_next plan_by_hand(struct flow *flow, struct transfer *transfer)
{
	const struct rows *loads = flow_rows(flow, LOADS), *seat = flow_rows(flow, SEAT);
	int64_t load = row_int(loads, find_load(loads, transfer->operator_id), 1);
	int64_t limit = row_int(seat, 0, 1);
	bool is_active = row_bool(seat, 0, 0), is_full = load >= limit;

	transfer->who =
		(struct transfer_holder){ transfer->operator_id, keep(transfer, row_text(seat, 0, 2)), load, limit };
	if (!is_active && !transfer->is_forced)
		return end(transfer, TRANSFER_INACTIVE);
	if (is_full && !transfer->is_forced)
		return end(transfer, TRANSFER_FULL);
	transfer->plan->reason = is_active && !is_full ? "manual" : "forced";
	return FLOW_NEXT;
}

static enum flow_next plan_by_rule(struct flow *flow, struct transfer *transfer)
{
	struct transfer_plan *plan = transfer->plan;
	const struct rows *strategy = flow_rows(flow, STRATEGY);
	struct move *move = &plan->move;
	struct stuck_sources stuck;

	plan->roster = roster_read(flow_arena(flow), flow_rows(flow, LOADS), flow_rows(flow, LINKS), &stuck);
	/* It is not closed, so it takes a place of whoever holds it. */
	for (size_t i = 0; i < plan->roster.seat_count; i++)
		plan->roster.seats[i].load -= plan->roster.seats[i].operator_id == transfer->holder_id;
	plan->record = record_new(flow_arena(flow), &plan->roster);
	plan->batch_id = row_int(strategy, 0, 2);
	*move = (struct move){ .contact_id = transfer->contact_id, .wish = { .source_id = transfer->source_id } };
	strategy_by_name(row_text(strategy, 0, 1).at, &move->wish.strategy);
	move->choice = assign_one(&plan->roster, &move->wish, &transfer->rng);
	transfer->reason = move->choice.reason;
	if (move->choice.seat == NOBODY)
		return end(transfer, stuck.count ? TRANSFER_AGAIN : TRANSFER_NOBODY);
	move->ordinal = record_choice(plan->record, &plan->roster, &move->wish, &move->choice);
	return FLOW_NEXT;
}

/* Whether the rule that was asked for is still that of the contact's source; its own is tried next. */
static bool is_of_source(struct flow *flow, struct transfer *transfer)
{
	int64_t source_id = row_int(flow_rows(flow, CONTACT), 0, 3);

	if (source_id == transfer->source_id)
		return true;
	transfer->source_id = source_id;
	end(transfer, TRANSFER_AGAIN);
	return false;
}

/* Whether it is still as it was seen; otherwise the outcome says who holds it now. */
static bool is_as_seen(struct flow *flow, struct transfer *transfer)
{
	const struct rows *holder = flow_rows(flow, HOLDER);
	int64_t holder_id = row_int(flow_rows(flow, CONTACT), 0, 2);

	if (holder_id == transfer->holder_id)
		return true;
	transfer->who = (struct transfer_holder){ .id = holder_id };
	if (rows_count(holder))
		transfer->who.name = keep(transfer, row_text(holder, 0, 3));
	end(transfer, TRANSFER_OVERTAKEN);
	return false;
}

static enum flow_next plan(struct flow *flow, struct transfer *transfer)
{
	struct text status = row_text(flow_rows(flow, CONTACT), 0, 1);
	int64_t holder_id = row_int(flow_rows(flow, CONTACT), 0, 2);

	if (text_equals(status, TEXT("closed")))
		return end(transfer, TRANSFER_CLOSED);
	if (transfer->kind == TRANSFER_BY_HAND && holder_id == transfer->operator_id)
		return FLOW_NEXT; /* it is so already, whoever did it */
	if (transfer->kind == TRANSFER_RELEASE && !holder_id)
		return FLOW_NEXT;
	if (!is_as_seen(flow, transfer))
		return FLOW_ROLLBACK;
	if (transfer->kind == TRANSFER_BY_HAND)
		return plan_by_hand(flow, transfer);
	if (transfer->kind == TRANSFER_BY_RULE)
		return is_of_source(flow, transfer) ? plan_by_rule(flow, transfer) : FLOW_ROLLBACK;
	transfer->plan->reason = "released";
	return FLOW_NEXT;
}

static enum flow_next read_lock(struct flow *flow)
{
	struct transfer *transfer = flow_context(flow);
	const struct rows *contact = flow_rows(flow, CONTACT);

	transfer->plan = arena_alloc(flow_arena(flow), 1, sizeof(*transfer->plan));
	transfer->outcome = TRANSFER_DONE;
	if (rows_count(contact) == 0)
		return end(transfer, TRANSFER_UNKNOWN_CONTACT);
	if (transfer->kind == TRANSFER_BY_HAND &&
	    (rows_count(flow_rows(flow, SEAT)) == 0 || find_load(flow_rows(flow, LOADS), transfer->operator_id) < 0))
		return end(transfer, TRANSFER_UNKNOWN_OPERATOR);
	if (transfer->is_wanted && !transfer->is_wanted(transfer, row_int(contact, 0, 0)))
		return end(transfer, TRANSFER_OTHER_VERSION);
	return plan(flow, transfer);
}

/* -- store ------------------------------------------------------------------------------------- */

/* The trigger writes their history. */
static void ask_by_person(struct flow *flow, const struct transfer *transfer)
{
	struct args args = flow_args(flow);

	history_ask(flow, transfer->actor, transfer->plan->reason, false);
	if (transfer->kind == TRANSFER_RELEASE) {
		args_ints(&args, &transfer->contact_id, 1);
		flow_ask(flow, Q_CONTACTS_RELEASE, &args);
		return;
	}
	args_int(&args, transfer->contact_id);
	args_int(&args, transfer->operator_id);
	flow_ask(flow, Q_CONTACT_ASSIGN, &args);
}

static void ask_by_rule(struct flow *flow, const struct transfer *transfer)
{
	const struct transfer_plan *plan = transfer->plan;

	history_ask(flow, transfer->actor, NULL, true);
	moves_ask(flow, &plan->roster, transfer->holder_id, &plan->move, 1, plan->batch_id);
	credits_ask(flow, plan->record, &plan->roster);
	record_ask(flow, plan->record, plan->batch_id);
}

static void ask_store(struct flow *flow)
{
	const struct transfer *transfer = flow_context(flow);

	feed_ask(flow, transfer->feed);
	if (transfer->kind == TRANSFER_BY_RULE)
		ask_by_rule(flow, transfer);
	else if (transfer->plan->reason)
		ask_by_person(flow, transfer);
}

static void ask_contact(struct flow *flow)
{
	const struct transfer *transfer = flow_context(flow);
	struct args id = flow_args(flow);

	args_int(&id, transfer->contact_id);
	args_null(&id); /* whosever it is by now */
	flow_ask(flow, Q_CONTACT_READ, &id);
}

static enum flow_next read_contact(struct flow *flow)
{
	struct transfer *transfer = flow_context(flow);
	const struct rows *contact = flow_rows(flow, 0);

	transfer->json = keep(transfer, row_text(contact, 0, 0));
	transfer->version = row_int(contact, 0, 1);
	return FLOW_NEXT;
}

static const struct flow_step transfer_steps[] = {
	{ "look", ask_look, read_look },
	{ "lock", ask_lock, read_lock },
	{ "store", ask_store, NULL },
	{ "contact", ask_contact, read_contact },
	{ 0 },
};

static void on_done(struct flow *flow, void *context, const struct db_failure *failure)
{
	struct transfer *transfer = context;

	(void)flow;
	if (!failure->error && transfer->outcome == TRANSFER_AGAIN) {
		if (++transfer->tries < TRIES_MAX) {
			flow_start_until(transfer->pool, transfer_steps, transfer->until_ms, on_done, transfer);
			return;
		}
		transfer->outcome = TRANSFER_NOBODY;
	}
	transfer->done(transfer, failure);
}

void transfer_start(struct pool *pool, struct transfer *transfer)
{
	transfer->pool = pool;
	rng_seed(&transfer->rng, rng_entropy());
	transfer->until_ms = pool_until_ms(pool);
	flow_start_until(pool, transfer_steps, transfer->until_ms, on_done, transfer);
}
