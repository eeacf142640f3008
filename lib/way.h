/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * way: what the kernel says of the way to an address: the route that an encrypted packet takes
 * there, and the state of the interface at its end.
 */
#ifndef WGBGP_WAY_H
#define WGBGP_WAY_H

#include <stdbool.h>
#include <stdint.h>

struct addr;

int way_open(void); /* 0 or -errno */
void way_close(void);
/* Whether something leads to TO with the mark MARK, and by which interface (OIF; NULL: no matter;
 * 0: none was said). Where the kernel does not say, it does. */
bool way_leads(const struct addr *to, uint32_t mark, uint32_t *oif);
/* The length of the prefix of the route that packets to TO take with that mark; -1: nothing leads
 * there, or the kernel does not say. */
int way_len(const struct addr *to, uint32_t mark);

#endif
