/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_misfits: checks of doctor: things that are fine by themselves and do not fit together. */
#ifndef WGBGP_VIEW_DOCTOR_MISFITS_H
#define WGBGP_VIEW_DOCTOR_MISFITS_H

#include <jansson.h>

struct doctor;

void check_own_network(struct doctor *d, const json_t *row);	/* SOURCE_ROUTES */
void check_static_entries(struct doctor *d, const json_t *row); /* SOURCE_INTERFACES */
void check_names(struct doctor *d, const json_t *row);		/* SOURCE_INTERFACES */
void check_plane_address(struct doctor *d, const json_t *row);	/* SOURCE_INTERFACES */
void check_orphan(struct doctor *d, const json_t *row);		/* SOURCE_NEIGHBORS */
void check_shares(struct doctor *d, const json_t *row);		/* SOURCE_ROUTES */
void check_hash_policy(struct doctor *d, const json_t *row);	/* SOURCE_MACHINE */

#endif
