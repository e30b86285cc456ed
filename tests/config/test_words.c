/* SPDX-License-Identifier: MIT */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "config/expand.h"
#include "config/words.h"
#include "tests/support/alloc.h"

/* Words with a | behind each. */
static void join(char *const *words, struct buf *out)
{
	for (; *words; words++)
		buf_printf(out, "%s|", *words);
}

Test(words, split)
{
	static const struct {
		const char *text;
		int r;
		const char *words;
	} rows[] = {
		{"a", 0, "a|"},
		{"  a \t b  ", 0, "a|b|"},
		{"a 'b c' d", 0, "a|b c|d|"},
		{"a \"b c\"d", 0, "a|b cd|"},
		{"--save \"\"", 0, "--save||"},
		{"''", 0, "|"},
		{"a\\ b", 0, "a b|"},
		{"'a\\b'", 0, "a\\b|"},
		{"\"a\\b\\\"c\\\\\"", 0, "a\\b\"c\\|"},
		{"\\'a", 0, "'a|"},
		{"a;b #c *.d ~", 0, "a;b|#c|*.d|~|"},
		{"$A ${B}", 0, "$A|${B}|"},
		{"'${B}' \\${B} \"\\${B}\" \"${B}\"", 0, "%${B}|%${B}|%${B}|${B}|"},
		{"a\nb", 0, "a|b|"},
		{"", WORDS_E_EMPTY, ""},
		{"  ", WORDS_E_EMPTY, ""},
		{"a 'b", WORDS_E_QUOTE, ""},
		{"a \"b", WORDS_E_QUOTE, ""},
		{"a \"b\\\"", WORDS_E_QUOTE, ""},
		{"a\\", WORDS_E_BACKSLASH, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out CLEANUP(buf_fini) = BUF_INIT;
		char **words = NULL;
		int r = words_split(rows[i].text, &words);

		cr_expect_eq(r, rows[i].r, "%s: %d", rows[i].text, r);
		cr_expect_eq(words != NULL, r == 0, "%s", rows[i].text);
		if (words)
			join(words, &out);
		cr_expect_str_eq(buf_text(&out), rows[i].words, "%s: %s", rows[i].text,
				 buf_text(&out));
		strings_free(words);
		cr_expect_gt(strlen(words_error_text((enum words_error)rows[i].r)), 3);
	}
}

Test(words, many)
{
	struct buf text CLEANUP(buf_fini) = BUF_INIT;
	char **words = NULL;

	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%d ", i);
	cr_assert_eq(words_list(buf_text(&text), &words), 0);
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(atoi(words[i]), i);
	cr_expect_null(words[1000]);
	strings_free(words);
	cr_assert_eq(words_list(" ", &words), 0);
	cr_expect_null(words[0]);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(words_append(&words, "x"), 0);
	cr_expect_str_eq(words[19], "x");
	cr_expect_null(words[20]);
	strings_free(words);
}

Test(words, short_of_memory)
{
	for (unsigned long n = 1;; n++) {
		char **words = NULL;
		int r;

		alloc_fail_at(n);
		r = words_split("one 'two' \"three\" four five", &words);
		if (!alloc_fail_end()) {
			strings_free(words);
			break;
		}
		cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
		cr_assert_null(words);
	}
}

Test(expand, texts)
{
	static char first[] = "A=1", empty[] = "EMPTY=", other[] = "A_B=x ${A} %n",
		    second[] = "A=2";
	static char *const environment[] = {first, empty, other, second, NULL};
	static const struct {
		const char *text;
		int r;
		const char *expanded;
	} rows[] = {
		{"", 0, ""},
		{"plain", 0, "plain"},
		{"%n-%i-%%", 0, "web/api@7-7-%"},
		{"${A}${A_B}${EMPTY}${NONE}.", 0, "2x ${A} %n."},
		{"$A $ ${A}", 0, "$A $ 2"},
		{"%${A}", 0, "${A}"},
		{"%%${A}", 0, "%2"},
		{"%", EXPAND_E_PERCENT, ""},
		{"a%z", EXPAND_E_PERCENT, ""},
		{"${A", EXPAND_E_UNCLOSED, ""},
		{"${}", EXPAND_E_NAME, ""},
		{"${1A}", EXPAND_E_NAME, ""},
		{"${A-x}", EXPAND_E_NAME, ""},
		{"${ A}", EXPAND_E_NAME, ""},
	};
	const struct expand_vars vars = {.path = "web/api@7", .environment = environment};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *expanded = NULL;
		int r = config_expand(rows[i].text, &vars, &expanded);

		cr_expect_eq(r, rows[i].r, "%s: %d", rows[i].text, r);
		cr_expect_str_eq(expanded ? expanded : "", rows[i].expanded, "%s: %s", rows[i].text,
				 expanded);
		free(expanded);
		cr_expect_gt(strlen(expand_error_text((enum expand_error)rows[i].r)), 3);
	}
}

Test(expand, instance_and_no_variables)
{
	static const struct {
		const char *path, *expanded;
	} rows[] = {
		{"a", "[] ${X}"}, {"a@b", "[b] ${X}"}, {"a@b/c", "[] ${X}"}, {"a@b@c", "[c] ${X}"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *expanded = NULL;

		cr_assert_eq(config_expand("[%i] ${X}", &(struct expand_vars){.path = rows[i].path},
					   &expanded),
			     0);
		cr_expect_str_eq(expanded, rows[i].expanded, "%s", rows[i].path);
		free(expanded);
	}
}

Test(expand, short_of_memory)
{
	for (unsigned long n = 1;; n++) {
		char *expanded = NULL;
		int r;

		alloc_fail_at(n);
		r = config_expand("%n", &(struct expand_vars){.path = "a"}, &expanded);
		if (!alloc_fail_end()) {
			free(expanded);
			break;
		}
		cr_assert_eq(r, -ENOMEM, "allocation %lu", n);
	}
}

/* What was made literal comes out as it was, with variables and without. */
Test(expand, literal_texts_come_out_as_they_were)
{
	static const char *const texts[] = {"",  "a b",  "%",       "%n%i%%",
					    "$", "${A}", "%$${A}%", "$%n"};
	static char setting[] = "A=1";
	char *const environment[] = {setting, NULL};

	for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++) {
		struct expand_vars vars = {.path = "p", .environment = i % 2 ? environment : NULL};
		char *literal CLEANUP(cleanup_free) = config_literal(texts[i / 2], i % 2);
		char *expanded CLEANUP(cleanup_free) = NULL;

		cr_assert_not_null(literal);
		cr_assert_eq(config_expand(literal, &vars, &expanded), 0, "%s", literal);
		cr_expect_str_eq(expanded, texts[i / 2]);
	}
	alloc_fail_at(1);
	cr_expect_null(config_literal("%", false));
	alloc_fail_end();
}
