/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_checks: the table of the checks, in the order of their findings, and those of them that
 * have no file of their own: one small function each.
 */
#ifndef WGBGP_VIEW_DOCTOR_CHECKS_H
#define WGBGP_VIEW_DOCTOR_CHECKS_H

#include <stddef.h>

#include "doctor_facts.h"

struct check {
	const char *name; /* stable */
	enum doctor_source source;
	void (*look)(struct doctor *d, const json_t *row);
};
extern const struct check doctor_checks[];
extern const size_t doctor_n_checks;

#endif
