/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_internal.h"

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
