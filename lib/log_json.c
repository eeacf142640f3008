/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "log_line.h"
#include "plain.h"

/* Without an allocation: out of memory is said by a line, too. */
struct out {
	char *text;
	size_t len;
};

static void add_bytes(struct out *o, const char *text, size_t len)
{
	if (o->len + len > LOG_JSON_BYTES - 1)
		return;
	memcpy(o->text + o->len, text, len);
	o->len += len;
}

static void add_text(struct out *o, const char *text)
{
	add_bytes(o, text, strlen(text));
}

static void add_characters(struct out *o, const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		const unsigned char *c = (const unsigned char *)text + at;
		char buf[8];

		n = plain_utf8_length(text + at, len - at);
		if (n == 0) {
			add_text(o, "\xef\xbf\xbd");
			n = 1;
		} else if (*c == '"' || *c == '\\') {
			add_bytes(o, "\\", 1);
			add_bytes(o, text + at, n);
		} else if (*c < 0x20 || *c == 0x7f) {
			snprintf(buf, sizeof(buf), "\\u%04x", *c);
			add_text(o, buf);
		} else {
			add_bytes(o, text + at, n);
		}
	}
}

static void add_key(struct out *o, const char *key, size_t len)
{
	add_text(o, o->len > 1 ? ",\"" : "\"");
	add_characters(o, key, len);
	add_text(o, "\":");
}

static void add_string(struct out *o, const char *key, const char *value, size_t len)
{
	add_key(o, key, strlen(key));
	add_text(o, "\"");
	add_characters(o, value, len);
	add_text(o, "\"");
}

/* Written as one, and JSON takes it as one. */
static bool is_number(const struct log_line *l, const struct log_field *f)
{
	const char *digits = f->value + (f->value[0] == '-');
	size_t n = strspn(digits, "0123456789");

	if (!n || digits[n] || (digits[0] == '0' && n > 1))
		return false;
	for (unsigned i = 0; i < l->n_numbers; i++)
		if (l->numbers[i] == f->at)
			return true;
	return false;
}

static void add_fields(struct out *o, const struct log_line *l)
{
	struct log_field f;
	size_t at = 0;

	while (log_field_next(l->text, &at, &f)) {
		bool number = is_number(l, &f);

		if (!f.key_len)
			continue;
		add_key(o, f.key, f.key_len);
		add_text(o, number ? "" : "\"");
		add_characters(o, f.value, f.value_len);
		add_text(o, number ? "" : "\"");
	}
}

/* Words that are no pairs. */
static void add_words(struct out *o, const struct log_line *l)
{
	struct log_field f;
	bool any = false;
	size_t at = 0;

	while (log_field_next(l->text, &at, &f)) {
		if (f.key_len)
			continue;
		if (!any)
			add_key(o, "words", strlen("words"));
		add_text(o, any ? " " : "\"");
		any = true;
		add_characters(o, f.value, f.value_len);
	}
	if (any)
		add_text(o, "\"");
}

size_t log_line_json(const struct log_line *l, const char *time, const char *level,
		     const char *host, const char *logger, char out[LOG_JSON_BYTES])
{
	struct out o = {.text = out};

	add_text(&o, "{");
	add_string(&o, "time", time, strlen(time));
	add_string(&o, "level", level, strlen(level));
	if (*host)
		add_string(&o, "host", host, strlen(host));
	add_string(&o, "logger", logger, strlen(logger));
	add_string(&o, "event", l->text, log_line_event(l->text));
	add_fields(&o, l);
	add_words(&o, l);
	add_text(&o, "}");
	out[o.len] = '\0';
	return o.len;
}
