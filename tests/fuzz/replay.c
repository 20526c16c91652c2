/* Feeds the targets with what is stored in folder/<target>/, without any fuzzer: replay FOLDER. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20 };

static const char *input; /* path of what is being fed */

/* Where a claim does not hold the process ends: this says with which input. */
static void on_end(int number)
{
	(void)number;
	if (input && (write(STDERR_FILENO, input, strlen(input)) < 0 || write(STDERR_FILENO, "\n", 1) < 0))
		_exit(1);
}

static bool replay_file(const struct fuzz_target *target, const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t length;

	if (!file)
		return false;
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	target->run(bytes, length);
	return true;
}

/* Returns the number of inputs; 0: there are none, which is a fault. */
static int replay_folder(const struct fuzz_target *target, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int count = 0;

	while (folder && (entry = readdir(folder))) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		input = name;
		count += replay_file(target, name);
		input = NULL;
	}
	if (folder)
		closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	signal(SIGABRT, on_end);
	for (const struct fuzz_target *target = fuzz_targets; argc == 2 && target->name; target++) {
		char path[2048];
		int count;

		snprintf(path, sizeof(path), "%s/%s", argv[1], target->name);
		count = replay_folder(target, path);
		printf("%s: %d inputs\n", target->name, count);
		passed += count > 0;
		failed += count == 0;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
