/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifaddr: the addresses of the machine's interfaces, as rtnetlink tells them.
 */
#ifndef WGBGP_ZEBRA_IFADDR_H
#define WGBGP_ZEBRA_IFADDR_H

#include "kernel.h"

/* CHANGED: an address of the interface came, went, or is otherwise than before. */
void ifaddr_open(void (*changed)(uint32_t ifindex));
void ifaddr_read_begin(void);
/* True: it is a new address, or is otherwise than before. */
bool ifaddr_told(const struct kaddr *a, bool present);
void ifaddr_read_end(void);

/* The I-th address of the interface, or NULL. */
const struct kaddr *ifaddr_get(uint32_t ifindex, unsigned i);
/* What we would send from: of global scope, neither tentative nor deprecated nor temporary, the
 * first one of the family. NULL: none. */
const struct kaddr *ifaddr_source(uint32_t ifindex, uint8_t family);
bool ifaddr_local(const struct addr *a); /* some interface has it */
/* The I-th interface that has it, or 0. */
uint32_t ifaddr_holder(const struct addr *a, unsigned i);
void ifaddr_reset(void);

#endif
