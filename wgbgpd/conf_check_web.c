/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of `system { web { ... } }`: who can see all routes, peers and endpoints is on this
 * machine, or comes by a tunnel of a plane, or knows a token.
 */
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_nets.h"
#include "conf_schema.h"
#include "prefix.h"

/* Who comes by INTERFACE alone. */
static void check_tunnel_door(const struct conf *conf, const struct lyd_node *leaf,
			      const char *interface, struct conf_errors *errs)
{
	struct lyd_node *interfaces = conf_child(conf_top(conf, "wireguard"), "interface");
	const struct lyd_node *i = conf_entry(interfaces, interface);

	if (!i)
		conf_check_error(errs, leaf, "there is no interface '%s'", interface);
	else if (str_eq(conf_net_plane(i), "main"))
		conf_check_error(errs, leaf,
				 "'%s' is in the main plane; expected one of a plane with a name",
				 interface);
}

static bool is_loopback(const struct addr *a)
{
	struct prefix p = prefix_of_addr(a), own;

	prefix_parse(a->family == AF_INET ? "127.0.0.0/8" : "::1/128", &own);
	return prefix_covers(&own, &p);
}

static void check_listen(const struct conf *conf, const struct lyd_node *leaf, bool token,
			 struct conf_errors *errs)
{
	const char *text = lyd_get_value(leaf), *at = strchr(text, '@');
	char address[96];
	struct endpoint e;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "@"), text);
	if (endpoint_parse(address, &e) < 0)
		conf_check_error(errs, leaf, "'%s': expected ADDRESS:PORT or [ADDRESS]:PORT",
				 address);
	else if (at)
		check_tunnel_door(conf, leaf, at + 1, errs);
	else if (!is_loopback(&e.addr) && !token)
		conf_check_error(errs, leaf,
				 "'%s': others reach it, and would see all routes, peers and "
				 "endpoints: it takes 'token true', or a tunnel of a plane "
				 "(%s@INTERFACE)",
				 text, text);
}

void conf_check_web(const struct conf *effective, struct conf_errors *errs)
{
	const struct lyd_node *web = conf_child(conf_top(effective, "system"), "web");
	bool token = conf_is(web, "token", "true");

	for (struct lyd_node *n = conf_child(web, "listen"); n; n = conf_next(n))
		check_listen(effective, n, token, errs);
}
