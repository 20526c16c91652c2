/*
 * Decisions made again: for thousands of random batches, every choice is recomputed from what is stored of it. What is
 * stored is written down here as src/service/record.c does.
 */
#include "domain/decision.h"
#include "base/mem.h"
#include "unit/rosters.h"
#include "unit/unit.h"

#include <string.h>

enum { BATCHES = 4000, CONTACTS = 40 };

/* One contact of a batch: what the choice was made from, and what came of it. */
struct step {
	struct wish wish;
	struct choice choice;
	struct seat seats[WORLD_SEATS]; /* at that moment */
	struct link links[WORLD_LINKS];
};

struct batch {
	struct world before, after;
	struct step steps[CONTACTS];
	size_t count;
};

static void batch_run(struct batch *batch, struct rng *rng)
{
	enum strategy strategies[WORLD_SOURCES];
	struct world *world = &batch->after;

	world_fill(world, rng);
	batch->before = *world;
	batch->count = 1 + (size_t)rng_below(rng, CONTACTS);
	for (size_t i = 0; i < WORLD_SOURCES; i++)
		strategies[i] = random_wish(rng).strategy;
	for (size_t i = 0; i < batch->count; i++) {
		struct step *step = &batch->steps[i];

		step->wish = random_wish(rng);
		step->wish.strategy = strategies[step->wish.source_id / 10 - 1];
		memcpy(step->seats, world->seats, sizeof(step->seats));
		memcpy(step->links, world->links, sizeof(step->links));
		step->choice = assign_one(&world->roster, &step->wish, rng);
	}
}

/* What is stored for one source, with room to make it again. */
struct stored {
	struct decision decision;
	struct seat seats[WORLD_SEATS], seats_again[WORLD_SEATS];
	struct link links[WORLD_SEATS], links_again[WORLD_SEATS];
	struct taking takings[CONTACTS];
	size_t places[WORLD_SEATS]; /* of the world's seats among the source's */
	struct roster roster;
};

enum { ELSEWHERE = 99 };

/* Only the source's operators are stored, each with its link, and the choices that gave one of them a contact. */
static void store(struct stored *stored, const struct batch *batch, const struct wish *wish)
{
	const struct roster *before = &batch->before.roster;
	struct link_range range = roster_links_of(before, wish->source_id);
	struct decision *decision = &stored->decision;

	*stored = (struct stored){ .decision = { .source_id = wish->source_id, .strategy = wish->strategy } };
	for (size_t i = 0; i < WORLD_SEATS; i++)
		stored->places[i] = ELSEWHERE;
	for (size_t i = 0; i < range.count; i++) {
		const struct link *link = &batch->before.links[range.first + i];

		stored->places[link->seat] = i;
		stored->seats[i] = batch->before.seats[link->seat];
		stored->links[i] = *link;
		stored->links[i].seat = i;
	}
	for (size_t i = 0; i < batch->count; i++) {
		const struct choice *choice = &batch->steps[i].choice;
		bool is_own = !choice->is_sticky && batch->steps[i].wish.source_id == wish->source_id;

		if (choice->seat != NOBODY && stored->places[choice->seat] != ELSEWHERE)
			stored->takings[decision->taking_count++] =
				(struct taking){ (int)i, stored->places[choice->seat], is_own };
	}
	decision->seats = stored->seats;
	decision->links = stored->links;
	decision->count = range.count;
	decision->takings = stored->takings;
	stored->roster = roster_of(stored->seats_again, 0, stored->links_again, 0);
}

/* The operators are as they were at that moment; of last contacts it is the order that counts. */
static void check_moment(const struct stored *stored, const struct batch *batch, const struct step *step)
{
	size_t first = roster_links_of(&batch->before.roster, step->wish.source_id).first;

	for (size_t i = 0; i < stored->decision.count; i++) {
		const struct link *link = &step->links[first + i];
		const struct seat *seat = &step->seats[link->seat], *again = &stored->seats_again[i];

		must_hold(again->operator_id == seat->operator_id);
		must_hold(again->load == seat->load);
		must_hold(again->limit == seat->limit);
		must_hold(again->is_active == seat->is_active);
		must_hold(stored->links_again[i].weight == link->weight);
		must_hold(stored->links_again[i].credit == link->credit);
		for (size_t k = 0; k < i; k++)
			must_hold((again->last_contact_id < stored->seats_again[k].last_contact_id) ==
				  (seat->last_contact_id < step->seats[step->links[first + k].seat].last_contact_id));
	}
}

/* The same operator comes of it, for the same reason. */
static void check_choice(struct stored *stored, const struct step *step)
{
	struct choice again = assign_with_draw(&stored->roster, &step->wish, step->choice.draw);

	must_hold(again.reason == step->choice.reason);
	must_hold(again.is_sticky == step->choice.is_sticky);
	must_hold(again.is_drawn == step->choice.is_drawn);
	if (step->choice.seat == NOBODY)
		must_hold(again.seat == NOBODY);
	else
		must_hold(again.seat == (ptrdiff_t)stored->places[step->choice.seat]);
}

