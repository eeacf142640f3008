/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_internal.h"

#include "tunnel.h"

struct fib_gate fib_gate;

bool fib_begun(void)
{
	return fib_gate.kernel_ready && fib_gate.wgd_met;
}

void fib_found(void)
{
	fib_gate.earlier = fib_gate.earlier || !fib_gate.kernel_ready;
}

bool fib_is_swept(void)
{
	return fib_gate.swept;
}

uint32_t fib_later(uint32_t a, uint32_t b)
{
	return a && b ? ((int32_t)(a - b) > 0 ? a : b) : a | b;
}

static bool is_behind(uint32_t number, uint32_t other)
{
	return !other || (int32_t)(number - other) > 0;
}

/* Not answered, and there is hope. */
static bool is_awaited(uint32_t number)
{
	return number && (int32_t)(number - fib_gate.acked) > 0 &&
	       is_behind(number, fib_gate.waived);
}

bool fib_is_unsetting(void)
{
	return is_awaited(fib_gate.unsets);
}

uint32_t fib_unsets_on(uint32_t ifindex)
{
	const struct tunnel_if *i = fib_is_unsetting() ? tunnel_if_by_index(ifindex) : NULL;

	return i && is_awaited(i->unsets) ? i->unsets : 0;
}
