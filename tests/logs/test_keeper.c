/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <string.h>

#include "logs/keeper.h"

static void expect_words(const char *const *words, size_t n)
{
	cr_assert_null(words[n]);
	for (size_t i = 0; i < n; i++) {
		cr_assert_not_null(words[i]);
		for (size_t k = 0; k < i; k++)
			cr_expect_str_neq(words[i], words[k]);
	}
}

Test(keeper, every_message_has_a_word_of_its_own)
{
	expect_words(keeper_request_names, KEEPER_N_REQUESTS);
	expect_words(keeper_notice_names, KEEPER_N_NOTICES);
}
