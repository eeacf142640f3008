/* SPDX-License-Identifier: BSD-2-Clause */
/* query: the query of a URI as a request to wgbgpd, checked by the schema of requests. */
#ifndef WGBGP_WEB_QUERY_H
#define WGBGP_WEB_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct evhttp_request;
struct evkeyvalq;

#define QUERY_VALUE_MAX 256 /* bytes of a value */

/* What is behind the '?' of REQ; ends with evhttp_clear_headers(). False: it was answered. */
bool query_members(struct evhttp_request *req, struct evkeyvalq *members);
/* Owned by the caller; NULL with the HTTP status and a sentence. */
json_t *query_request(const char *name, const struct evkeyvalq *members, int *status, char *error,
		      size_t size);
/* Both: what REQ asks NAME. Owned by the caller; NULL: it was answered. */
json_t *query_take(struct evhttp_request *req, const char *name);

#endif
