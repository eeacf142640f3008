/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nftset: what belongs to a plane, in nftables sets that a user's rules refer to.
 *
 * A set is visible inside its own table only, so the rules of the user stand in our table, inet
 * wgbgp, in chains of his own. Ours are the sets KIND-PLANE, by their names; nothing else in the
 * table is read or touched. They stay when zebra-lite ends. The next one changes nothing before it
 * knows as much as its predecessor did, and then replaces the elements in one transaction, in which
 * no packet sees a set half filled.
 *
 * The kernel's ruleset has a generation, looked at twice a second: when somebody else changed it,
 * we look whether our sets are still the same ones, make those that are gone, and fill them again.
 * Nothing here holds up routes; what the kernel refuses is said and tried again.
 */
#ifndef WGBGP_ZEBRA_NFTSET_H
#define WGBGP_ZEBRA_NFTSET_H

#include <jansson.h>
#include <stdbool.h>

struct rib_node;

void nftset_open(const char *rundir); /* RUNDIR/nft-sets says that there may be some of ours */
void nftset_config_changed(void);
void nftset_route_changed(const struct rib_node *n); /* something else may be installed */
void nftset_teardown(void);
void nftset_close(void); /* leaves them */

/* "off", "pending", "installed", "refused", and what the kernel says, "" nothing. */
const char *nftset_state(void);
const char *nftset_error(void);
/* Rows for show, one a set. */
json_t *nftset_rows(void);

#endif
