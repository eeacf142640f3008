/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_check.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "conf_check_say.h"
#include "conf_nets.h"

/* A leaf whose value must be the key of an entry of the list LIST in OUTER (NULL: at the top). */
static void check_reference(const struct conf *conf, const struct lyd_node *leaf,
			    const struct lyd_node *outer, const char *list, const char *also,
			    struct conf_errors *errs)
{
	struct lyd_node *first = outer ? conf_child(outer, list) : conf_top(conf, list);

	if (leaf && !conf_entry(first, lyd_get_value(leaf)))
		conf_check_unknown(errs, leaf, list, also, first);
}

static void check_policies(const struct conf *conf, const struct lyd_node *node, const char *name,
			   struct conf_errors *errs)
{
	for (struct lyd_node *n = conf_child(node, name); n; n = conf_next(n))
		if (!str_eq(lyd_get_value(n), "all") && !str_eq(lyd_get_value(n), "none"))
			check_reference(conf, n, NULL, "policy", "all, none", errs);
}

static void check_references(const struct conf *conf, struct conf_errors *errs)
{
	static const char *const lists[] = {"neighbor", "neighbor-group", "redistribute", "leak"};
	struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct lyd_node *bgp = conf_top(conf, "bgp");

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			check_reference(conf, conf_child(p, "template"), wireguard, "peer-template",
					NULL, errs);
	for (struct lyd_node *p = conf_child(bgp, "plane"); p; p = conf_next(p))
		for (struct lyd_node *r = conf_child(p, "redistribute"); r; r = conf_next(r))
			check_policies(conf, r, "policy", errs);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (struct lyd_node *n = conf_child(bgp, lists[l]); n; n = conf_next(n)) {
			check_policies(conf, n, "import", errs);
			check_policies(conf, n, "export", errs);
			check_policies(conf, n, "policy", errs);
			check_reference(conf, conf_child(n, "group"), bgp, "neighbor-group", NULL,
					errs);
		}
	}
}

/* The first peer of the interface that is in use and has the tunnel address A; NULL: none. */
static const struct lyd_node *peer_at(const struct lyd_node *interface, const struct addr *a)
{
	struct addr there;

	for (struct lyd_node *p = conf_child(interface, "peer"); p; p = conf_next(p))
		for (struct lyd_node *t = conf_child(p, "tunnel-address"); t; t = conf_next(t))
			if (!conf_is(p, "disabled", "true") &&
			    addr_parse(lyd_get_value(t), &there) == 0 && addr_eq(&there, a))
				return p;
	return NULL;
}

/* A link-local next hop is another host on each link: S has to say on which. */
static void check_link(const struct conf *conf, const char *plane, const struct lyd_node *s,
		       struct conf_errors *errs)
{
	struct lyd_node *i = conf_child(conf_top(conf, "wireguard"), "interface");
	const struct lyd_node *hop = conf_child(s, "next-hop"), *peer, *first = NULL;
	struct addr a;

	if (!hop || conf_child(s, "interface") || addr_parse(lyd_get_value(hop), &a) < 0 ||
	    a.family != AF_INET6 || !addr_is_link_local(&a))
		return;
	for (; i; i = conf_next(i)) {
		peer = str_eq(conf_net_plane(i), plane) ? peer_at(i, &a) : NULL;
		if (peer && first) {
			conf_check_error(errs, hop,
					 "peers of %s (line %u) and %s (line %u) have '%s'; "
					 "expected an interface beside it",
					 lyd_get_value(lyd_child(lyd_parent(first))),
					 conf_line(first), lyd_get_value(lyd_child(i)),
					 conf_line(peer), lyd_get_value(hop));
			return;
		}
		first = first ? first : peer;
	}
	if (!first)
		conf_check_warning(errs, hop,
				   "'%s' is another host on each link; expected an interface "
				   "beside it",
				   lyd_get_value(hop));
}

static void check_statics(const struct conf *conf, const struct lyd_node *node, const char *plane,
			  struct conf_errors *errs)
{
	for (struct lyd_node *s = conf_child(node, "static"); s; s = conf_next(s)) {
		bool via = conf_child(s, "next-hop") || conf_child(s, "interface");
		bool hole = conf_is(s, "blackhole", "true");

		if (via == hole)
			conf_check_error(errs, s,
					 "expected either next-hop or interface, or blackhole");
		check_link(conf, plane, s, errs);
	}
}

static void check_rib(const struct conf *effective, struct conf_errors *errs)
{
	struct lyd_node *rib = conf_top(effective, "rib");

	check_statics(effective, rib, "main", errs);
	for (struct lyd_node *p = conf_top(effective, "plane"); p; p = conf_next(p))
		check_statics(effective, p, lyd_get_value(lyd_child(p)), errs);
	for (struct lyd_node *r = conf_child(rib, "rule"); r; r = conf_next(r)) {
		const char *source = conf_value(r, "source"), *to = conf_value(r, "destination");

		if (source && to && !strchr(source, ':') != !strchr(to, ':'))
			conf_check_error(errs, conf_child(r, "destination"),
					 "'%s' and the source '%s' are of two families", to,
					 source);
	}
}

static void check_groups(const struct lyd_node *system, unsigned flags, struct conf_errors *errs)
{
	static const char *const leaves[] = {"cli-read-group", "cli-write-group"};

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct lyd_node *leaf = conf_child(system, leaves[i]);

		if (leaf && flags & CONF_CHECK_FILES && !getgrnam(lyd_get_value(leaf)))
			conf_check_error(errs, leaf, "this machine has no group '%s'",
					 lyd_get_value(leaf));
	}
}

static void check_hooks(const struct lyd_node *system, unsigned flags, struct conf_errors *errs)
{
	for (struct lyd_node *h = conf_child(system, "on-event"); h; h = conf_next(h)) {
		const struct lyd_node *program = conf_child(h, "program");

		if (!program == !conf_child(h, "url"))
			conf_check_error(errs, h, "expected either program or url");
		if (program && flags & CONF_CHECK_FILES && access(lyd_get_value(program), X_OK) < 0)
			conf_check_warning(errs, program, "'%s' cannot be run: %s",
					   lyd_get_value(program), strerror(errno));
	}
}

void conf_check(const struct conf *conf, const struct conf *effective, unsigned flags,
		struct conf_errors *errs)
{
	check_references(conf, errs);
	check_groups(conf_top(effective, "system"), flags, errs);
	check_hooks(conf_top(effective, "system"), flags, errs);
	conf_check_lacking(effective, errs);
	conf_check_wireguard(effective, flags, errs);
	conf_check_bgp(effective, flags, errs);
	conf_check_policy(conf, errs);
	conf_check_plane(effective, errs);
	conf_check_guard(effective, errs);
	conf_check_web(effective, errs);
	conf_check_endpoint(effective, errs);
	check_rib(effective, errs);
	conf_check_odd(effective, flags, errs);
}
