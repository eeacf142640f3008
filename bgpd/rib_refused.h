/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_refused: lines of the log for what neighbours announce beyond a ceiling.
 */
#ifndef WGBGP_BGPD_RIB_REFUSED_H
#define WGBGP_BGPD_RIB_REFUSED_H

#include "rib_peer.h"

/* What paths are kept out for by what they are, and not by what is up or down now. */
extern const enum reason rib_refusals[RIB_REFUSALS];
/* PR announces a path that is kept out for REASON. */
void rib_refused_count(struct peer_rib *pr, enum reason reason);
/* PR announces P, which is beyond a ceiling for REASON: the log will have a line about such. */
void rib_refused(struct peer_rib *pr, const struct prefix *p, enum reason reason);
void rib_refused_free(void);

#endif
