/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_text.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

void json_text_reset(struct json_text *t)
{
	wr_reset(&t->out);
	t->comma = false;
}

void json_text_free(struct json_text *t)
{
	wr_free(&t->out);
	t->comma = false;
}

/* Room for N bytes of a value, behind a comma and the key; the caller fills them. */
static char *value_room(struct json_text *t, const char *key, size_t n)
{
	size_t len = key ? strlen(key) : 0;
	char *at = (char *)wr_room(&t->out, t->comma + (key ? len + 3 : 0) + n);

	if (t->comma)
		*at++ = ',';
	t->comma = true;
	if (!key)
		return at;
	*at++ = '"';
	memcpy(at, key, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	return at;
}

static void put_value(struct json_text *t, const char *key, const char *text, size_t len)
{
	memcpy(value_room(t, key, len), text, len);
}

static void put_word(struct json_text *t, const char *key, const char *word)
{
	put_value(t, key, word, strlen(word));
}

static void open_value(struct json_text *t, const char *key, char bracket)
{
	*value_room(t, key, 1) = bracket;
	t->comma = false;
}

void json_text_object(struct json_text *t, const char *key)
{
	open_value(t, key, '{');
}

void json_text_array(struct json_text *t, const char *key)
{
	open_value(t, key, '[');
}

void json_text_end_object(struct json_text *t)
{
	wr_u8(&t->out, '}');
	t->comma = true;
}

void json_text_end_array(struct json_text *t)
{
	wr_u8(&t->out, ']');
	t->comma = true;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static void put_escaped(struct json_text *t, const char *value)
{
	char code[8];

	for (; *value; value++) {
		if (is_plain(*value)) {
			wr_u8(&t->out, *value);
			continue;
		}
		snprintf(code, sizeof(code), "\\u%04x", (unsigned char)*value);
		wr_bytes(&t->out, code, 6);
	}
}

void json_text_string(struct json_text *t, const char *key, const char *value)
{
	size_t len = 0;
	char *at;

	while (value[len] && is_plain(value[len]))
		len++;
	if (value[len]) {
		*value_room(t, key, 1) = '"';
		put_escaped(t, value);
		wr_u8(&t->out, '"');
		return;
	}
	at = value_room(t, key, len + 2);
	*at++ = '"';
	memcpy(at, value, len);
	at[len] = '"';
}

void json_text_integer(struct json_text *t, const char *key, int64_t value)
{
	char digits[24], *end = digits;

	if (value < 0)
		*end++ = '-';
	end = put_decimal(end, value < 0 ? -(uint64_t)value : (uint64_t)value);
	put_value(t, key, digits, end - digits);
}

void json_text_boolean(struct json_text *t, const char *key, bool value)
{
	put_word(t, key, value ? "true" : "false");
}

void json_text_null(struct json_text *t, const char *key)
{
	put_word(t, key, "null");
}

void json_text_addr(struct json_text *t, const char *key, const struct addr *a)
{
	if (a->family)
		json_text_string(t, key, ADDR_STR(a));
	else
		json_text_null(t, key);
}
