/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoders of answers to echo requests, with the accounting behind it, and of errors. The first
 * byte chooses the family; whatever is taken for an answer must not be taken for one a second time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "echo.h"
#include "icmp.h"
#include "icmp_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct icmp icmp = {.ident = 0x4142, .cookie = {'c', 'o', 'o', 'k', 'i', 'e'}};
	struct icmp_answer a = {0};
	struct icmp_error error;
	struct echo e;
	int family;

	if (!size)
		return 0;
	family = data[0] & 1 ? AF_INET : AF_INET6;
	if (icmp_error_parse(family, data + 1, size - 1, &error) &&
	    error.from.addr.family != error.to.addr.family)
		abort();
	if (!icmp_parse(&icmp, family, data + 1, size - 1, &a))
		return 0;
	echo_init(&e, 0xfff0);
	for (uint64_t i = 0; i < 200; i++)
		echo_sent(&e, i * 1000, i % 5 == 4);
	if (echo_received(&e, a.seq, 300000).known && echo_received(&e, a.seq, 300000).known)
		abort();
	return 0;
}
