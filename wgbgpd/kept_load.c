/* SPDX-License-Identifier: BSD-2-Clause */
#include "kept_load.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept_file.h"
#include "nl_batch.h"
#include "state.h"
#include "util.h"

static struct {
	size_t n;
	int err;
	const struct kept_route *first; /* that the kernel refused */
} refused;

static void on_error(void *arg, void *cookie, int err)
{
	if (err == -EEXIST)
		return;
	if (refused.n++ == 0) {
		refused.err = err;
		refused.first = cookie;
	}
}

static void put_route(struct nl_batch *b, struct kept_route *r)
{
	struct nlmsghdr *nlh = nl_batch_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, r);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = r->prefix.family;
	rtm->rtm_dst_len = r->prefix.len;
	rtm->rtm_protocol = (uint8_t)r->protocol;
	rtm->rtm_type = RTN_UNREACHABLE;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	mnl_attr_put(nlh, RTA_DST, family_bytes(r->prefix.family), r->prefix.b);
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	nl_batch_end(b, nlh);
}

/* Of the two rules that no interface has to do with: what they are for says
 * zebra-lite/keepin_default.h. NO_DEFAULT: the table is looked into for anything but that. */
static void put_rule(struct nl_batch *b, struct kept_route *r, uint32_t priority, uint32_t table,
		     bool no_default)
{
	struct nlmsghdr *nlh = nl_batch_begin(b, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = r->prefix.family;
	frh->action = FR_ACT_TO_TBL;
	frh->table = table < 256 ? table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, (uint8_t)r->protocol);
	if (no_default)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, 0);
	nl_batch_end(b, nlh);
}

static void put_rules(struct nl_batch *b, struct kept_route *r)
{
	put_rule(b, r, r->priority, RT_TABLE_MAIN, true);
	put_rule(b, r, r->priority + 2, r->table, false);
}

/* 0 or -errno of the socket; what the kernel said of routes is in `refused`. */
static int put_all(const struct kept *k)
{
	struct nl_batch *b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);
	int err;

	if (!b)
		return -errno;
	for (size_t i = 0; i < k->n; i++)
		put_route(b, &k->routes[i]);
	for (size_t i = 0; i < k->n; i++)
		if (k->routes[i].priority)
			put_rules(b, &k->routes[i]);
	err = nl_batch_flush(b);
	nl_batch_free(b);
	return err;
}

static int put_and_say(const struct kept *k)
{
	int err = put_all(k);

	if (refused.n)
		fprintf(stderr,
			"wgbgpd: keep-in: the kernel refused %zu of %zu routes, first %s: %s\n",
			refused.n, k->n, PREFIX_STR(&refused.first->prefix),
			strerror(-refused.err));
	else if (err < 0)
		fprintf(stderr, "wgbgpd: keep-in: %s\n", strerror(-err));
	return err < 0 || refused.n;
}

int kept_load(void)
{
	char *path = state_path("keep-in"), why[128];
	struct kept kept;
	int err = kept_file_read(path, &kept, why, sizeof(why)), status = 0;

	if (err == 0)
		status = put_and_say(&kept);
	else if (err != -ENOENT)
		status = (fprintf(stderr, "wgbgpd: %s: nothing is kept in: %s\n", path, why), 1);
	kept_free(&kept);
	free(path);
	return status;
}
