/* SPDX-License-Identifier: BSD-2-Clause */
#include "members.h"

#include <stdio.h>
#include <string.h>

#include "plain.h"
#include "util.h"

#define NUMBER_MAX 32 /* letters */

bool text_continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t character_bytes(char first)
{
	unsigned char c = first;

	return c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
}

void text_trim(char *text)
{
	size_t len = strlen(text), last = len;

	while (last && text_continues(text[last - 1]))
		last--;
	if (last && len < last - 1 + character_bytes(text[last - 1]))
		text[last - 1] = '\0';
}

/* Appends TEXT without control characters; returns the new length. */
static size_t text_append(char *out, size_t len, size_t size, const char *text)
{
	str_copy(out + len, text, size - len);
	text_trim(out);
	plain_text(out + len);
	return strlen(out);
}

static size_t append_value(char *out, size_t len, size_t size, const json_t *value)
{
	char number[NUMBER_MAX];
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return text_append(out, len, size, json_string_value(value));
	if (json_is_boolean(value))
		return text_append(out, len, size, json_is_true(value) ? "yes" : "no");
	if (json_is_array(value)) {
		json_array_foreach (value, i, item) {
			if (i)
				len = text_append(out, len, size, " ");
			len = append_value(out, len, size, item);
		}
		return len;
	}
	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(number, sizeof(number), "%.1f", json_real_value(value));
	else
		return len;
	return text_append(out, len, size, number);
}

const char *text_value(const json_t *value, char *out, size_t size)
{
	if (append_value(out, 0, size, value) == 0)
		str_copy(out, "-", size);
	return out;
}

const char *text_of(const json_t *obj, const char *key, char *out, size_t size)
{
	return text_value(json_object_get(obj, key), out, size);
}

bool is_set(const json_t *obj, const char *key)
{
	const json_t *value = json_object_get(obj, key);

	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	return value && !json_is_null(value);
}

bool is_true(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

const char *str_of(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "";
}

const json_t *row_with(const json_t *rows, const char *key, const char *value)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (str_eq(str_of(row, key), value))
			return row;
	return NULL;
}

const json_t *row_named(const json_t *rows, const char *name)
{
	return row_with(rows, "name", name);
}

const json_t *row_of_tunnel(const json_t *rows, const char *interface, const char *peer)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (str_eq(str_of(row, "interface"), interface) &&
		    str_eq(str_of(row, "peer"), peer))
			return row;
	return NULL;
}

int64_t int_of(const json_t *obj, const char *key)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_number(value) ? (int64_t)json_number_value(value) : 0;
}

const char *text_tunnel_address(const json_t *row, const json_t *text, char out[ADDR_STRLEN])
{
	const char *plain = json_is_string(text) ? json_string_value(text) : "";
	struct addr a;

	if (addr_parse(plain, &a) < 0)
		return plain;
	a = addr_on_link(&a, str_of(row, "interface"));
	return addr_str(&a, out);
}

const char *text_age(const json_t *value, char *out, size_t size)
{
	uint64_t s;

	if (!json_is_number(value) || json_number_value(value) < 0) {
		snprintf(out, size, "never");
		return out;
	}
	s = (uint64_t)json_number_value(value);
	if (s < 86400)
		snprintf(out, size, "%02u:%02u:%02u", (unsigned)(s / 3600), (unsigned)(s / 60 % 60),
			 (unsigned)(s % 60));
	else
		snprintf(out, size, "%llud%02uh%02um", (unsigned long long)(s / 86400),
			 (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60));
	return out;
}

const char *text_ago(const json_t *value, char *out, size_t size)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
	size_t len = 0;
	uint64_t s;

	if (!json_is_number(value) || json_number_value(value) < 0) {
		snprintf(out, size, "never");
		return out;
	}
	s = (uint64_t)json_number_value(value);
	if (s == 0) {
		snprintf(out, size, "now");
		return out;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t n = s / units[i].seconds;
		char part[NUMBER_MAX + sizeof(", seconds")];

		s %= units[i].seconds;
		if (!n)
			continue;
		snprintf(part, sizeof(part), "%s%llu %s%s", len ? ", " : "", (unsigned long long)n,
			 units[i].name, n == 1 ? "" : "s");
		len = text_append(out, len, size, part);
	}
	text_append(out, len, size, " ago");
	return out;
}

const char *text_bytes(const json_t *value, char *out, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double n = json_is_number(value) ? json_number_value(value) : 0;
	size_t unit = 0;

	while (n >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		n /= 1024;
		unit++;
	}
	snprintf(out, size, unit ? "%.2f %s" : "%.0f %s", n, units[unit]);
	return out;
}
