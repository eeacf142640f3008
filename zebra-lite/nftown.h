/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nftown: keeps what came in by a tunnel of a plane away from our own addresses in other planes.
 *
 * Table local comes before the rules of planes, so a packet to any address of ours is taken, by
 * whatever interface it came. An nftables table of our own drops it in the hook `input`: of what
 * came in by a tunnel of a named plane the addresses of that plane's interfaces stay in reach. What
 * came in by another interface is not looked at.
 *
 * The table is written as a whole, in one transaction, when it has to differ from what was written
 * last, or was found to. A stop leaves it. It has no part in `inet wgbgp`, the table of the user's
 * rules (nftset.h).
 */
#ifndef WGBGP_ZEBRA_NFTOWN_H
#define WGBGP_ZEBRA_NFTOWN_H

#include <stdbool.h>

#define NFTOWN_TABLE "wgbgp-planes" /* of family inet */

void nftown_open(const char *rundir);
void nftown_changed(void);	/* the configuration, addresses or interfaces */
void nftown_kernel_ready(void); /* all addresses are known from here on */
void nftown_teardown(void);	/* takes the table out; the thread of nft.h is stopped */
void nftown_close(void);
const char *nftown_state(void); /* off, pending, installed, refused */
const char *nftown_error(void); /* of the last attempt, "" none */

#endif
