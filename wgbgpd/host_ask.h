/* SPDX-License-Identifier: BSD-2-Clause */
/* host_ask: what the kernel says, for clients that may not ask it: requests `host-...`. */
#ifndef WGBGP_HOST_ASK_H
#define WGBGP_HOST_ASK_H

#include <jansson.h>

struct request;

void host_request(struct request *r, const json_t *args);
void host_links_request(struct request *r, const json_t *args);

#endif
