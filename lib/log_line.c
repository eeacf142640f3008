/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "util.h"

/* ---- writing */

/* Whole or not at all. */
static void put(struct log_line *l, const char *text, size_t len)
{
	l->cut = l->cut || l->len + len > l->limit;
	if (l->cut)
		return;
	memcpy(l->text + l->len, text, len);
	l->len += len;
	l->quoted = l->quoted != (len == 1 && *text == '"');
}

static void put_all(struct log_line *l, const char *text)
{
	for (; *text; text++)
		put(l, text, 1);
}

/* Text of our own: what no line may contain becomes '?'. */
static void put_plain(struct log_line *l, const char *text)
{
	for (size_t n; *text; text += n ? n : 1) {
		n = plain_control(text);
		put(l, n ? "??" : text, n ? n : 1);
	}
}

/* Inside of quotes: \" \\ \n \xHH. An escape is written whole or not at all. */
static void log_put_escaped(struct log_line *l, const char *text)
{
	size_t control = 0; /* bytes of one, from here on */

	for (; *text; text++, control -= control > 0) {
		unsigned char c = (unsigned char)*text;
		char buf[8] = "";

		control = control ? control : plain_control(text);
		if (c == '"' || c == '\\')
			snprintf(buf, sizeof(buf), "\\%c", c);
		else if (c == '\n')
			strcpy(buf, "\\n");
		else if (control)
			snprintf(buf, sizeof(buf), "\\x%02x", c);
		else
			buf[0] = *text;
		put(l, buf, strlen(buf));
	}
}

static bool needs_quotes(const char *text)
{
	for (; *text; text++)
		if (plain_control(text) || strchr(" \"=\\", *text))
			return true;
	return false;
}

/* The value of a key, bare where that can be read back. */
static void log_put_value(struct log_line *l, const char *text)
{
	if (!needs_quotes(text)) {
		put_all(l, text);
		return;
	}
	put(l, "\"", 1);
	log_put_escaped(l, text);
	put(l, "\"", 1);
}

/* How a string stands in its line: text of the program, inside of quotes, the value of a key. */
enum stands { STANDS_FREE, STANDS_QUOTED, STANDS_VALUE };

static void put_string(struct log_line *l, enum stands stands, const char *text)
{
	if (stands == STANDS_QUOTED)
		log_put_escaped(l, text);
	else if (stands == STANDS_VALUE)
		log_put_value(l, text);
	else
		put_plain(l, text);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* One conversion, SPEC of N bytes from '%' on. */
static void put_conversion(struct log_line *l, const char *spec, size_t n, enum stands stands,
			   va_list *ap)
{
	char one[16], buf[512];
	char kind = spec[n - 1];

	if (n >= sizeof(one) || memchr(spec, '*', n))
		abort(); /* no fatal(), which logs */
	memcpy(one, spec, n);
	one[n] = '\0';
	if (kind == 's') {
		const char *text = va_arg(*ap, const char *);

		text = text ? text : "(null)";
		snprintf(buf, sizeof(buf), one, text);
		put_string(l, stands, n == 2 ? text : buf);
		return;
	}
	if (stands == STANDS_VALUE && strchr("diu", kind) && l->n_numbers < LOG_NUMBERS_MAX)
		l->numbers[l->n_numbers++] = (uint16_t)l->len;
	if (kind == '%' || kind == 'm')
		snprintf(buf, sizeof(buf), one, 0);
	else if (strchr("feg", kind))
		snprintf(buf, sizeof(buf), one, va_arg(*ap, double));
	else if (kind == 'p')
		snprintf(buf, sizeof(buf), one, va_arg(*ap, void *));
	else if (memchr(spec, 'l', n) || memchr(spec, 'z', n) || memchr(spec, 'j', n))
		snprintf(buf, sizeof(buf), one, va_arg(*ap, unsigned long long)); /* 64 bits, all */
	else
		snprintf(buf, sizeof(buf), one, va_arg(*ap, unsigned));
	put_string(l, STANDS_FREE, buf);
}
#pragma GCC diagnostic pop

/* As vsnprintf does, but that strings cannot break out of the field that they stand in: inside of
 * quotes they are escaped, behind a '=' they get quotes where they need them. */
static void put_fields(struct log_line *l, const char *fmt, va_list *ap)
{
	bool quoted = false;

	for (const char *at = fmt; *at;) {
		enum stands stands = quoted ? STANDS_QUOTED : STANDS_FREE;
		size_t n = 1;

		if (*at != '%') {
			quoted = quoted != (*at == '"');
			put(l, at++, 1);
			continue;
		}
		while (at[n] && !strchr("diouxXcspfegm%", at[n]))
			n++;
		if (!at[n])
			abort();
		n++;
		if (!quoted && at > fmt && at[-1] == '=' && (!at[n] || strchr(" %", at[n])))
			stands = STANDS_VALUE;
		put_conversion(l, at, n, stands, ap);
		at += n;
	}
}

void log_line_build(struct log_line *l, size_t before, const char *event, const char *fmt,
		    va_list *ap)
{
	l->quoted = l->cut = false;
	l->len = l->n_numbers = 0;
	l->limit = LOG_LINE_BYTES - strlen("\"\n") - before;
	put(l, event, strlen(event));
	put(l, " ", 1);
	put_fields(l, fmt, ap);
	if (l->quoted)
		l->text[l->len++] = '"';
	l->text[l->len] = '\0';
}

/* ---- reading */

size_t log_line_event(const char *text)
{
	return strcspn(text, " ");
}

static void field_take(struct log_field *f, char c)
{
	if (f->value_len < sizeof(f->value) - 1)
		f->value[f->value_len++] = c;
}

/* Behind a backslash: what it stands for; *AT is moved past it. */
static char escaped(const char *text, size_t *at)
{
	char c = text[(*at)++], hex[3] = "";
	unsigned byte;

	if (c == 'n')
		return '\n';
	if (c != 'x' || !text[*at] || !text[*at + 1])
		return c;
	memcpy(hex, text + *at, 2);
	if (sscanf(hex, "%2x", &byte) != 1)
		return c;
	*at += 2;
	return (char)byte;
}

bool log_field_next(const char *text, size_t *at, struct log_field *out)
{
	bool quoted = false;
	size_t n;

	if (*at == 0)
		*at = log_line_event(text);
	*at += strspn(text + *at, " ");
	if (!text[*at])
		return false;
	n = strcspn(text + *at, "= \"");
	out->key = text + *at;
	out->key_len = text[*at + n] == '=' ? n : 0;
	*at += out->key_len ? n + 1 : 0;
	out->at = *at;
	out->value_len = 0;
	while (text[*at] && (quoted || text[*at] != ' ')) {
		char c = text[(*at)++];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\' && text[*at])
			field_take(out, escaped(text, at));
		else
			field_take(out, c);
	}
	out->value[out->value_len] = '\0';
	return true;
}
