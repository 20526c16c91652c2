/* Runs the database tests against one throw-away server; CK_FORK=no and the other variables of check work. */
#include "db/support.h"

#include "base/log.h"

#include <stdlib.h>

Suite *values_suite(void);
Suite *target_suite(void);
Suite *pool_suite(void);
Suite *loss_suite(void);
Suite *patience_suite(void);
Suite *listen_suite(void);
Suite *flow_suite(void);
Suite *flow_loss_suite(void);
Suite *storm_suite(void);
Suite *migrate_suite(void);
Suite *prepare_suite(void);

int main(void)
{
	Suite *(*const suites[])(void) = { values_suite,   target_suite,  pool_suite,   loss_suite,
					   patience_suite, listen_suite,  flow_suite,   flow_loss_suite,
					   storm_suite,    migrate_suite, prepare_suite };
	SRunner *runner = srunner_create(NULL);
	int failed;

	if (!getenv("TEST_LOG"))
		log_set_level(LOG_ERROR + 1); /* most tests provoke what is worth a line elsewhere */
	support_start();
	for (size_t i = 0; i < COUNT_OF(suites); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	support_stop();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
