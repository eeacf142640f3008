/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_flows: a check of doctor that compares learned prefixes with the flows of conntrack. */
#ifndef WGBGP_VIEW_DOCTOR_FLOWS_H
#define WGBGP_VIEW_DOCTOR_FLOWS_H

#include "doctor_facts.h"

/* Of each row of SOURCE_ROUTES: which flows go there, as long as no longer prefix has them. */
void note_flows(struct doctor *d, const json_t *row);
/* Behind all of them: flows go there by a tunnel, and nothing ever comes back. */
void check_one_way(struct doctor *d, const json_t *row);
void doctor_flows_free(struct doctor *d);

#endif
