/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <string.h>
#include <strings.h>

#include "plain.h"
#include "util.h"

#define NUMBER_MAX 32 /* letters */
#define CELL_MAX 1024

static bool is_continuation(char c)
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

	while (last && is_continuation(text[last - 1]))
		last--;
	if (last && len < last - 1 + character_bytes(text[last - 1]))
		text[last - 1] = '\0';
}

/* Appends TEXT without control characters; returns the new length. */
static size_t table_append(char *out, size_t len, size_t size, const char *text)
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
		return table_append(out, len, size, json_string_value(value));
	if (json_is_boolean(value))
		return table_append(out, len, size, json_is_true(value) ? "yes" : "no");
	if (json_is_array(value)) {
		json_array_foreach (value, i, item) {
			if (i)
				len = table_append(out, len, size, " ");
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
	return table_append(out, len, size, number);
}

static const char *text_value(const json_t *value, char *out, size_t size)
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

const json_t *row_named(const json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (str_eq(str_of(row, "name"), name))
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
		len = table_append(out, len, size, part);
	}
	table_append(out, len, size, " ago");
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

static const char *cell(const struct column *c, const json_t *row, char *out, size_t size)
{
	const json_t *value = json_object_get(row, c->key);

	switch (c->kind) {
	case COL_AGE:
		return text_age(value, out, size);
	case COL_BYTES:
		return text_bytes(value, out, size);
	case COL_NOTE: /* nothing where there is none */
		text_value(value, out, size);
		return str_eq(out, "none") || str_eq(out, "-") ? "" : out;
	default:
		return text_value(value, out, size);
	}
}

/* ---- tables */

#define CUT "~"	      /* at the end of what is cut off */
#define NOTE_WIDTH 16 /* what the rest of the line needs to be worth a column */

static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !is_continuation(*text);
	return n;
}

/* At most WIDTH columns of TEXT; what is longer ends with CUT. */
static void put_cut(FILE *out, const char *text, int width)
{
	int have = (int)width_of(text);

	if (have <= width)
		fputs(text, out);
	for (int i = 0; have > width && i < width - 1; i++)
		do
			putc(*text++, out);
		while (is_continuation(*text));
	if (have > width && width > 0)
		fputs(CUT, out);
}

void text_line(FILE *out, const char *text, unsigned screen)
{
	if (screen)
		put_cut(out, text, (int)screen);
	else
		fputs(text, out);
	putc('\n', out);
}

static bool is_right(const struct column *c)
{
	return c->kind == COL_NUMBER || c->kind == COL_BYTES;
}

static bool is_one_of(const char *const *words, const char *text)
{
	for (; *words; words++)
		if (strcasecmp(*words, text) == 0)
			return true;
	return false;
}

/* Green, red, yellow; "" for what is no state that matters. */
static const char *state_colour(const char *state)
{
	static const char *const good[] = {"up",     "established", "installed", "running", "ready",
					   "pinned", "committed",   "ok",	 NULL};
	static const char *const bad[] = {"down",  "refused", "failed",	 "error", "unreachable",
					  "drift", "dead",    "missing", NULL};

	return is_one_of(good, state)  ? "\033[32m"
	       : is_one_of(bad, state) ? "\033[31m"
	       : str_eq(state, "-")    ? ""
				       : "\033[33m";
}

/* TEXT in WIDTH columns. */
static void put_fitted(FILE *out, const struct table *t, const struct column *c, const char *text,
		       int width, bool last)
{
	int have = (int)width_of(text), pad = have < width ? width - have : 0;
	const char *colour = t->colour && c->kind == COL_STATE ? state_colour(text) : "";

	fprintf(out, "%*s%s", is_right(c) ? pad : 0, "", colour);
	put_cut(out, text, width);
	fprintf(out, "%s%*s", *colour ? "\033[0m" : "", is_right(c) || last ? 0 : pad, "");
}

static void put_cell(FILE *out, const struct column *c, const char *text, bool last)
{
	if (last && !is_right(c))
		fprintf(out, "%s\n", text);
	else
		fprintf(out, is_right(c) ? "%*s%s" : "%-*s%s", c->width, text, last ? "\n" : " ");
}

static size_t last_shown(const struct table *t)
{
	size_t last = t->n;

	while (last && t->hidden[last - 1])
		last--;
	return last;
}

/* One line of a terminal; ROW NULL: the titles. */
static void put_line(FILE *out, const struct table *t, const json_t *row)
{
	size_t last = last_shown(t);
	int left = (int)t->screen;
	char text[CELL_MAX];

	for (size_t i = 0; i < last && left > 0; i++) {
		const struct column *c = &t->columns[i];
		int width = i + 1 == last && !is_right(c) ? left : t->width[i];

		if (t->hidden[i])
			continue;
		if (width > left)
			width = left;
		put_fitted(out, t, c, row ? cell(c, row, text, sizeof(text)) : c->title, width,
			   i + 1 == last);
		left -= width + 1;
		if (i + 1 < last && left > 0)
			putc(' ', out);
	}
	putc('\n', out);
}

/* What a column needs at least. */
static int needed(const struct table *t, size_t i, const json_t *rows)
{
	const struct column *c = &t->columns[i];
	size_t most = width_of(c->title), k;
	char text[CELL_MAX];
	json_t *row;

	json_array_foreach ((json_t *)rows, k, row) {
		size_t have = width_of(cell(c, row, text, sizeof(text)));

		most = have > most ? have : most;
	}
	return c->width == 0 && most > NOTE_WIDTH ? NOTE_WIDTH : (int)most;
}

/* The least important column that is there; of equal ones the last. N: there is none. */
static size_t least_important(const struct table *t)
{
	size_t worst = t->n;

	for (size_t i = 0; i < t->n; i++)
		if (!t->hidden[i] && t->columns[i].rank &&
		    (worst == t->n || t->columns[i].rank >= t->columns[worst].rank))
			worst = i;
	return worst;
}

void table_fit(struct table *t, const json_t *rows)
{
	int total = -1; /* no blank behind the last one */

	ensure(t->n <= TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < t->n; i++) {
		t->hidden[i] = false;
		t->width[i] = needed(t, i, rows);
		total += t->width[i] + 1;
	}
	while (total > (int)t->screen) {
		size_t worst = least_important(t);

		if (worst == t->n)
			return;
		t->hidden[worst] = true;
		total -= t->width[worst] + 1;
	}
}

void table_titles(FILE *out, const struct table *t)
{
	if (t->screen) {
		put_line(out, t, NULL);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		put_cell(out, &t->columns[i], t->columns[i].title, i + 1 == t->n);
}

void table_row(FILE *out, const struct table *t, const json_t *row)
{
	char text[CELL_MAX];

	if (t->screen) {
		put_line(out, t, row);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];

		put_cell(out, c, cell(c, row, text, sizeof(text)), i + 1 == t->n);
	}
}
