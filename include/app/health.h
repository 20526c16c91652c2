/* `leadd health`: whether the service of these settings is ready, for containers, which have no other client inside. */
#ifndef LEADD_APP_HEALTH_H
#define LEADD_APP_HEALTH_H

#include "app/config.h"
#include "base/log.h"

/* Asks for /health/ready on HOST and PORT. EXIT_ASKED when it is; else EXIT_WRONG, and stderr says why. */
enum exit_code health_ask(const struct config *config);

#endif
