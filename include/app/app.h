/* Starts everything in its order, serves, and stops everything in the reverse. */
#ifndef LEADD_APP_APP_H
#define LEADD_APP_APP_H

#include "app/config.h"
#include "base/log.h"

/* Serves until a signal asks to stop. */
enum exit_code app_serve(const struct config *config);

/* Brings the schema up to date. */
enum exit_code app_migrate(const struct config *config);

#endif
