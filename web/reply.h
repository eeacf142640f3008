/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: answers that are there as a whole. A text may be the answer to many clients at once: they
 * share it, however slowly they read.
 */
#ifndef WGBGP_WEB_REPLY_H
#define WGBGP_WEB_REPLY_H

#include <jansson.h>
#include <stddef.h>

#include <event2/http.h>

#include "util.h"

#define REPLY_JSON "application/json"

struct text; /* counted */

/* Takes over BYTES, which free() releases. */
struct text *text_new(char *bytes, size_t len);
struct text *text_of_doc(json_t *doc, size_t flags); /* DOC (taken over) as JSON; json_dumps() */
void text_unref(struct text *text);		     /* NULL is fine */
size_t texts_bytes(void);			     /* of all that are there */

/* What every answer says of itself. */
void reply_heads(struct evhttp_request *req, const char *type);
/* To HEAD with the head alone. The text stays the caller's. */
void reply_text(struct evhttp_request *req, int status, const char *type, struct text *text);
/* TEXT of others as a string of JSON: each byte that is no UTF-8 becomes '?'. */
json_t *reply_words(const char *text);
json_t *reply_error_doc(const char *text); /* {"error": TEXT}; NULL: there was no answer */
void reply_error(struct evhttp_request *req, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
