/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of `system { web { ... } }`: who can see all routes, peers and endpoints is on this
 * machine, or comes by a tunnel of a plane, or knows a token.
 */
#include <stdio.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_nets.h"
#include "conf_schema.h"
#include "prefix.h"

#define DEVICE_LEN 32

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

/* Where TEXT, an address of `listen`, is: DEVICE is the interface that is listened at, "lo" for a
 * loopback address, and empty for all of them. False: TEXT is wrong. */
static bool door_parse(const char *text, struct endpoint *e, char device[DEVICE_LEN])
{
	size_t len = strcspn(text, "@");
	char address[96];

	snprintf(address, sizeof(address), "%.*s", (int)len, text);
	if (endpoint_parse(address, e) < 0)
		return false;
	snprintf(device, DEVICE_LEN, "%s",
		 text[len]		 ? text + len + 1
		 : is_loopback(&e->addr) ? "lo"
					 : "");
	return true;
}

/* The kernel lets only one of two sockets listen. */
static bool exclude_each_other(const char *one, const char *other)
{
	struct endpoint a, b;
	char on[DEVICE_LEN], at[DEVICE_LEN];

	return door_parse(one, &a, on) && door_parse(other, &b, at) && a.port == b.port &&
	       a.addr.family == b.addr.family && (!*on || !*at || str_eq(on, at)) &&
	       (addr_is_zero(&a.addr) || addr_is_zero(&b.addr) || addr_cmp(&a.addr, &b.addr) == 0);
}

static void check_listens_before(const struct lyd_node *first, const struct lyd_node *leaf,
				 struct conf_errors *errs)
{
	const char *text = lyd_get_value(leaf);

	for (const struct lyd_node *n = first; n != leaf; n = conf_next(n))
		if (exclude_each_other(lyd_get_value(n), text)) {
			conf_check_warning(errs, leaf,
					   "'%s' cannot be listened at beside '%s', which has the "
					   "same port; leave one out, or give it another port",
					   text, lyd_get_value(n));
			return;
		}
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
	struct lyd_node *first = conf_child(web, "listen");
	bool token = conf_is(web, "token", "true");

	for (struct lyd_node *n = first; n; n = conf_next(n)) {
		check_listen(effective, n, token, errs);
		check_listens_before(first, n, errs);
	}
}
