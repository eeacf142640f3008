/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_tunnels: checks of doctor: tunnel interfaces, their peers, and the way to these. */
#ifndef WGBGP_VIEW_DOCTOR_TUNNELS_H
#define WGBGP_VIEW_DOCTOR_TUNNELS_H

#include <jansson.h>

struct doctor;

void check_interface(struct doctor *d, const json_t *row);    /* SOURCE_INTERFACES */
void check_source_drops(struct doctor *d, const json_t *row); /* SOURCE_INTERFACES */
void check_permits(struct doctor *d, const json_t *row);      /* SOURCE_INTERFACES */
void check_tunnel(struct doctor *d, const json_t *row);	      /* SOURCE_TUNNELS */
void check_endpoint(struct doctor *d, const json_t *row);     /* SOURCE_TUNNELS */
void check_mtu(struct doctor *d, const json_t *row);	      /* SOURCE_TUNNELS */
void check_pin(struct doctor *d, const json_t *row);	      /* SOURCE_PINS */

#endif
