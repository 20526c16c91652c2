/* Whole batches: rules that hold for every roster, over thousands of random ones with a fixed seed. */
#include "domain/assign.h"
#include "unit/rosters.h"
#include "unit/unit.h"

#include <string.h>

enum { ROUNDS = 3000, SEATS = 10, SOURCES = 4, LINKS = SEATS * SOURCES, CONTACTS = 60 };

/* A roster, the contacts to be planned, and what became of them. */
struct batch {
	struct seat seats[SEATS], before[SEATS];
	struct link links[LINKS];
	struct roster roster;
	int64_t source_ids[CONTACTS];
	struct choice choices[CONTACTS];
	size_t count;
};

/* Everything that can be is there: links of weight 0, inactive, full and overfull operators, sources without links. */
static void batch_fill(struct batch *batch, struct rng *rng)
{
	*batch = (struct batch){ .count = (size_t)rng_below(rng, CONTACTS + 1) };
	batch->roster = roster_of(batch->seats, (size_t)rng_below(rng, SEATS + 1), batch->links, 0);
	for (size_t i = 0; i < batch->roster.seat_count; i++)
		batch->seats[i] = (struct seat){ (int64_t)i + 1, (int64_t)rng_below(rng, 6),
						 (int64_t)rng_below(rng, 12), 0, rng_below(rng, 4) > 0 };
	for (int64_t source = 1; source <= SOURCES; source++)
		for (size_t seat = 0; seat < batch->roster.seat_count; seat++)
			if (rng_below(rng, 2))
				batch->links[batch->roster.link_count++] =
					(struct link){ source * 10, seat,
						       rng_below(rng, 3) ? (int64_t)rng_below(rng, 5000) : 0, 0 };
	for (size_t i = 0; i < batch->count; i++)
		batch->source_ids[i] = ((int64_t)rng_below(rng, SOURCES) + 1) * 10;
	memcpy(batch->before, batch->seats, sizeof(batch->seats));
}

static void batch_plan(struct batch *batch, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	plan(&batch->roster, batch->source_ids, batch->count, &rng, batch->choices);
}

/* The rule itself, said anew: the weight with which a seat may take a contact of that source now; 0: it may not. */
static int64_t weight_for(const struct batch *batch, const struct seat *seats, int64_t source_id, size_t seat)
{
	if (!seats[seat].is_active || seats[seat].load >= seats[seat].limit)
		return 0;
	for (size_t i = 0; i < batch->roster.link_count; i++)
		if (batch->links[i].source_id == source_id && batch->links[i].seat == seat)
			return batch->links[i].weight;
	return 0;
}

static int64_t weight_sum(const struct batch *batch, const struct seat *seats, int64_t source_id)
{
	int64_t sum = 0;

	for (size_t i = 0; i < batch->roster.seat_count; i++)
		sum += weight_for(batch, seats, source_id, i);
	return sum;
}

/* Runs a check on many planned batches. */
static void for_many_batches(void (*check)(const struct batch *batch))
{
	static struct batch batch;
	struct rng rng;

	rng_seed(&rng, 2026);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		batch_fill(&batch, &rng);
		batch_plan(&batch, round);
		check(&batch);
	}
}

/* Goes through the choices in their order, the loads growing as they must have. */
static void check_each_choice(const struct batch *batch)
{
	struct seat now[SEATS];

	memcpy(now, batch->before, sizeof(now));
	for (size_t i = 0; i < batch->count; i++) {
		const struct choice *choice = &batch->choices[i];

		if (choice->seat == NOBODY)
			continue;
		ck_assert_int_ge(choice->seat, 0);
		ck_assert_uint_lt((size_t)choice->seat, batch->roster.seat_count);
		ck_assert_int_gt(weight_for(batch, now, batch->source_ids[i], (size_t)choice->seat), 0);
		now[choice->seat].load++;
	}
}

START_TEST(full_inactive_weightless_and_unlinked_operators_are_never_picked)
{
	for_many_batches(check_each_choice);
}
END_TEST

static void check_limits(const struct batch *batch)
{
	for (size_t i = 0; i < batch->roster.seat_count; i++) {
		const struct seat *seat = &batch->seats[i];

		if (seat->load != batch->before[i].load)
			ck_assert_int_le(seat->load, seat->limit);
		ck_assert_int_eq(seat->limit, batch->before[i].limit);
		ck_assert_int_eq(seat->is_active, batch->before[i].is_active);
		ck_assert_int_eq(seat->operator_id, batch->before[i].operator_id);
	}
}

