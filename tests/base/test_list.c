/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>

#include "base/list.h"

struct item {
	int value;
	struct list node;
};

static struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};

static void fill(struct list *head)
{
	list_init(head);
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		list_append(head, &items[i].node);
}

static int digits(const struct list *head)
{
	int sum = 0;

	LIST_EACH (it, head)
		sum = sum * 10 + LIST_ENTRY(it, struct item, node)->value + 1;
	return sum;
}

Test(list, order_and_unlink)
{
	struct list head;

	list_init(&head);
	cr_assert(list_is_empty(&head));
	cr_assert_null(list_take_first(&head));
	fill(&head);
	cr_assert_eq(digits(&head), 1234);
	list_unlink(&items[2].node);
	list_unlink(&items[2].node);
	cr_assert_eq(digits(&head), 124);
	list_insert_before(&items[0].node, &items[2].node);
	cr_assert_eq(digits(&head), 3124);
	cr_assert_eq(list_take_first(&head), &items[2].node);
	cr_assert(list_is_empty(&items[2].node));
	cr_assert_eq(digits(&head), 124);
}

Test(list, unlinking_while_walking)
{
	for (unsigned int mask = 0; mask < 16; mask++) {
		struct list head;
		unsigned int seen = 0, left = 0;

		fill(&head);
		LIST_EACH (it, &head) {
			int value = LIST_ENTRY(it, struct item, node)->value;

			seen |= 1u << value;
			if (mask & 1u << value)
				list_unlink(it);
		}
		LIST_EACH (it, &head)
			left |= 1u << LIST_ENTRY(it, struct item, node)->value;
		cr_assert_eq(seen, 15u, "mask %u", mask);
		cr_assert_eq(left, 15u & ~mask, "mask %u", mask);
	}
}
