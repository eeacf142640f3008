/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * news: what follows from what others said: the kernel, and wgd of its tunnels.
 *
 * Those who hear it (kernel_read.c, tunnel.c and what they fill) know nobody above them; here is
 * who looks at what again then.
 */
#ifndef WGBGP_ZEBRA_NEWS_H
#define WGBGP_ZEBRA_NEWS_H

#include <stdbool.h>

/* Before all else: ties the floors together. BUSY as in fib_open(). */
void news_open(void (*busy)(bool busy));

#endif
