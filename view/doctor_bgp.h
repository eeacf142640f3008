/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_bgp: checks of doctor: sessions, and paths that are not used or not as they should be. */
#ifndef WGBGP_VIEW_DOCTOR_BGP_H
#define WGBGP_VIEW_DOCTOR_BGP_H

#include <jansson.h>

struct doctor;

void check_policy(struct doctor *d, const json_t *row);	    /* SOURCE_NEIGHBORS */
void check_limit(struct doctor *d, const json_t *row);	    /* SOURCE_NEIGHBORS */
void check_not_sent(struct doctor *d, const json_t *row);   /* SOURCE_NEIGHBORS */
void check_session(struct doctor *d, const json_t *row);    /* SOURCE_NEIGHBORS */
void check_password(struct doctor *d, const json_t *row);   /* SOURCE_NEIGHBORS */
void check_restarting(struct doctor *d, const json_t *row); /* SOURCE_NEIGHBORS */
void check_shared(struct doctor *d, const json_t *row);	    /* SOURCE_BGP */
void check_swallowed(struct doctor *d, const json_t *row);  /* SOURCE_BGP */
void check_blackhole(struct doctor *d, const json_t *row);  /* SOURCE_BGP */
void count_refused(struct doctor *d, const json_t *row);    /* SOURCE_BGP */
void check_refused(struct doctor *d, const json_t *row);    /* SOURCE_REFUSED */

#endif