START_TEST(no_plan_exceeds_a_limit)
{
	for_many_batches(check_limits);
}
END_TEST

static void check_loads(const struct batch *batch)
{
	int64_t taken[SEATS] = { 0 };

	for (size_t i = 0; i < batch->count; i++)
		if (batch->choices[i].seat != NOBODY)
			taken[batch->choices[i].seat]++;
	for (size_t i = 0; i < batch->roster.seat_count; i++)
		ck_assert_int_eq(batch->seats[i].load, batch->before[i].load + taken[i]);
}

START_TEST(each_choice_raises_one_load_by_one)
{
	for_many_batches(check_loads);
}
END_TEST

static void check_waiting(const struct batch *batch)
{
	struct seat now[SEATS];

	memcpy(now, batch->before, sizeof(now));
	for (size_t i = 0; i < batch->count; i++) {
		const struct choice *choice = &batch->choices[i];
		bool is_taken = weight_sum(batch, now, batch->source_ids[i]) > 0;

		ck_assert_int_eq(choice->seat != NOBODY, is_taken);
		ck_assert_int_eq(choice->reason == WAITING_NOT, is_taken);
		if (is_taken)
			now[choice->seat].load++;
	}
}

START_TEST(a_contact_waits_only_while_nobody_could_take_it)
{
	for_many_batches(check_waiting);
}
END_TEST

/* The same draw on the same roster gives the same operator: what the history's records rest on. */
static void check_recomputable(const struct batch *batch)
{
	struct seat now[SEATS];
	struct roster roster = batch->roster;

	memcpy(now, batch->before, sizeof(now));
	roster.seats = now;
	for (size_t i = 0; i < batch->count; i++) {
		const struct choice *choice = &batch->choices[i];

		if (choice->seat == NOBODY) {
			ck_assert_uint_eq(choice->draw, 0);
			continue;
		}
		ck_assert_uint_lt(choice->draw, (uint64_t)weight_sum(batch, now, batch->source_ids[i]));
		ck_assert_int_eq(seat_at(&roster, batch->source_ids[i], choice->draw), choice->seat);
		now[choice->seat].load++;
	}
}

START_TEST(every_choice_can_be_recomputed_from_its_draw)
{
	for_many_batches(check_recomputable);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_plan)
{
	static struct batch first, second;
	struct rng rng;

	for (uint64_t round = 0; round < 100; round++) {
		rng_seed(&rng, round);
		batch_fill(&first, &rng);
		rng_seed(&rng, round);
		batch_fill(&second, &rng);
		batch_plan(&first, round);
		batch_plan(&second, round);
		for (size_t i = 0; i < first.count; i++) {
			ck_assert_int_eq(first.choices[i].seat, second.choices[i].seat);
			ck_assert_uint_eq(first.choices[i].draw, second.choices[i].draw);
		}
	}
}
END_TEST

START_TEST(what_does_not_fit_into_the_free_places_waits)
{
	static struct batch batch;
	struct rng rng;

	rng_seed(&rng, 3);
	for (int round = 0; round < ROUNDS; round++) {
		size_t places = 0, waiting = 0;

		batch_fill(&batch, &rng);
		batch.roster.link_count = batch.roster.seat_count;
		for (size_t i = 0; i < batch.roster.seat_count; i++) {
			batch.seats[i].is_active = true;
			batch.links[i] = (struct link){ 10, i, 1 + (int64_t)rng_below(&rng, 1000), 0 };
			if (batch.seats[i].load < batch.seats[i].limit)
				places += (size_t)(batch.seats[i].limit - batch.seats[i].load);
		}
		for (size_t i = 0; i < batch.count; i++)
			batch.source_ids[i] = 10;
		batch_plan(&batch, (uint64_t)round);
		for (size_t i = 0; i < batch.count; i++)
			waiting += batch.choices[i].seat == NOBODY;
		ck_assert_uint_eq(waiting, batch.count > places ? batch.count - places : 0);
	}
}
END_TEST

START_TEST(a_place_that_one_source_took_is_gone_for_the_others)
{
	struct seat seats[] = { { 7, 0, 2, 0, true } };
	struct link links[] = { { 1, 0, 5, 0 }, { 2, 0, 1000, 0 }, { 3, 0, 0, 0 } };
	struct roster roster = roster_of(seats, 1, links, 3);
	const int64_t source_ids[] = { 1, 3, 2, 1, 2, 4 };
	const enum waiting_reason reasons[] = { WAITING_NOT,  WAITING_WEIGHT_ZERO, WAITING_NOT,
						WAITING_FULL, WAITING_FULL,        WAITING_NO_OPERATORS };
	struct choice choices[6];
	struct rng rng;

	rng_seed(&rng, 1);
	plan(&roster, source_ids, 6, &rng, choices);
	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(choices[i].reason, reasons[i]);
	ck_assert_int_eq(seats[0].load, 2);
}
END_TEST

