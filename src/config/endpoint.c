/* SPDX-License-Identifier: MIT */

#include "config/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/expand.h"

static const char *const advice[] = {
	[ENDPOINT_ADDRESS] = "use a numeric address and a port, such as 127.0.0.1:80, [::1]:80 or "
			     "localhost:80: names are not looked up here",
	[ENDPOINT_HTTP] = "use a numeric address, such as 127.0.0.1, 127.0.0.1:8080, [::1]:80 or "
			  "localhost: names are not looked up here",
	[ENDPOINT_LISTEN] = "use a numeric address and a port, such as 127.0.0.1:80 or [::1]:80, "
			    "or *:80 for all addresses: names are not looked up here",
};

static const char *take_port(struct endpoint *e, const char *text)
{
	uint64_t port;

	if (text_parse_u64(text, UINT16_MAX, &port) < 0 || port == 0)
		return "a port is a number from 1 to 65535";
	e->port = (uint16_t)port;
	return NULL;
}

/* NULL, or what to write instead. */
static const char *take_address(struct endpoint *e, enum endpoint_form form)
{
	char host[INET6_ADDRSTRLEN];
	int v6 = *e->name == '[';
	size_t size = strcspn(e->name + v6, v6 ? "]" : ":");
	const char *rest = e->name + v6 + size;

	if (size >= sizeof(host) || (v6 && *rest++ != ']') || (*rest && *rest != ':'))
		return advice[form];
	memcpy(host, e->name + v6, size);
	host[size] = '\0';
	if (!v6 && *rest && strchr(rest + 1, ':'))
		return "write an IPv6 address in brackets, as in [::1]:80";
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	e->host_size = v6 ? 16 : 4;
	if (form == ENDPOINT_LISTEN && !v6 && (!*host || strcmp(host, "*") == 0))
		e->host_size = 0;
	else if (inet_pton(v6 ? AF_INET6 : AF_INET, host, e->host) != 1)
		return advice[form];
	if (!*rest && form != ENDPOINT_HTTP)
		return advice[form];
	return take_port(e, *rest ? rest + 1 : "80");
}

int endpoint_find(const char *text, enum endpoint_form form, const char *service,
		  struct endpoint *ret_endpoint, const char **ret_advice)
{
	const struct expand_vars vars = {.path = service};
	struct endpoint e = {.name = NULL};
	int r = config_expand(text, &vars, &e.name);

	*ret_advice = r > 0 ? expand_error_text((enum expand_error)r) : NULL;
	if (r == 0 && form != ENDPOINT_PATH)
		*ret_advice = take_address(&e, form);
	if (r == 0 && !*ret_advice) {
		*ret_endpoint = e;
		return 0;
	}
	endpoint_fini(&e);
	return r < 0 ? r : -EINVAL;
}

void endpoint_fini(struct endpoint *endpoint)
{
	free(endpoint->name);
	endpoint->name = NULL;
}
