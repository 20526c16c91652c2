/* What the files of the audit share. */
#ifndef LEADD_SRC_APP_AUDIT_H
#define LEADD_SRC_APP_AUDIT_H

#include "app/commands.h"

/* What a rule came to. */
struct finding {
	int64_t checked, wrong;
	int64_t mended;      /* of the wrong ones */
	struct buf examples; /* one a line */
};

enum { EXAMPLES_MAX = 5 };

/*
 * Makes the newest choices again: the same operators must come of them, and each decision must count what history
 * says, and the chances that there were. False: a statement failed. (A rule of several statements, between which C
 * decides; all others are SQL.)
 */
bool audit_decisions(struct command_run *run, struct finding *finding);

#endif
