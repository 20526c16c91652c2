/* What a person's word, a choice made again, and a departure have in common: contacts that exist go elsewhere. */
#include "service/batch.h"

void history_ask(struct flow *flow, const char *actor, const char *reason, bool writes_own)
{
	struct args args = flow_args(flow);

	args_text(&args, text_of(actor));
	args_text(&args, text_of(reason));
	args_bool(&args, writes_own);
	flow_ask(flow, Q_HISTORY_AS, &args);
}

enum { CONTACT_IDS, OPERATOR_IDS, ORDINALS, DRAWS, NUMBERS };
enum { WAITING_REASONS, REASONS, TEXTS };

void moves_ask(struct flow *flow, const struct roster *roster, int64_t holder_id, const struct move *moves,
	       size_t count, int64_t batch_id)
{
	struct arena *arena = flow_arena(flow);
	int64_t *numbers[NUMBERS];
	struct text *texts[TEXTS];
	struct args args = flow_args(flow);

	if (!count)
		return;
	for (size_t k = 0; k < NUMBERS; k++)
		numbers[k] = arena_alloc(arena, count, sizeof(**numbers));
	for (size_t k = 0; k < TEXTS; k++)
		texts[k] = arena_alloc(arena, count, sizeof(**texts));
	for (size_t i = 0; i < count; i++) {
		const struct choice *choice = &moves[i].choice;

		numbers[CONTACT_IDS][i] = moves[i].contact_id;
		numbers[OPERATOR_IDS][i] = choice->seat == NOBODY ? 0 : roster->seats[choice->seat].operator_id;
		numbers[ORDINALS][i] = moves[i].ordinal;
		numbers[DRAWS][i] = stored_draw(choice);
		texts[WAITING_REASONS][i] = text_of(waiting_reason_name(choice->reason));
		texts[REASONS][i] = text_of(choice_reason(&moves[i].wish, choice));
	}
	args_ints(&args, numbers[CONTACT_IDS], count);
	args_ints_or_null(&args, numbers[OPERATOR_IDS], count);
	for (size_t k = 0; k < TEXTS; k++)
		args_texts(&args, texts[k], count);
	args_ints(&args, numbers[ORDINALS], count);
	args_ints(&args, numbers[DRAWS], count);
	args_int(&args, batch_id);
	args_int_or_null(&args, holder_id);
	flow_ask(flow, Q_MOVES_STORE, &args);
}
