/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_line: an event and its key=value pairs as text that reads back as the fields that were put
 * in, and the reading back: for a line as JSON, for fields of the journal, for filters.
 *
 * Strings cannot break out of the field that they stand in: inside of quotes they are escaped, and
 * right behind a '=' they get quotes where they need them.
 */
#ifndef WGBGP_LOG_LINE_H
#define WGBGP_LOG_LINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES 2048 /* of a line, with what stands in front of the event */
#define LOG_NUMBERS_MAX 16

struct log_line {
	char text[LOG_LINE_BYTES + sizeof("\"")]; /* NUL-terminated when it is complete */
	size_t len;
	size_t limit;			   /* no longer than that */
	uint16_t numbers[LOG_NUMBERS_MAX]; /* where values that are whole numbers begin */
	unsigned n_numbers;
	bool quoted; /* a quote is open */
	bool cut;    /* nothing more comes in but what closes it */
};

/* EVENT and FMT, as log_event() has them, into L, which is at most LOG_LINE_BYTES less BEFORE. %m
 * is what errno says now. */
void log_line_build(struct log_line *l, size_t before, const char *event, const char *fmt,
		    va_list *ap);

struct log_field {
	const char *key; /* not NUL-terminated */
	size_t key_len;	 /* 0: a word that is no pair */
	size_t at;	 /* where the value begins */
	size_t value_len;
	char value[LOG_LINE_BYTES]; /* without quotes and escapes; NUL-terminated */
};

/* The field behind AT, which is 0 at first and goes on, into OUT. False: there is none. TEXT may be
 * anything: of what no log_line_build() made, no more is said than that it is text. */
bool log_field_next(const char *text, size_t *at, struct log_field *out);
/* Bytes of the event's name, in front of the fields. */
size_t log_line_event(const char *text);

#define LOG_JSON_BYTES (4 * LOG_LINE_BYTES + 1024)

/* One object, without a newline: time, level, host (unless empty), logger, event and the fields.
 * Whole numbers are numbers, all else is a string; what is no UTF-8 becomes U+FFFD. Words that are
 * no pair are together in "words". Returns the length. */
size_t log_line_json(const struct log_line *l, const char *time, const char *level,
		     const char *host, const char *logger, char out[LOG_JSON_BYTES]);

#endif
