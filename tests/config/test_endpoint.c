/* SPDX-License-Identifier: MIT */

/* Where a service listens or is asked: addresses, and what % makes of them. */

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "config/endpoint.h"

#define PORT "a port is a number from 1 to 65535"

Test(endpoint, addresses)
{
	static const struct row {
		const char *text, *name;
		enum endpoint_form form;
		uint8_t host_size, first, last;
		uint16_t port;
	} rows[] = {
		{"127.0.0.1:80", "127.0.0.1:80", ENDPOINT_ADDRESS, 4, 127, 1, 80},
		{"localhost:1", "localhost:1", ENDPOINT_ADDRESS, 4, 127, 1, 1},
		{"[fe80::7]:65535", "[fe80::7]:65535", ENDPOINT_ADDRESS, 16, 0xfe, 7, 65535},
		{"127.0.0.1:80%i", "127.0.0.1:807", ENDPOINT_ADDRESS, 4, 127, 1, 807},
		{"10.0.0.%i:9", "10.0.0.7:9", ENDPOINT_ADDRESS, 4, 10, 7, 9},
		{"[::%i]:9", "[::7]:9", ENDPOINT_ADDRESS, 16, 0, 7, 9},
		{"127.0.0.1", "127.0.0.1", ENDPOINT_HTTP, 4, 127, 1, 80},
		{"[::1]", "[::1]", ENDPOINT_HTTP, 16, 0, 1, 80},
		{"localhost:8%i", "localhost:87", ENDPOINT_HTTP, 4, 127, 1, 87},
		{"*:80", "*:80", ENDPOINT_LISTEN, 0, 0, 0, 80},
		{":80", ":80", ENDPOINT_LISTEN, 0, 0, 0, 80},
		{"*:80%i", "*:807", ENDPOINT_LISTEN, 0, 0, 0, 807},
		{"0.0.0.0:80", "0.0.0.0:80", ENDPOINT_LISTEN, 4, 0, 0, 80},
		{"[::1]:80", "[::1]:80", ENDPOINT_LISTEN, 16, 0, 1, 80},
		{"/run/%n.sock", "/run/web@7.sock", ENDPOINT_PATH, 0, 0, 0, 0},
		{"@%i", "@7", ENDPOINT_PATH, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct endpoint e = {.name = NULL};
		const char *advice = "";
		int r = endpoint_find(row->text, row->form, "web@7", &e, &advice);

		cr_assert_eq(r, 0, "%s: %s", row->text, advice);
		cr_expect_str_eq(e.name, row->name);
		cr_expect_eq(e.host_size, row->host_size, "%s", row->text);
		cr_expect_eq(e.host[0], row->first, "%s", row->text);
		cr_expect_eq(e.host[row->host_size == 16 ? 15 : 3], row->last, "%s", row->text);
		cr_expect_eq(e.port, row->port, "%s", row->text);
		endpoint_fini(&e);
	}
}

/* What becomes of it is no address with every name. */
Test(endpoint, none_with_this_name)
{
	static const struct row {
		const char *text, *service, *advice;
		enum endpoint_form form;
	} rows[] = {
		{"127.0.0.1:80%i", "web@x", PORT, ENDPOINT_ADDRESS},
		{"127.0.0.1:80%i", "web@999", PORT, ENDPOINT_LISTEN},
		{"127.0.0.1:%i", "web", PORT, ENDPOINT_LISTEN},
		{"127.0.0.1:%i", "web@0", PORT, ENDPOINT_LISTEN},
		{"127.0.0.%i:80", "web@256",
		 "use a numeric address and a port, such as 127.0.0.1:80, [::1]:80 or "
		 "localhost:80: names are not looked up here",
		 ENDPOINT_ADDRESS},
		{"%n:80", "a/b",
		 "use a numeric address and a port, such as 127.0.0.1:80 or [::1]:80, or *:80 for "
		 "all addresses: names are not looked up here",
		 ENDPOINT_LISTEN},
		{"%i", "web@a:1:2", "write an IPv6 address in brackets, as in [::1]:80",
		 ENDPOINT_LISTEN},
		{"*:80%x", "a", "only %i, %n and %% mean something: write %% for a percent sign",
		 ENDPOINT_LISTEN},
		{"%x", "a", "only %i, %n and %% mean something: write %% for a percent sign",
		 ENDPOINT_PATH},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct endpoint e = {.name = NULL};
		const char *advice = NULL;

		cr_expect_eq(endpoint_find(row->text, row->form, row->service, &e, &advice),
			     -EINVAL, "%s of %s", row->text, row->service);
		cr_expect_str_eq(advice, row->advice, "%s of %s", row->text, row->service);
		cr_expect_null(e.name);
	}
}
