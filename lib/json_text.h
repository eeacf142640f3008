/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_text: writes JSON as text, for answers with a million rows: to build, print and free a tree
 * of values takes several times as long. The caller opens and closes objects and arrays; commas are
 * added here. Answers with few rows use jansson.
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
