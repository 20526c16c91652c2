/* Cursors: only the token that was printed for an id is read, and as that id. */
#include "fuzz/fuzz.h"

#include "api/fields.h"

static const char *const lists[] = { "contacts", "operators", "leads|sources", "a|contacts.waiting|operators" };

/* Whether it is the token of that id in one of the lists of "a|b". */
static bool is_printed(struct arena *arena, const char *list, int64_t id, struct text token)
{
	while (*list) {
		size_t length = strcspn(list, "|");

		if (text_equals(text_of(cursor_print(arena, arena_copy(arena, list, length), id)), token))
			return true;
		list += length + (list[length] == '|');
	}
	return false;
}

static void hold_read(struct arena *arena, struct text token)
{
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		int64_t id = cursor_read(lists[i], token);

		HOLDS(id >= 0);
		if (id > 0)
			HOLDS(is_printed(arena, lists[i], id, token));
	}
}

/* The bytes as an id: what is printed is read again, and by its own list alone. */
static void hold_printed(struct arena *arena, const uint8_t *bytes, size_t length)
{
	int64_t id = 0;

	memcpy(&id, bytes, length < sizeof(id) ? length : sizeof(id));
	id &= INT64_MAX;
	if (id == 0)
		return;
	HOLDS(cursor_read("contacts", text_of(cursor_print(arena, "contacts", id))) == id);
	HOLDS(cursor_read("operators", text_of(cursor_print(arena, "contacts", id))) == 0);
	HOLDS(cursor_read("operators|contacts", text_of(cursor_print(arena, "contacts", id))) == id);
}

void fuzz_cursor(const uint8_t *bytes, size_t length)
{
	struct arena *arena = arena_new();
	char *token = mem_copy(bytes, length);

	hold_read(arena, (struct text){ token, length });
	hold_printed(arena, bytes, length);
	mem_free(token);
	arena_free(&arena);
}
