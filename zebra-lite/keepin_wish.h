/* SPDX-License-Identifier: BSD-2-Clause */
/* keepin_wish: whether a prefix should be refused by the kernel where no tunnel has a route for it
 * (keepin.h). Questions: nothing is changed by them. */
#ifndef WGBGP_ZEBRA_KEEPIN_WISH_H
#define WGBGP_ZEBRA_KEEPIN_WISH_H

#include "keepin.h"
#include "rib_node.h"

struct fib;

/* When the tables are to be looked at. */
enum keepin_when {
	KEEPIN_NOW,   /* as they are in the kernel */
	KEEPIN_BEHIND /* as they will be behind the batches under way */
};
enum keepin_state keepin_judge(const struct keepin *e, enum keepin_when when);
bool keepin_leads_in(const struct fib *f);     /* into a tunnel, whose link is up; F may be NULL */
bool keepin_has_route(const struct keepin *e); /* of its own, into a tunnel */
/* The way of the main plane's default route, where that leads into a tunnel: what
 * keepin_default_route() is given. */
bool keepin_default_way(uint8_t family, struct kroute *k);

#endif
