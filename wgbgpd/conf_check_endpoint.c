/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints inside what is private: where such a peer roams to, or a name leads, is not believed
 * (zebra-lite/pin.h). One that is written as a number is, and shows that others are to be expected.
 */
#include <stdlib.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_nets.h"
#include "trie.h"

/* A prefix of `permit` or `allowed-ips`. */
struct private
{
	struct trie_node node;
	const struct lyd_node *leaf;
};

/* Encrypted packets take the main plane's table. */
static bool is_main(const struct lyd_node *interface)
{
	return str_eq(conf_net_plane(interface), "main");
}

/* Its encrypted packets look into no table of routes to tunnels. */
static bool has_uplink(const struct lyd_node *interface)
{
	return conf_value(conf_child(interface, "uplink"), "interface");
}

static void add_privates(struct trie *to, const struct lyd_node *peer, const char *name)
{
	struct prefix p;

	for (struct lyd_node *n = conf_child(peer, name); n; n = conf_next(n)) {
		struct private *new;

		if (prefix_parse(lyd_get_value(n), &p) < 0 || p.len <= 1 || trie_exact(to, &p))
			continue;
		new = xcalloc(1, sizeof(*new));
		new->leaf = n;
		trie_insert(to, &new->node, &p);
	}
}

static void check_endpoints(const struct trie *privates, const struct lyd_node *peer,
			    struct conf_errors *errs)
{
	struct endpoint e;

	if (str_eq(conf_value(peer, "endpoint-inside-permit"), "true"))
		return;
	for (struct lyd_node *n = conf_child(peer, "endpoint"); n; n = conf_next(n)) {
		const struct trie_node *t = endpoint_parse(lyd_get_value(n), &e) == 0
						    ? trie_match_addr(privates, &e.addr)
						    : NULL;
		const struct lyd_node *by;

		if (!t)
			continue;
		by = container_of(t, struct private, node)->leaf;
		conf_check_warning(
			errs, n,
			"'%s' is inside %s %s of peer %s: where the peer roams to in there, "
			"or another name leads, is not believed without "
			"endpoint-inside-permit",
			lyd_get_value(n), LYD_NAME(by), lyd_get_value(by),
			lyd_get_value(lyd_child(lyd_parent(by))));
	}
}

void conf_check_endpoint(const struct conf *effective, struct conf_errors *errs)
{
	struct lyd_node *interfaces = conf_child(conf_top(effective, "wireguard"), "interface");
	struct trie privates = {0};

	for (struct lyd_node *i = interfaces; i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p && is_main(i);
		     p = conf_next(p)) {
			add_privates(&privates, p, "permit");
			add_privates(&privates, p, "allowed-ips");
		}
	for (struct lyd_node *i = interfaces; i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p && !has_uplink(i);
		     p = conf_next(p))
			check_endpoints(&privates, p, errs);
	TRIE_FOREACH_SAFE (&privates, t, next) {
		trie_remove(&privates, t);
		free(container_of(t, struct private, node));
	}
}
