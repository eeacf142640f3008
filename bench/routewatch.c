/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routewatch: when does the kernel send prefixes by another interface? When has it all of them?
 *
 *   routewatch [-f FILE] COUNT SEED IF1 IF2
 *   routewatch [-f FILE] COUNT SEED
 *
 * Asks the kernel (RTM_GETROUTE, which takes no lock that a writer wants) for the way to the first
 * address of up to 256 of the generator's COUNT prefixes, again and again. Says "ready" when all of
 * them leave by IF1, and ends when all leave by IF2, with one JSON object: the times of the first
 * and of the last one (seconds of the wall clock, to be compared with log lines), and how often
 * one had no way at all.
 *
 * Without interfaces it is ready at once, ends when all of them are in the table, and says when it
 * saw the last one (seconds, monotonic). It asks for one after the other, so that it takes next to
 * no time from those who write.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "generate.h"
#include "loop.h"
#include "util.h"

enum { SAMPLE = 256, READY_MS = 60000, LOOK_MS = 2 };

static struct mnl_socket *nl;
static uint32_t oif_found;
static int length_found; /* of the prefix in the table; -1: none */

static double wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int take_route(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	length_found = rt->rtm_dst_len;
	mnl_attr_for_each(a, h, sizeof(struct rtmsg))
	{
		if (mnl_attr_get_type(a) == RTA_OIF)
			oif_found = mnl_attr_get_u32(a);
	}
	return MNL_CB_STOP;
}

/* Asks for the prefix's first address. */
static void ask(const struct prefix *p, uint32_t flags)
{
	char buffer[8192];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *rt;
	ssize_t n;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	rt->rtm_family = AF_INET;
	rt->rtm_dst_len = 32;
	rt->rtm_flags = flags;
	mnl_attr_put(h, RTA_DST, 4, p->b);
	oif_found = 0;
	length_found = -1;
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		fatal("netlink: %s", strerror(errno));
	n = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));
	if (n < 0)
		fatal("netlink: %s", strerror(errno));
	mnl_cb_run(buffer, n, 0, 0, take_route, NULL); /* an error answer: no way */
}

/* The interface by which the address leaves; 0: no way. */
static uint32_t leaves_by(const struct prefix *p)
{
	ask(p, 0);
	return oif_found;
}

/* The prefix is in the table, or a longer one that catches its first address. */
static bool is_there(const struct prefix *p)
{
	ask(p, RTM_F_FIB_MATCH);
	return length_found >= p->len;
}

struct sample {
	struct prefix list[SAMPLE];
	size_t count;
};

static void choose(struct sample *s, const struct routes *r)
{
	s->count = r->count < SAMPLE ? r->count : SAMPLE;
	for (size_t i = 0; i < s->count; i++)
		s->list[i] =
			r->list[s->count == 1 ? 0 : i * (r->count - 1) / (s->count - 1)].prefix;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void wait_ready(const struct sample *s, uint32_t oif)
{
	double end = wall() + READY_MS / 1000;

	for (size_t i = 0; i < s->count;) {
		if (leaves_by(&s->list[i]) == oif) {
			i++;
			continue;
		}
		if (wall() > end)
			fatal("%s does not leave by the first interface", PREFIX_STR(&s->list[i]));
		pause_ms(10);
		i = 0;
	}
}

static void say_ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static void watch(struct sample *s, uint32_t oif)
{
	double first = 0, last = 0;
	size_t nowhere = 0;

	while (s->count > 0) {
		for (size_t i = 0; i < s->count;) {
			uint32_t now = leaves_by(&s->list[i]);

			nowhere += now == 0;
			if (now != oif) {
				i++;
				continue;
			}
			last = wall();
			first = first > 0 ? first : last;
			s->list[i] = s->list[--s->count];
		}
	}
	printf("{\"first\": %.6f, \"last\": %.6f, \"nowhere\": %zu}\n", first, last, nowhere);
}

static void watch_table(const struct sample *s)
{
	for (size_t i = 0; i < s->count; i++)
		while (!is_there(&s->list[i]))
			pause_ms(LOOK_MS);
	printf("{\"last\": %.6f}\n", now_us() / 1e6);
}

int main(int argc, char **argv)
{
	struct attrs_pool pool = {0};
	struct routes *r = xcalloc(1, sizeof(*r));
	struct sample sample;
	const char *file = NULL;
	size_t count, seed;

	if (argc > 2 && str_eq(argv[1], "-f")) {
		file = argv[2];
		argc -= 2;
		argv += 2;
	}
	nl = mnl_socket_open(NETLINK_ROUTE);
	if (!nl || (argc != 3 && argc != 5) ||
	    (argc == 5 && (!if_nametoindex(argv[3]) || !if_nametoindex(argv[4]))))
		fatal("usage: routewatch [-f FILE] COUNT SEED [IF1 IF2]");
	count = strtoul(argv[1], NULL, 10);
	seed = strtoul(argv[2], NULL, 10);
	r->pool = &pool;
	if (!file)
		generate_ipv4(r, count, seed);
	else if (generate_real_ipv4(r, file, count, seed) < 0)
		fatal("%s: cannot be read", file);
	choose(&sample, r);
	routes_free(r);
	attrs_pool_free(&pool);
	if (argc == 5) {
		wait_ready(&sample, if_nametoindex(argv[3]));
		say_ready();
		watch(&sample, if_nametoindex(argv[4]));
	} else {
		say_ready();
		watch_table(&sample);
	}
	mnl_socket_close(nl);
	return 0;
}
