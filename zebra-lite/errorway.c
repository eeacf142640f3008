/* SPDX-License-Identifier: BSD-2-Clause */
#include "errorway.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "ifaddr.h"
#include "kernel.h"
#include "loop.h"
#include "planes.h"
#include "rule.h"
#include "util.h"
#include "zconfig.h"

struct wish {
	struct krule k;
	bool behind_own; /* rule_want_behind_own() */
};

static struct wishes {
	size_t n, cap;
	struct wish *wish; /* owned; the same one may be there several times */
} wanted;
static struct job job;
static bool ready; /* the addresses were read once */

static bool is_of_one_plane(const struct addr *a, uint8_t plane)
{
	uint32_t ifindex;

	for (unsigned i = 0; (ifindex = ifaddr_holder(a, i)); i++)
		if (plane_of_interface(kernel_link_name(ifindex)) != plane)
			return false;
	return true;
}

/* Of ICMP (RFC 792) and ICMPv6 (RFC 4443), type << 8 | code: what is said of packets that go on.
 * What local delivery says comes from the address that was asked, whoever asked: no such protocol
 * (3/2) or port (3/3; 1/4), fragments missing (11/1; 3/1), a header not understood (12; 4).
 * None is of one value: later kernels tell of that with a mask. Nobody makes 10/255. */
static const struct errors {
	uint8_t family;
	uint16_t first, last;
} errors[] = {
	{AF_INET, 0x0300, 0x0301},  {AF_INET, 0x0304, 0x05ff},	{AF_INET, 0x0aff, 0x0b00},
	{AF_INET6, 0x0100, 0x0103}, {AF_INET6, 0x0105, 0x0300},
};

static struct krule rule_for(const struct addr *a, uint8_t plane, const struct errors *e)
{
	struct krule k = {.family = a->family,
			  .action = FR_ACT_TO_TBL,
			  .priority = zconfig.plane_priority[plane],
			  .table = zconfig.plane_table[plane],
			  .source = prefix_of_addr(a),
			  .iif = "lo", /* what this machine makes */
			  .icmp_first = e->first,
			  .icmp_last = e->last};

	k.source.plane = PLANE_MAIN; /* the kernel tells of none */
	return k;
}

static void wish_add(struct wishes *w, const struct krule *k, bool behind_own)
{
	w->wish = xgrow(w->wish, w->n, &w->cap, sizeof(*w->wish));
	w->wish[w->n++] = (struct wish){.k = *k, .behind_own = behind_own};
}

/* The rule into the plane's table rests on the one into the main table: alone, it would shut out
 * hosts of the main plane where the plane's table has an end. Both come after the plane's rules. */
static void wish_answers(struct wishes *w, const struct addr *a, uint8_t plane, uint8_t protocol)
{
	struct krule into = rule_for(a, plane, &(struct errors){0}), first;

	into.ip_protocol = protocol;
	into.priority += 2;
	first = into;
	first.priority--;
	first.table = RT_TABLE_MAIN;
	first.no_default = true;
	wish_add(w, &first, false);
	wish_add(w, &into, true);
}

/* Of any protocol from a tunnel's address, of two from that of another interface. */
static void wish_all_answers(struct wishes *w, const struct addr *a, uint8_t plane, bool tunnel)
{
	if (tunnel) {
		wish_answers(w, a, plane, 0);
		return;
	}
	wish_answers(w, a, plane, IPPROTO_TCP);
	wish_answers(w, a, plane, a->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static void wish_for(struct wishes *w, const char *name, uint8_t plane)
{
	uint32_t ifindex = kernel_link_by_name(name);
	bool tunnel = plane_is_tunnel(name);
	const struct kaddr *a;

	for (unsigned i = 0; ifindex && (a = ifaddr_get(ifindex, i)); i++) {
		if (addr_is_link_local(&a->local) || !is_of_one_plane(&a->local, plane))
			continue;
		for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
			struct krule k = rule_for(&a->local, plane, &errors[e]);

			if (errors[e].family == a->local.family)
				wish_add(w, &k, false);
		}
		wish_all_answers(w, &a->local, plane, tunnel);
	}
}

static struct wishes wish(void)
{
	struct wishes w = {0};
	const char *name;

	for (unsigned p = 1; p < PLANES_MAX; p++)
		for (size_t i = 0;
		     plane_present((uint8_t)p) && (name = plane_interface((uint8_t)p, i)); i++)
			wish_for(&w, name, (uint8_t)p);
	return w;
}

static bool same_wish(const struct wish *a, const struct wish *b)
{
	return rule_same(&a->k, &b->k) && a->behind_own == b->behind_own;
}

/* How many are the same from the start, or, from the end, behind the first SKIP. */
static size_t common(const struct wishes *a, const struct wishes *b, bool end, size_t skip)
{
	size_t n = 0, max = (a->n < b->n ? a->n : b->n) - skip;

	while (n < max &&
	       same_wish(&a->wish[end ? a->n - 1 - n : n], &b->wish[end ? b->n - 1 - n : n]))
		n++;
	return n;
}

/* New ones first: what is in both stays untouched. What rests on another goes before that. A look
 * for a rule passes all of them: what is the same from the start and from the end is not looked
 * for, so one address that comes or goes costs its own few rules. */
static bool errorway_run(void *arg)
{
	struct wishes before = wanted, now = wish();
	size_t head = common(&before, &now, false, 0), tail = common(&before, &now, true, head);

	wanted = now;
	for (size_t i = head; i < now.n - tail; i++)
		(now.wish[i].behind_own ? rule_want_behind_own : rule_want)(&now.wish[i].k);
	for (size_t i = before.n - tail; i > head; i--)
		rule_unwant(&before.wish[i - 1].k);
	free(before.wish);
	return false;
}

void errorway_changed(void)
{
	if (!ready)
		return;
	if (!job.ready)
		job_init(&job, errorway_run, NULL);
	job_start(&job);
}

void errorway_read_end(void)
{
	ready = true;
	errorway_run(NULL);
}

void errorway_reset(void)
{
	free(wanted.wish);
	wanted = (struct wishes){0};
	if (job.ready)
		job_stop(&job);
	job.ready = ready = false;
}
