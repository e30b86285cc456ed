/* SPDX-License-Identifier: MIT */

/* How a message is shown: as assignments that a real shell evaluates, and as JSON. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supctl/hands.h"

#define BYTES(text) (text), sizeof(text) - 1

static struct message make(uint8_t op, const char *tag, const char *payload, size_t size)
{
	struct message m = {.op = op,
			    .from = 5,
			    .ref = 12,
			    .tag = BUF_INIT,
			    .copy = BUF_INIT,
			    .payload = payload,
			    .size = size};

	buf_puts(&m.tag, tag);
	return m;
}

/* What sh prints after it has evaluated the assignments, with every variable set before. */
static char *evaluate(const struct buf *vars, const char *script, size_t *ret_size)
{
	char path[] = "/tmp/supd-vars-XXXXXX", command[1024];
	int fd = mkstemp(path);
	char *out = malloc(1000000);
	FILE *f;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, vars->data, vars->size), (ssize_t)vars->size);
	close(fd);
	snprintf(command, sizeof(command),
		 "set -eu; kind=o from=o from_name=o ref=o tag=o payload=o payload_base64=o "
		 "reason=o redelivered=o; eval \"$(cat %s)\"; %s",
		 path, script);
	f = popen(command, "r");
	*ret_size = fread(out, 1, 999999, f);
	out[*ret_size] = '\0';
	cr_expect_eq(pclose(f), 0);
	unlink(path);
	return out;
}

static void check_vars(const struct message *m, const char *expected)
{
	struct buf vars CLEANUP(buf_fini) = BUF_INIT;
	size_t size;
	char *out;

	message_put_vars(&vars, m);
	out = evaluate(&vars,
		       "printf '%s|' \"$kind\" \"$from\" \"$from_name\" \"$ref\" \"$tag\" "
		       "\"$payload\" \"$payload_base64\" \"$reason\" "
		       "\"$redelivered\"",
		       &size);
	cr_expect_str_eq(out, expected);
	free(out);
}

Test(message, assignments)
{
	static const struct {
		uint8_t op;
		const char *tag, *payload;
		size_t size;
		const char *expected;
	} rows[] = {
		{WIRE_MESSAGE, "t", BYTES("hello"), "message|<0.5.0>||12|t|hello||||"},
		{WIRE_MESSAGE, "", BYTES(""), "message|<0.5.0>||12||||||"},
		{WIRE_CALL, "it's", BYTES("'$(exit 1)`exit 1`\\"),
		 "call|<0.5.0>||12|it's|'$(exit 1)`exit 1`\\||||"},
		{WIRE_RESPONSE, "", BYTES("two\nlines\n"), "reply|<0.5.0>||12||two\nlines\n||||"},
		{WIRE_MESSAGE, "b", BYTES("a\0b"), "message|<0.5.0>||12|b||YQBi|||"},
		{WIRE_MESSAGE, "b", BYTES("\0"), "message|<0.5.0>||12|b||AA==|||"},
		{WIRE_MESSAGE, "b", BYTES("\0\xff"), "message|<0.5.0>||12|b||AP8=|||"},
		{WIRE_EXIT, "", BYTES("shutdown"), "exit|<0.5.0>||12||||shutdown||"},
		{WIRE_DOWN, "web/db", BYTES("killed"), "down|<0.5.0>||12|web/db|||killed||"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct message m = make(rows[i].op, rows[i].tag, rows[i].payload, rows[i].size);

		check_vars(&m, rows[i].expected);
		buf_fini(&m.tag);
	}
}

/* A durable mailbox, or a helper that left before it had shown it. */
Test(message, that_comes_again)
{
	struct message m = make(WIRE_MESSAGE, "job", "7", 1);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	m.redelivered = true;
	check_vars(&m, "message|<0.5.0>||12|job|7|||yes|");
	message_put_json(&out, &m);
	cr_expect_not_null(strstr(buf_text(&out), ",\"redelivered\":true}\n"));
	buf_fini(&m.tag);
}

/* Nobody had the name that was monitored. */
Test(message, from_nobody)
{
	struct message m = make(WIRE_DOWN, "db", "noproc", 6);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;

	m.from = 0;
	check_vars(&m, "down|||12|db|||noproc||");
	message_put_json(&out, &m);
	cr_expect_str_eq(buf_text(&out),
			 "{\"kind\":\"down\",\"from\":null,\"from_name\":null,\"ref\":\"12\","
			 "\"tag\":\"db\",\"reason\":\"noproc\",\"redelivered\":false}\n");
	buf_fini(&m.tag);
}

/* Every byte but NUL comes through the shell as it is. */
Test(message, every_byte)
{
	struct buf vars CLEANUP(buf_fini) = BUF_INIT;
	char bytes[256], *out;
	struct message m;
	size_t size;

	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	m = make(WIRE_MESSAGE, "", bytes, 255);
	message_put_vars(&vars, &m);
	out = evaluate(&vars, "printf %s \"$payload\"", &size);
	cr_assert_eq(size, 255);
	cr_expect_arr_eq(out, bytes, 255);
	free(out);
	buf_fini(&m.tag);
}

Test(message, json)
{
	static const struct {
		uint8_t op;
		const char *name, *tag, *payload;
		size_t size;
		const char *expected;
	} rows[] = {
		{WIRE_MESSAGE, NULL, "t", BYTES("hel\"lo\n"),
		 "{\"kind\":\"message\",\"from\":\"<0.5.0>\",\"from_name\":null,\"ref\":\"12\","
		 "\"tag\":\"t\",\"payload\":\"hel\\\"lo\\n\",\"redelivered\":false}\n"},
		{WIRE_CALL, "web/db", "", BYTES("\xc3\xa4"),
		 "{\"kind\":\"call\",\"from\":\"<0.5.0>\",\"from_name\":\"web/db\",\"ref\":\"12\","
		 "\"tag\":\"\",\"payload\":\"\xc3\xa4\",\"redelivered\":false}\n"},
		{WIRE_RESPONSE, NULL, "", BYTES("\xff"),
		 "{\"kind\":\"reply\",\"from\":\"<0.5.0>\",\"from_name\":null,\"ref\":\"12\","
		 "\"tag\":\"\",\"payload_base64\":\"/w==\",\"redelivered\":false}\n"},
		{WIRE_MESSAGE, NULL, "\xff", BYTES("a\0b"),
		 "{\"kind\":\"message\",\"from\":\"<0.5.0>\",\"from_name\":null,\"ref\":\"12\","
		 "\"tag\":\"\\ufffd\",\"payload_base64\":\"YQBi\",\"redelivered\":false}\n"},
		{WIRE_DOWN, NULL, "", BYTES("noproc"),
		 "{\"kind\":\"down\",\"from\":\"<0.5.0>\",\"from_name\":null,\"ref\":\"12\","
		 "\"tag\":\"\",\"reason\":\"noproc\",\"redelivered\":false}\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct message m = make(rows[i].op, rows[i].tag, rows[i].payload, rows[i].size);
		struct buf out = BUF_INIT;

		m.from_name = rows[i].name ? strdup(rows[i].name) : NULL;
		message_put_json(&out, &m);
		cr_expect_str_eq(buf_text(&out), rows[i].expected, "%zu", i);
		buf_fini(&out);
		message_fini(&m);
	}
}
