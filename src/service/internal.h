/* What the files of this layer share privately. */
#ifndef LEADD_SERVICE_INTERNAL_H
#define LEADD_SERVICE_INTERNAL_H

#include "db/flow.h"
#include "service/intake.h"

/* A lead as the database knows it, to be found by external id. */
struct known_lead {
	struct text external_id;
	int64_t id;
};

struct known_leads {
	const struct known_lead *items; /* sorted */
	size_t count;
};

/* Asks two statements: makes the leads that are new, then reads the ids of all. */
void batch_leads_ask(struct flow *flow, struct queued_draft *const *drafts, size_t count);

/* The answer of the second one; borrows its texts. */
struct known_leads batch_leads_read(struct flow *flow, const struct rows *rows);

/* The id of a lead that is certain to be known. */
int64_t known_lead_id(const struct known_leads *leads, struct text external_id);

/* Asks one statement, or none where no draft says anything of its lead. The drafts' results name the leads. */
void batch_leads_ask_changes(struct flow *flow, struct queued_draft *const *drafts, size_t draft_count);

#endif
