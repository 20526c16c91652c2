/* The intrusive list that lines, timers and connections hang in. */
#include "base/list.h"
#include "unit/unit.h"

#include <string.h>

struct person {
	char name;
	struct list node;
};

static struct list head;
static struct person anna = { .name = 'a' }, boris = { .name = 'b' }, clara = { .name = 'c' };

/* Forwards and backwards, so that both chains are seen. */
static void assert_names(const char *wanted)
{
	const struct list *node = head.next;

	for (size_t i = 0; wanted[i]; i++, node = node->next)
		ck_assert_int_eq(LIST_ITEM(node, const struct person, node)->name, wanted[i]);
	ck_assert_ptr_eq(node, &head);
	node = head.prev;
	for (size_t i = strlen(wanted); i > 0; i--, node = node->prev)
		ck_assert_int_eq(LIST_ITEM(node, const struct person, node)->name, wanted[i - 1]);
	ck_assert_ptr_eq(node, &head);
}

static void fill(void)
{
	list_init(&head);
	list_append(&head, &anna.node);
	list_append(&head, &boris.node);
	list_append(&head, &clara.node);
}

START_TEST(a_new_list_is_empty)
{
	list_init(&head);
	ck_assert(list_is_empty(&head));
	ck_assert_ptr_null(list_shift(&head));
}
END_TEST

START_TEST(appended_nodes_come_in_their_order)
{
	fill();
	ck_assert(!list_is_empty(&head));
	assert_names("abc");
}
END_TEST

START_TEST(prepended_nodes_come_first)
{
	list_init(&head);
	list_prepend(&head, &anna.node);
	list_prepend(&head, &boris.node);
	list_append(&head, &clara.node);
	assert_names("bac");
}
END_TEST

START_TEST(any_node_can_be_taken_out)
{
	struct person *const persons[] = { &anna, &boris, &clara };
	const char *const left[] = { "bc", "ac", "ab" };

	for (size_t i = 0; i < 3; i++) {
		fill();
		list_remove(&persons[i]->node);
		assert_names(left[i]);
		ck_assert(list_is_empty(&persons[i]->node));
	}
}
END_TEST

START_TEST(taking_a_node_out_again_is_harmless)
{
	fill();
	list_remove(&boris.node);
	list_remove(&boris.node);
	assert_names("ac");
	list_append(&head, &boris.node);
	assert_names("acb");
}
END_TEST

START_TEST(shifting_takes_the_first_until_none_is_left)
{
	fill();
	ck_assert_ptr_eq(list_shift(&head), &anna.node);
	ck_assert(list_is_empty(&anna.node));
	ck_assert_ptr_eq(list_shift(&head), &boris.node);
	assert_names("c");
	ck_assert_ptr_eq(list_shift(&head), &clara.node);
	ck_assert(list_is_empty(&head));
	ck_assert_ptr_null(list_shift(&head));
}
END_TEST

UNIT_SUITE(list)
{
	tcase_add_test(tests, a_new_list_is_empty);
	tcase_add_test(tests, appended_nodes_come_in_their_order);
	tcase_add_test(tests, prepended_nodes_come_first);
	tcase_add_test(tests, any_node_can_be_taken_out);
	tcase_add_test(tests, taking_a_node_out_again_is_harmless);
	tcase_add_test(tests, shifting_takes_the_first_until_none_is_left);
}
