/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_machine: checks of doctor: what this machine's kernel is set to, and its clock. */
#ifndef WGBGP_VIEW_DOCTOR_MACHINE_H
#define WGBGP_VIEW_DOCTOR_MACHINE_H

#include <jansson.h>

struct doctor;

void check_kernel_off(struct doctor *d, const json_t *row);   /* SOURCE_CONFIGURATION */
void check_forwarding(struct doctor *d, const json_t *row);   /* SOURCE_MACHINE */
void check_plane_errors(struct doctor *d, const json_t *row); /* SOURCE_MACHINE */
void check_rp_filter(struct doctor *d, const json_t *row);    /* SOURCE_MACHINE */
void check_clock(struct doctor *d, const json_t *row);	      /* SOURCE_MACHINE */

#endif
