/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of the table in doctor_checks.c that stand in files of their own. */
#ifndef WGBGP_CLI_DOCTOR_CHECKS_H
#define WGBGP_CLI_DOCTOR_CHECKS_H

#include <jansson.h>

struct doctor;

/* doctor_misfits.c: what does not fit together. */
void check_own_network(struct doctor *d, const json_t *row);	/* SOURCE_ROUTES */
void check_static_entries(struct doctor *d, const json_t *row); /* SOURCE_INTERFACES */
void check_names(struct doctor *d, const json_t *row);		/* SOURCE_INTERFACES */
void check_orphan(struct doctor *d, const json_t *row);		/* SOURCE_NEIGHBORS */
void check_shares(struct doctor *d, const json_t *row);		/* SOURCE_ROUTES */
void check_hash_policy(struct doctor *d, const json_t *row);	/* SOURCE_MACHINE */

#endif
