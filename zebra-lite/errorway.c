/* SPDX-License-Identifier: BSD-2-Clause */
#include "errorway.h"

#include <linux/fib_rules.h>
#include <stdlib.h>

#include "ifaddr.h"
#include "kernel.h"
#include "loop.h"
#include "planes.h"
#include "rule.h"
#include "util.h"
#include "zconfig.h"

static struct wishes {
	size_t n;
	struct krule *k; /* owned; the same one may be there several times */
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

static void wish_add(struct wishes *w, const struct krule *k)
{
	w->k = xrealloc(w->k, (w->n + 1) * sizeof(*w->k));
	w->k[w->n++] = *k;
}

static void wish_for(struct wishes *w, uint32_t ifindex, uint8_t plane)
{
	const struct kaddr *a;

	for (unsigned i = 0; ifindex && (a = ifaddr_get(ifindex, i)); i++) {
		if (addr_is_link_local(&a->local) || !is_of_one_plane(&a->local, plane))
			continue;
		for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
			struct krule k = rule_for(&a->local, plane, &errors[e]);

			if (errors[e].family == a->local.family)
				wish_add(w, &k);
		}
	}
}

static struct wishes wish(void)
{
	struct wishes w = {0};
	const char *name;

	for (unsigned p = 1; p < PLANES_MAX; p++)
		for (size_t i = 0;
		     plane_present((uint8_t)p) && (name = plane_interface((uint8_t)p, i)); i++)
			wish_for(&w, kernel_link_by_name(name), (uint8_t)p);
	return w;
}

/* New ones first: what is in both stays untouched. */
static bool errorway_run(void *arg)
{
	struct wishes before = wanted;

	wanted = wish();
	for (size_t i = 0; i < wanted.n; i++)
		rule_want(&wanted.k[i]);
	for (size_t i = 0; i < before.n; i++)
		rule_unwant(&before.k[i]);
	free(before.k);
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
	free(wanted.k);
	wanted = (struct wishes){0};
	if (job.ready)
		job_stop(&job);
	job.ready = ready = false;
}
