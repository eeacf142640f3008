/* SPDX-License-Identifier: BSD-2-Clause */
/* web_ask: what the running configuration says to wgbgp-web; request `web`. */
#ifndef WGBGP_WEB_ASK_H
#define WGBGP_WEB_ASK_H

#include <jansson.h>

struct request;

void web_request(struct request *r, const json_t *args);

#endif
