/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explained: /api/explain?destination=A, with `from=B` and `plane=P` or without: where packets go,
 * in the words of wgbgp-cli's `explain ... json`. What the kernel says is asked of wgbgpd; rules of
 * nftables and echo requests need rights that this process does not have.
 *
 * An answer takes a dozen questions to the daemons. One at a time is made; then the daemons rest
 * for five times as long as it took. Who asks the same as somebody else shares the answer, also for
 * a moment after (shared.h). Few different ones wait.
 */
#ifndef WGBGP_WEB_EXPLAINED_H
#define WGBGP_WEB_EXPLAINED_H

#include <event2/http.h>

#define EXPLAINED "explain" /* behind API_PATH */
#define EXPLAINED_MAX 16    /* different ones that wait or are kept */
#define EXPLAINED_REST_TIMES 5

void explained(struct evhttp_request *req);
void explained_free(void);

#endif
