/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel sends: route, rule and link messages, and the answers to a batch. The kernel is
 * no stranger, but what other programs put into its tables comes through the same decoders.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "kernel.h"
#include "nl_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_error(void *arg, void *cookie, int err)
{
	if (cookie != arg || err >= 0)
		abort();
}

static void decode_all(const void *data, int left)
{
	const struct nlmsghdr *nlh = data;

	for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		struct kroute r;
		struct klink k;
		struct krule rule;
		struct kaddr addr;

		if (kernel_decode_route(nlh, &r) == 0 &&
		    r.prefix.len > family_bits(r.prefix.family))
			abort();
		if (kernel_decode_link(nlh, &k) == 0 && !memchr(k.name, '\0', sizeof(k.name)))
			abort();
		if (kernel_decode_addr(nlh, &addr) == 0 &&
		    addr.subnet.len > family_bits(addr.local.family))
			abort();
		if (kernel_decode_rule(nlh, &rule) == 0 &&
		    (!memchr(rule.iif, '\0', sizeof(rule.iif)) ||
		     !memchr(rule.oif, '\0', sizeof(rule.oif)) ||
		     rule.source.len > family_bits(rule.family) ||
		     rule.dst.len > family_bits(rule.family)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* aligned, and its end is guarded */
	int cookie;
	struct nl_batch *b = nl_batch_new_detached(on_error, &cookie);

	for (int i = 0; i < 4; i++)
		nl_batch_end(b, nl_batch_begin(b, 0, 0, &cookie));
	memcpy(copy, data, size);
	decode_all(copy, size);
	nl_batch_parse(b, copy, size);
	nl_batch_free(b);
	free(copy);
	return 0;
}
