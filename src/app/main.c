/* Arguments in, exit code out. */
#include "app/app.h"
#include "app/commands.h"
#include "app/health.h"

#include <stdio.h>

static void print(void (*printer)(struct buf *out))
{
	struct buf text;

	buf_init(&text);
	printer(&text);
	fputs(text.bytes, stdout);
	buf_done(&text);
}

int main(int argc, char **argv)
{
	enum command command;
	struct config config = config_read(argc, argv, &command);

	switch (command) {
	case COMMAND_HELP:
		print(config_print_help);
		return EXIT_ASKED;
	case COMMAND_SETTINGS:
		print(config_print_markdown);
		return EXIT_ASKED;
	case COMMAND_VERSION:
		puts("leadd " LEADD_VERSION);
		return EXIT_ASKED;
	case COMMAND_MIGRATE:
		return (int)app_migrate(&config);
	case COMMAND_EXPLAIN:
		return (int)command_explain(&config);
	case COMMAND_AUDIT:
		return (int)command_audit(&config);
	case COMMAND_KEY_CREATE:
		return (int)command_key_create(&config);
	case COMMAND_KEY_LIST:
		return (int)command_key_list(&config);
	case COMMAND_KEY_REVOKE:
		return (int)command_key_revoke(&config);
	case COMMAND_HEALTH:
		return (int)health_ask(&config);
	case COMMAND_SERVE:
		return (int)app_serve(&config);
	}
	return EXIT_BUG;
}
