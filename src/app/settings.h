/* The table of settings: for the command line alone, everybody else reads struct config. */
#ifndef LEADD_APP_SETTINGS_H
#define LEADD_APP_SETTINGS_H

#include "app/config.h"

enum { SETTINGS_MAX = 40 }; /* room for one value of each */

/*
 * "--port 1", "--port=1": notes it in values, unchecked; the number of arguments it took. Ends the process with
 * EXIT_ARGUMENTS when it is no setting.
 */
int settings_read_flag(const char **values, char **argv);

/* Sets all, from values, else from the environment. Ends the process with EXIT_CONFIG where one breaks its rule. */
void settings_fill(struct config *config, const char *const *values);

/* Of one number within bounds; false: it is none. */
bool settings_read_number(const char *word, int64_t least, int64_t most, int64_t *number_out);

/* The part of --help. */
void settings_print_help(struct buf *out);

#endif
