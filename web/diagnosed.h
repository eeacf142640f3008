/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnosed: /api/doctor: what is wrong, in the words of wgbgp-cli's `doctor json`. What the kernel
 * says is asked of wgbgpd; the flows of conntrack are not known here.
 *
 * It reads each table of the daemons once. One diagnosis at a time is made, whoever asks, and it is
 * the answer for DIAGNOSED_FRESH_MS after, or for DIAGNOSED_FRESH_TIMES as long as it took: who
 * asks without end keeps the daemons busy for a twentieth of their time at most.
 */
#ifndef WGBGP_WEB_DIAGNOSED_H
#define WGBGP_WEB_DIAGNOSED_H

#include <event2/http.h>

#define DIAGNOSED "doctor" /* behind API_PATH */
#define DIAGNOSED_FRESH_MS 5000
#define DIAGNOSED_FRESH_TIMES 20

void diagnosed(struct evhttp_request *req);
void diagnosed_free(void);

#endif