static void for_many_contacts(void (*check)(struct stored *stored, const struct batch *batch, const struct step *step))
{
	static struct batch batch;
	static struct stored stored;
	struct rng rng;

	rng_seed(&rng, 77);
	for (int round = 0; round < BATCHES; round++) {
		batch_run(&batch, &rng);
		for (size_t i = 0; i < batch.count; i++) {
			store(&stored, &batch, &batch.steps[i].wish);
			decision_at(&stored.decision, (int)i, &stored.roster);
			check(&stored, &batch, &batch.steps[i]);
		}
	}
}

static void check_again(struct stored *stored, const struct batch *batch, const struct step *step)
{
	check_moment(stored, batch, step);
	check_choice(stored, step);
}

START_TEST(every_choice_made_again_gives_the_same_operator_from_the_same_loads)
{
	for_many_contacts(check_again);
}
END_TEST

static void check_unstored(struct stored *stored, const struct batch *batch, const struct step *step)
{
	struct decision *decision = &stored->decision;
	int ordinal = (int)(step - batch->steps);

	while (decision->taking_count && stored->takings[decision->taking_count - 1].ordinal >= ordinal)
		decision->taking_count--;
	decision_at(decision, ordinal, &stored->roster);
	check_again(stored, batch, step);
}

START_TEST(what_came_later_in_the_batch_need_not_be_known)
{
	for_many_contacts(check_unstored);
}
END_TEST

START_TEST(the_stored_rows_stay_as_they_are)
{
	struct seat seats[] = { { 1, 0, 2, 0, true } }, seats_again[1];
	struct link links[] = { { 10, 0, 1000, 300 } }, links_again[1];
	const struct taking takings[] = { { 0, 0, true }, { 1, 0, false } };
	const struct decision decision = { 10, STRATEGY_SMOOTH_WEIGHTED, seats, links, 1, takings, 2 };
	struct roster roster = roster_of(seats_again, 0, links_again, 0);

	decision_at(&decision, 2, &roster);
	ck_assert_int_eq(seats_again[0].load, 2);
	ck_assert_int_eq(seats[0].load, 0);
	ck_assert_int_eq(links[0].credit, 300);
	decision_at(&decision, 0, &roster);
	ck_assert_int_eq(seats_again[0].load, 0);
}
END_TEST

static bool repeats(enum strategy strategy, struct recorded_choice recorded)
{
	struct seat seats[] = { { 1, 0, 2, 0, true }, { 2, 0, 1, 0, true }, { 3, 0, 0, 0, true } }, seats_again[3];
	struct link links[] = { { 10, 0, 1000, 0 }, { 10, 1, 2000, 0 }, { 10, 2, 500, 0 } }, links_again[3];
	const struct taking takings[] = { { 0, 0, true }, { 1, 1, true }, { 2, 0, false } };
	const struct decision decision = { 10, strategy, seats, links, 3, takings, 3 };
	struct roster roster = roster_of(seats_again, 0, links_again, 0);

	return decision_repeats(&decision, &recorded, &roster);
}

/* Ordinal, operator, sticky, draw: two places of the first, one of the second, none of the third. */
START_TEST(a_record_that_the_rule_does_not_give_is_noticed)
{
	ck_assert(repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 1, false, 999 }));
	ck_assert(repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 2, false, 1000 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 1, false, 1000 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 2, false, 3000 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 1, false, -1 }));
	ck_assert(repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 2, true, -1 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 3, true, -1 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 0, 0, false, -1 }));
	ck_assert(repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 3, 0, false, -1 }));
	ck_assert(!repeats(STRATEGY_WEIGHTED_RANDOM, (struct recorded_choice){ 3, 1, false, 0 }));
	ck_assert(repeats(STRATEGY_LEAST_LOADED, (struct recorded_choice){ 0, 2, false, -1 }));
	ck_assert(!repeats(STRATEGY_LEAST_LOADED, (struct recorded_choice){ 0, 2, false, 0 }));
	ck_assert(repeats(STRATEGY_LEAST_LOADED, (struct recorded_choice){ 2, 1, false, -1 }));
}
END_TEST

/* How much was seen, and that it was of every kind. */
START_TEST(the_random_batches_hold_thousands_of_choices_of_every_kind)
{
	static struct batch batch;
	int chosen[STRATEGY_LEAST_RECENT + 1] = { 0 }, sticky = 0, waiting = 0;
	struct rng rng;

	rng_seed(&rng, 77);
	for (int round = 0; round < BATCHES; round++) {
		batch_run(&batch, &rng);
		for (size_t i = 0; i < batch.count; i++) {
			const struct choice *choice = &batch.steps[i].choice;

			waiting += choice->seat == NOBODY;
			sticky += choice->is_sticky;
			chosen[batch.steps[i].wish.strategy] += choice->seat != NOBODY && !choice->is_sticky;
		}
	}
	for (size_t i = 0; i < COUNT_OF(chosen); i++)
		ck_assert_int_gt(chosen[i], 5000);
	ck_assert_int_gt(sticky, 1000);
	ck_assert_int_gt(waiting, 3000);
}
END_TEST

UNIT_SUITE(decision)
{
	tcase_add_test(tests, every_choice_made_again_gives_the_same_operator_from_the_same_loads);
	tcase_add_test(tests, what_came_later_in_the_batch_need_not_be_known);
	tcase_add_test(tests, the_stored_rows_stay_as_they_are);
	tcase_add_test(tests, a_record_that_the_rule_does_not_give_is_noticed);
	tcase_add_test(tests, the_random_batches_hold_thousands_of_choices_of_every_kind);
}