START_TEST(sources_that_share_operators_fill_exactly_the_common_places)
{
	struct seat seats[] = { { 1, 0, 3, 0, true }, { 2, 0, 3, 0, true }, { 3, 0, 3, 0, true } };
	/* The first source has operators 1 and 2, the second 2 and 3. */
	struct link links[] = { { 1, 0, 10, 0 }, { 1, 1, 10, 0 }, { 2, 1, 10, 0 }, { 2, 2, 10, 0 } };
	struct roster roster = roster_of(seats, 3, links, 4);
	int64_t source_ids[20];
	struct choice choices[20];
	struct rng rng;

	for (size_t i = 0; i < 20; i++)
		source_ids[i] = i % 2 ? 1 : 2;
	rng_seed(&rng, 1);
	plan(&roster, source_ids, 20, &rng, choices);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(seats[i].load, 3);
	for (size_t i = 0; i < 20; i++)
		if (choices[i].seat != NOBODY)
			ck_assert_int_ne(choices[i].seat, source_ids[i] == 1 ? 2 : 0);
}
END_TEST

START_TEST(an_operator_above_a_lowered_limit_keeps_its_contacts_and_gets_none)
{
	struct seat seats[] = { { 1, 9, 5, 0, true }, { 2, 0, 2, 0, true } };
	struct link links[] = { { 1, 0, 1000000, 0 }, { 1, 1, 1, 0 } };
	struct roster roster = roster_of(seats, 2, links, 2);
	const int64_t source_ids[] = { 1, 1, 1 };
	struct choice choices[3];
	struct rng rng;

	rng_seed(&rng, 1);
	plan(&roster, source_ids, 3, &rng, choices);
	ck_assert_int_eq(seats[0].load, 9);
	ck_assert_int_eq(seats[1].load, 2);
	ck_assert_int_eq(choices[2].reason, WAITING_FULL);
}
END_TEST

START_TEST(the_only_candidate_takes_every_contact_until_it_is_full)
{
	struct seat seats[] = { { 1, 0, 5, 0, true } };
	struct link links[] = { { 1, 0, 1, 0 } };
	struct roster roster = roster_of(seats, 1, links, 1);
	const int64_t source_ids[] = { 1, 1, 1, 1, 1, 1 };
	struct choice choices[6];
	struct rng rng;

	rng_seed(&rng, 1);
	plan(&roster, source_ids, 6, &rng, choices);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(choices[i].seat, 0);
	ck_assert_int_eq(choices[5].seat, NOBODY);
	ck_assert_int_eq(choices[5].reason, WAITING_FULL);
}
END_TEST

START_TEST(no_contacts_are_planned_without_a_draw)
{
	struct roster roster = { 0 };
	struct rng rng, before;

	rng_seed(&rng, 1);
	before = rng;
	plan(&roster, NULL, 0, &rng, NULL);
	ck_assert_mem_eq(&rng, &before, sizeof(rng));
}
END_TEST

UNIT_SUITE(assign_plan)
{
	tcase_add_test(tests, full_inactive_weightless_and_unlinked_operators_are_never_picked);
	tcase_add_test(tests, no_plan_exceeds_a_limit);
	tcase_add_test(tests, each_choice_raises_one_load_by_one);
	tcase_add_test(tests, a_contact_waits_only_while_nobody_could_take_it);
	tcase_add_test(tests, every_choice_can_be_recomputed_from_its_draw);
	tcase_add_test(tests, the_same_seed_gives_the_same_plan);
	tcase_add_test(tests, what_does_not_fit_into_the_free_places_waits);
	tcase_add_test(tests, a_place_that_one_source_took_is_gone_for_the_others);
	tcase_add_test(tests, sources_that_share_operators_fill_exactly_the_common_places);
	tcase_add_test(tests, an_operator_above_a_lowered_limit_keeps_its_contacts_and_gets_none);
	tcase_add_test(tests, the_only_candidate_takes_every_contact_until_it_is_full);
	tcase_add_test(tests, no_contacts_are_planned_without_a_draw);
}
