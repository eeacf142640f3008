/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * members: the members of JSON objects, as values and as text for people: rows of the daemons'
 * answers. Text from elsewhere (a neighbour's shutdown message, say) has no control characters
 * then.
 */
#ifndef WGBGP_VIEW_MEMBERS_H
#define WGBGP_VIEW_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

/* Takes the beginning of a character (UTF-8) away that lost its end when TEXT was cut. */
void text_trim(char *text);
bool text_continues(char c); /* it is no first byte of a character */
/* A member as text in OUT: "-" when absent or null, yes/no, arrays joined by blanks. */
const char *text_of(const json_t *obj, const char *key, char *out, size_t size);
/* The same of a value. */
const char *text_value(const json_t *value, char *out, size_t size);
#define TEXT(obj, key) text_of((obj), (key), (char[512]){0}, 512)
bool is_set(const json_t *obj, const char *key); /* present, not null, not "", not [] */
bool is_true(const json_t *obj, const char *key);
const char *str_of(const json_t *obj, const char *key); /* "" when absent */
int64_t int_of(const json_t *obj, const char *key);	/* 0 when absent */

/* The first of ROWS whose member KEY is VALUE; whose `name` is NAME; that of a tunnel. Borrowed,
 * NULL: there is none, or no ROWS. */
const json_t *row_with(const json_t *rows, const char *key, const char *value);
const json_t *row_named(const json_t *rows, const char *name);
const json_t *row_of_tunnel(const json_t *rows, const char *interface, const char *peer);

/* TEXT, a tunnel address of the tunnel ROW, as the other daemons say it: fe80::1%wg1. */
const char *text_tunnel_address(const json_t *row, const json_t *text, char out[ADDR_STRLEN]);
#define TUNNEL_ADDRESS(row, text) text_tunnel_address((row), (text), (char[ADDR_STRLEN]){0})

const char *text_age(const json_t *value, char *out, size_t size);   /* 00:10:11, 3d04h, never */
const char *text_ago(const json_t *value, char *out, size_t size);   /* "1 minute, 5 seconds ago" */
const char *text_bytes(const json_t *value, char *out, size_t size); /* 1.50 KiB */
#define AGE(obj, key) text_age(json_object_get((obj), (key)), (char[48]){0}, 48)
#define AGO(obj, key) text_ago(json_object_get((obj), (key)), (char[96]){0}, 96)
#define BYTES(obj, key) text_bytes(json_object_get((obj), (key)), (char[48]){0}, 48)

#endif
