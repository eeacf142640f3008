/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scrape: /metrics (view/metrics.h). Each request is asked when the one before is answered; what
 * does not answer has no samples, and wgbgp_scrape_complete is 0 then. Who asks while it is made
 * shares it.
 */
#ifndef WGBGP_WEB_SCRAPE_H
#define WGBGP_WEB_SCRAPE_H

#include <event2/http.h>

void scrape(struct evhttp_request *req);
void scrape_free(void);

#endif
