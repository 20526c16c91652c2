/* The intake in numbers. */
#include "service/lanes.h"

static const struct scale scale_sizes = {
	.per_unit = 1,
	.bounds = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048 },
};

void numbers_init(struct intake_numbers *numbers)
{
	numbers->sizes.scale = &scale_sizes;
	numbers->durations.scale = &scale_durations;
}

void numbers_note_end(struct intake_numbers *numbers, const struct queued_draft *queued)
{
	numbers->ended[queued->outcome]++;
	if (queued->outcome == DRAFT_STORED && !queued->result.operator_id)
		numbers->stored_waiting++;
}

void numbers_note_batch(struct intake_numbers *numbers, const struct lane *lane, const struct db_failure *failure)
{
	if (failure->error) {
		numbers->failed_batches++;
		return;
	}
	numbers->drained += batch_drained(lane->batch);
	if (batch_size(lane->batch))
		histogram_note(&numbers->sizes, (int64_t)batch_size(lane->batch));
	histogram_note(&numbers->durations, loop_now_us() - lane->started_us);
}

/* -- printing ---------------------------------------------------------------------------------- */

static void print_outcomes(const struct intake_numbers *numbers, struct buf *out)
{
	const char *name = "leadd_contacts_total";
	const struct {
		const char *labels;
		uint64_t count;
	} rows[] = {
		{ "outcome=\"assigned\"", numbers->ended[DRAFT_STORED] - numbers->stored_waiting },
		{ "outcome=\"waiting\"", numbers->stored_waiting },
		{ "outcome=\"replayed\"", numbers->ended[DRAFT_REPLAYED] },
		{ "outcome=\"key_reused\"", numbers->ended[DRAFT_KEY_REUSED] },
		{ "outcome=\"unknown_source\"", numbers->ended[DRAFT_UNKNOWN_SOURCE] },
		{ "outcome=\"refused\"", numbers->ended[DRAFT_REFUSED] },
		{ "outcome=\"unavailable\"", numbers->ended[DRAFT_UNAVAILABLE] + numbers->turned_away },
		{ "outcome=\"busy\"", numbers->ended[DRAFT_BUSY] },
		{ "outcome=\"outcome_unknown\"", numbers->ended[DRAFT_OUTCOME_UNKNOWN] },
		{ "outcome=\"failed\"", numbers->ended[DRAFT_FAILED] },
	};

	metrics_begin(out, name, METRIC_COUNTER,
		      "Contacts that came in, singly or many at once, by what became of them.");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		metrics_sample(out, name, rows[i].labels, rows[i].count);
}

static void print_lines(const struct intake *intake, struct buf *out)
{
	const char *name = "leadd_intake_waiting";
	uint64_t contacts = 0, parked = 0;

	for (const struct list *node = intake->parked.next; node != &intake->parked; node = node->next, parked++)
		contacts += LIST_ITEM(node, struct parked, node)->drafts.length;
	metrics_begin(out, name, METRIC_GAUGE, "Contacts that wait for their batch.");
	metrics_sample(out, name, "line=\"single\"", intake->line.length + intake->suspects.length);
	metrics_sample(out, name, "line=\"bulk\"", intake->bulk.length);
	metrics_sample(out, name, "line=\"parked\"", contacts);
	metrics_gauge(out, "leadd_intake_queued", "Contacts that wait or are in a batch now.", intake->queued);
	metrics_gauge(out, "leadd_intake_queued_max", "As set; beyond it contacts are turned away.", intake->line_max);
	metrics_begin(out, "leadd_intake_wait_expected_seconds", METRIC_GAUGE,
		      "How long a single contact that comes now is expected to wait for its batch.");
	metrics_sample_us(out, "leadd_intake_wait_expected_seconds", "", intake_wait_us(intake));
	metrics_gauge(out, "leadd_intake_parked", "Sources, leads and keys that wait apart for somebody's lock.",
		      parked);
}

void intake_print_metrics(const struct intake *intake, struct buf *out)
{
	const struct intake_numbers *numbers = &intake->numbers;

	print_outcomes(numbers, out);
	print_lines(intake, out);
	metrics_counter(out, "leadd_drained_contacts_total",
			"Contacts that waited and were given to an operator by themselves.", numbers->drained);
	metrics_begin(out, "leadd_batch_contacts", METRIC_HISTOGRAM, "New contacts in one transaction.");
	metrics_histogram(out, "leadd_batch_contacts", "", &numbers->sizes);
	metrics_begin(out, "leadd_batch_seconds", METRIC_HISTOGRAM, "From the start of a batch to its commit.");
	metrics_histogram(out, "leadd_batch_seconds", "", &numbers->durations);
	metrics_counter(out, "leadd_batches_failed_total",
			"Batches that were undone; they are tried again, or answered with 503.",
			numbers->failed_batches);
}
