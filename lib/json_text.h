/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_text: JSON written straight into text, for rows of which there may be a million: a tree of
 * values, built and printed and freed, takes several times as long. Whoever writes it says what
 * opens and closes; commas come by themselves. Rows of which there are few are better made by
 * jansson.
 *
 * KEY is the member's name inside an object, NULL inside an array; it is written as it is.
 */
#ifndef WGBGP_JSON_TEXT_H
#define WGBGP_JSON_TEXT_H

#include "buf.h"

struct json_text {
	struct wr out; /* the text so far, not NUL-terminated; owned */
	bool comma;    /* before the next value */
};

void json_text_reset(struct json_text *t); /* empty, memory kept */
void json_text_free(struct json_text *t);
void json_text_object(struct json_text *t, const char *key); /* opens one */
void json_text_array(struct json_text *t, const char *key);
void json_text_end_object(struct json_text *t);
void json_text_end_array(struct json_text *t);
void json_text_string(struct json_text *t, const char *key, const char *value); /* UTF-8 */
void json_text_integer(struct json_text *t, const char *key, int64_t value);
void json_text_boolean(struct json_text *t, const char *key, bool value);
void json_text_null(struct json_text *t, const char *key);
void json_text_addr(struct json_text *t, const char *key, const struct addr *a); /* or null */

#endif
