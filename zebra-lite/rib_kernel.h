/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_kernel: what is found in the kernel's table goes into the RIB.
 *
 * Somebody else's routes are candidates. Routes with our protocol number and metric are compared
 * with what we installed: one that nobody installed in this life is adopted, one that differs or is
 * missing is drift. A full reading is a mark-and-sweep over both: rib_kernel_begin(), every route,
 * rib_kernel_end().
 */
#ifndef WGBGP_ZEBRA_RIB_KERNEL_H
#define WGBGP_ZEBRA_RIB_KERNEL_H

#include "kernel.h"
#include "out.h"

void rib_kernel_begin(void);
/* The same of the routes by N interfaces alone: others are not missed. N 0: of all. */
void rib_kernel_begin_by(const uint32_t *oifs, unsigned n);
void rib_kernel_end(void (*done)(void)); /* goes on in the background; DONE may be NULL */
void rib_kernel_route(const struct kroute *r, bool present);
/* An address of an interface that is no point-to-point one. */
void rib_kernel_addr(const struct kaddr *a, bool present);
void rib_kernel_link_changed(uint32_t ifindex);
/* Has routes of ours with another metric read again, where some were seen: they go then, if
 * fib_is_swept(). */
void rib_kernel_take_strays(void);
void rib_kernel_reset(void);

#endif
