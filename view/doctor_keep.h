/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_keep: checks of doctor on what is kept in (I10). See doctor_checks.h. */
#ifndef WGBGP_VIEW_DOCTOR_KEEP_H
#define WGBGP_VIEW_DOCTOR_KEEP_H

#include "doctor_facts.h"

void check_kept(struct doctor *d, const json_t *row);
void check_keep_off(struct doctor *d, const json_t *row);

#endif
