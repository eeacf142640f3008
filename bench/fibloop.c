/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fibloop: the bare loop that a routing daemon's kernel writes are measured against: the prefixes
 * of the generator as RTM_NEWROUTE in batches, without acknowledgements, by one process that does
 * nothing else.
 *
 *   fibloop [-f FILE] COUNT SEED IFNAME [GATEWAY]
 *
 * FILE: real prefixes, as far as they go.
 *
 * Prints one line of JSON: the time from the first message to the kernel's answer to the last one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "generate.h"
#include "loop.h"
#include "util.h"

enum { BATCH = 1 << 16, MESSAGE_MAX = 128, PROTOCOL = 222, METRIC = 179 };

struct target {
	unsigned ifindex;
	struct addr gateway; /* family 0: none */
};

static size_t put_route(char *at, const struct prefix *p, const struct target *to, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct rtmsg *rt;

	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | flags;
	rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	rt->rtm_family = p->family;
	rt->rtm_dst_len = p->len;
	rt->rtm_table = RT_TABLE_MAIN;
	rt->rtm_protocol = PROTOCOL;
	rt->rtm_type = RTN_UNICAST;
	rt->rtm_scope = to->gateway.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	mnl_attr_put(h, RTA_DST, 4, p->b);
	mnl_attr_put_u32(h, RTA_OIF, to->ifindex);
	mnl_attr_put_u32(h, RTA_PRIORITY, METRIC);
	if (to->gateway.family)
		mnl_attr_put(h, RTA_GATEWAY, 4, to->gateway.b);
	return h->nlmsg_len;
}

static void send_all(struct mnl_socket *nl, const struct routes *r, const struct target *to)
{
	char *batch = xmalloc(BATCH);
	size_t len = 0;

	for (size_t i = 0; i < r->count; i++) {
		bool last = i + 1 == r->count;

		len += put_route(batch + len, &r->list[i].prefix, to, last ? NLM_F_ACK : 0);
		if (!last && len + MESSAGE_MAX <= BATCH)
			continue;
		if (mnl_socket_sendto(nl, batch, len) < 0)
			fatal("netlink: %s", strerror(errno));
		len = 0;
	}
	free(batch);
}

/* The answer to the last message, or the first error. */
static void wait_answer(struct mnl_socket *nl)
{
	char buffer[8192];
	ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));
	const struct nlmsghdr *h = (struct nlmsghdr *)buffer;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (n < 0 || h->nlmsg_type != NLMSG_ERROR || e->error)
		fatal("netlink: %s", strerror(n < 0 ? errno : -e->error));
}

int main(int argc, char **argv)
{
	struct attrs_pool pool = {0};
	struct routes *r = xcalloc(1, sizeof(*r));
	struct target to = {0};
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	const char *file = NULL;
	uint64_t begin, seed;
	size_t count;

	if (argc > 2 && str_eq(argv[1], "-f")) {
		file = argv[2];
		argc -= 2;
		argv += 2;
	}
	to.ifindex = argc > 3 ? if_nametoindex(argv[3]) : 0;
	if (!nl || !to.ifindex || (argc > 4 && addr_parse(argv[4], &to.gateway) < 0))
		fatal("usage: fibloop [-f FILE] COUNT SEED IFNAME [GATEWAY]");
	r->pool = &pool;
	count = strtoul(argv[1], NULL, 10);
	seed = strtoul(argv[2], NULL, 10);
	if (!file)
		generate_ipv4(r, count, seed);
	else if (generate_real_ipv4(r, file, count, seed) < 0)
		fatal("%s: cannot be read", file);
	begin = now_us();
	send_all(nl, r, &to);
	wait_answer(nl);
	printf("{\"routes\": %zu, \"seconds\": %.6f}\n", r->count, (now_us() - begin) / 1e6);
	mnl_socket_close(nl);
	routes_free(r);
	attrs_pool_free(&pool);
	return 0;
}
