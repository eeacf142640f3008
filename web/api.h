/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api: /api/REQUEST?MEMBER=VALUE: the requests of yang/wgbgp-requests.yang that change nothing, and
 * their answers as wgbgp-cli's `json` writes them, row by row: a long answer is never in memory as
 * a whole, and waits in its daemon while the client does not take it.
 *
 * What is asked must be in the schema: a name or a value that is not is refused here, with what
 * there is. `monitor` has no end: its rows are server-sent events. An answer that fails after a
 * part of it was sent ends with the member `error`.
 */
#ifndef WGBGP_WEB_API_H
#define WGBGP_WEB_API_H

#include <event2/http.h>

#define API_PATH "/api/"

void api(struct evhttp_request *req, const char *name);
void api_free(void); /* before evhttp_free(): what is not complete ends */

#endif
