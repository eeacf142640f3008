/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orphans: what an earlier wgd installed and nobody configures any more.
 *
 * The configuration may have changed while no wgd ran. Interfaces that carry our alias are deleted;
 * of adopted ones, known by their ledger, only what stands in the ledger is taken back.
 */
#ifndef WGBGP_ORPHANS_H
#define WGBGP_ORPHANS_H

#include <net/if.h>
#include <stdbool.h>

/* NAME is that of one such interface. False, and "": there is none. */
bool orphans_find(const char *rundir, char name[IF_NAMESIZE]);
/* KEEP says whether an interface of that name is looked after. */
void orphans_remove(const char *rundir, const char *program, bool (*keep)(const char *ifname));

#endif
