/* SPDX-License-Identifier: BSD-2-Clause */
#include "metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_table.h"
#include "util.h"

struct row {
	json_t *row;  /* a reference */
	char *labels; /* in the text format, without braces */
};

struct metrics {
	time_t now;
	struct rows {
		struct row *v;
		size_t n, cap;
	} rows[SOURCES];
	json_t *plane_of; /* interface: its plane */
};

const char *metrics_command(size_t n)
{
	return n < MADE ? metrics_sources[n].command : NULL;
}

struct metrics *metrics_new(time_t now)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	m->now = now;
	m->plane_of = json_object();
	return m;
}

void metrics_free(struct metrics *m)
{
	for (int i = 0; i < SOURCES; i++) {
		for (size_t k = 0; k < m->rows[i].n; k++) {
			json_decref(m->rows[i].v[k].row);
			free(m->rows[i].v[k].labels);
		}
		free(m->rows[i].v);
	}
	json_decref(m->plane_of);
	free(m);
}

/* ---- rows */

/* "" where it has none. */
static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* Takes over ROW. */
static void add_row(struct metrics *m, enum metrics_source source, json_t *row)
{
	struct rows *r = &m->rows[source];

	r->v = xgrow(r->v, r->n, &r->cap, sizeof(*r->v));
	r->v[r->n++] = (struct row){row, NULL};
}

static void take_peers(struct metrics *m, const json_t *interface)
{
	const char *name = text_of(interface, "name");
	json_t *peer;
	size_t i;

	json_object_set_new(m->plane_of, name, json_string(text_of(interface, "plane")));
	json_array_foreach (json_object_get(interface, "peers"), i, peer) {
		if (json_is_true(json_object_get(peer, "foreign")))
			continue;
		json_object_set(peer, "interface", json_object_get(interface, "name"));
		json_object_set(peer, "plane", json_object_get(interface, "plane"));
		add_row(m, PEERS, json_incref(peer));
	}
}

static void take_families(struct metrics *m, const json_t *neighbor)
{
	json_t *family, *row;
	const char *name;

	json_object_foreach (json_object_get(neighbor, "families"), name, family) {
		row = json_copy(family);
		json_object_set(row, "neighbor", json_object_get(neighbor, "address"));
		json_object_set(row, "plane", json_object_get(neighbor, "plane"));
		json_object_set_new(row, "family", json_string(name));
		add_row(m, FAMILIES, row);
	}
}

static void take_underlays(struct metrics *m, const json_t *uplink)
{
	static const char *const families[] = {"ipv4", "ipv6"};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const json_t *family = json_object_get(uplink, families[i]);

		if (!str_eq(text_of(family, "state"), "off") && json_is_object(family))
			add_row(m, UNDERLAYS,
				json_pack("{s:O, s:O, s:s, s:O}", "interface",
					  json_object_get(uplink, "interface"), "uplink",
					  json_object_get(uplink, "uplink"), "family", families[i],
					  "state", json_object_get(family, "state")));
	}
}

/* The last one of each tunnel is the one that counts: the others go. */
static void take_drill(struct metrics *m, json_t *drill)
{
	struct rows *r = &m->rows[DRILLS];

	for (size_t i = 0; i < r->n; i++)
		if (str_eq(text_of(r->v[i].row, "interface"), text_of(drill, "interface")) &&
		    str_eq(text_of(r->v[i].row, "peer"), text_of(drill, "peer"))) {
			json_decref(r->v[i].row);
			r->v[i].row = json_incref(drill);
			return;
		}
	add_row(m, DRILLS, json_incref(drill));
}

/* What runs is the newest that is committed or on trial. */
static void take_commit(struct metrics *m, json_t *commit)
{
	const char *state = text_of(commit, "state");

	if (m->rows[COMMITS].n || !(str_eq(state, "committed") || str_eq(state, "pending")))
		return;
	json_object_set_new(commit, "age-seconds",
			    json_integer(m->now - (json_int_t)json_number_value(
							  json_object_get(commit, "time"))));
	add_row(m, COMMITS, json_incref(commit));
}

/* Those of others are of no interest. */
static void take_link(struct metrics *m, json_t *link)
{
	json_t *plane = json_object_get(m->plane_of, text_of(link, "name"));

	if (!plane)
		return;
	json_object_set(link, "plane", plane);
	add_row(m, LINKS, json_incref(link));
}

static void take_row(struct metrics *m, enum metrics_source source, json_t *row)
{
	if (source == DRILLS) {
		take_drill(m, row);
		return;
	}
	if (source == LINKS) {
		take_link(m, row);
		return;
	}
	if (source == COMMITS) {
		take_commit(m, row);
		return;
	}
	add_row(m, source, json_incref(row));
	if (source == INTERFACES)
		take_peers(m, row);
	else if (source == NEIGHBORS)
		take_families(m, row);
	else if (source == UPLINKS)
		take_underlays(m, row);
}

void metrics_take(struct metrics *m, size_t n, const json_t *answer)
{
	const char *list = metrics_sources[n].list;
	json_t *row;
	size_t i;

	if (!list)
		take_row(m, n, (json_t *)answer);
	else
		json_array_foreach (json_object_get(answer, list), i, row)
			take_row(m, n, row);
}

/* Tunnels do not say their plane themselves, and may be there before their interfaces are. */
static void add_planes(struct metrics *m)
{
	for (size_t i = 0; i < m->rows[TUNNELS].n; i++) {
		json_t *row = m->rows[TUNNELS].v[i].row;

		if (!json_object_get(row, "plane"))
			json_object_set(row, "plane",
					json_object_get(m->plane_of, text_of(row, "interface")));
	}
}

/* ---- samples */

#define NEVER INFINITY

static double number(const json_t *value, double none)
{
	return json_is_number(value) ? json_number_value(value) : none;
}

static bool is_whole(double value)
{
	return value > -1e15 && value < 1e15 && value == (double)(long long)value;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; len && (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static double value_of(const struct metrics *m, const struct metric *metric, const json_t *row)
{
	const json_t *in =
		metric->kind == NUMBER && metric->arg ? json_object_get(row, metric->arg) : row;
	const json_t *value = json_object_get(in, metric->key);
	const char *text = json_string_value(value);

	switch (metric->kind) {
	case MILLI:
		return number(value, 0) / 1000;
	case PERCENT:
		return number(value, 0) / 100;
	case BOOLEAN:
		return json_is_true(value);
	case IS:
		return text && has_word(metric->arg, text);
	case AGE:
		return number(value, NEVER);
	case SINCE:
		return json_is_number(value)
			       ? (double)(m->now - (json_int_t)json_number_value(value))
			       : 0;
	case INFO:
		return 1;
	case NUMBER:
	case STATES:
	case REASONS:
	case TIMES:
		break;
	}
	return number(value, 0);
}

/* The word at AT; returns where the next one is. */
static const char *next_word(const char *at, char *out, size_t size)
{
	size_t len = strcspn(at, " ");

	ensure(len < size);
	memcpy(out, at, len);
	out[len] = '\0';
	return at[len] ? at + len + 1 : at + len;
}

#define STATE_MAX 32
#define TIMES_MAX 16 /* samples of a histogram */

/* A sample for each word of `arg`. */
static bool has_words(const struct metric *metric)
{
	return metric->kind == STATES || metric->kind == REASONS;
}

static const char *word_label(const struct metric *metric)
{
	return metric->kind == STATES ? "state" : "reason";
}

static double word_value(const struct metric *metric, const json_t *row, const char *word)
{
	if (metric->kind == STATES)
		return str_eq(text_of(row, metric->key), word);
	return number(json_object_get(json_object_get(row, metric->key), word), 0);
}

/* ---- text */

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* Backslash, quote and line feed are escaped in a label's value; of what else would do something to
 * a terminal there is none. */
static void put_label(FILE *out, const char *name, const char *text)
{
	fprintf(out, "%s=\"", name);
	for (; *text; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			putc('\\', out);
		putc(*text == '\n' ? 'n' : is_control(*text) ? '?' : *text, out);
	}
	putc('"', out);
}

static void put_label_of(FILE *out, const char *name, const json_t *value)
{
	char digits[32] = "";

	if (json_is_integer(value))
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
	put_label(out, name, json_is_string(value) ? json_string_value(value) : digits);
}

static void make_labels(struct row *row, const struct metrics_rows *source)
{
	size_t len;
	FILE *out = open_memstream(&row->labels, &len);

	ensure(out);
	for (size_t i = 0; source->labels[i].name; i++) {
		if (i)
			putc(',', out);
		put_label_of(out, source->labels[i].name,
			     json_object_get(row->row, source->labels[i].member));
	}
	fclose(out);
}

static void put_value(FILE *out, double value)
{
	if (isinf(value))
		fputs(" +Inf\n", out);
	else if (is_whole(value))
		fprintf(out, " %lld\n", (long long)value);
	else
		fprintf(out, " %.9g\n", value);
}

static void put_plain(FILE *out, const char *name, const char *labels, double value)
{
	fputs(name, out);
	if (*labels)
		fprintf(out, "{%s}", labels);
	put_value(out, value);
}

/* What a sample of a histogram has behind the metric's name, and with which label. */
struct time_sample {
	const char *suffix;
	char le[STATE_MAX]; /* seconds; "": none */
	double value;
};

static unsigned time_samples(const struct metric *metric, const json_t *row,
			     struct time_sample out[TIMES_MAX])
{
	const json_t *times = json_object_get(row, metric->key);
	double count = number(json_object_get(times, "count"), 0);
	char ms[STATE_MAX], member[STATE_MAX + 16];
	unsigned n = 0;

	for (const char *at = metric->arg; *at; n++) {
		ensure(n + 3 < TIMES_MAX);
		at = next_word(at, ms, sizeof(ms));
		snprintf(member, sizeof(member), "within-%s-ms", ms);
		out[n] = (struct time_sample){"_bucket", "",
					      number(json_object_get(times, member), 0)};
		snprintf(out[n].le, sizeof(out[n].le), "%g", strtod(ms, NULL) / 1000);
	}
	out[n++] = (struct time_sample){"_bucket", "+Inf", count};
	out[n++] = (struct time_sample){
		"_sum", "", number(json_object_get(times, "sum-microseconds"), 0) / 1e6};
	out[n++] = (struct time_sample){"_count", "", count};
	return n;
}

static void put_times(const struct metric *metric, const struct row *row, FILE *out)
{
	const char *between = *row->labels ? "," : "";
	struct time_sample samples[TIMES_MAX];
	unsigned n = time_samples(metric, row->row, samples);

	for (unsigned i = 0; i < n; i++) {
		fprintf(out, "%s%s", metric->name, samples[i].suffix);
		if (*samples[i].le)
			fprintf(out, "{%s%sle=\"%s\"}", row->labels, between, samples[i].le);
		else if (*row->labels)
			fprintf(out, "{%s}", row->labels);
		put_value(out, samples[i].value);
	}
}

static void put_sample(struct metrics *m, const struct metric *metric, const struct row *row,
		       FILE *out)
{
	const char *between = *row->labels ? "," : "";
	char state[STATE_MAX];

	if (metric->kind == INFO) {
		fprintf(out, "%s{%s%s", metric->name, row->labels, between);
		put_label_of(out, metric->arg, json_object_get(row->row, metric->key));
		fputs("} 1\n", out);
	} else if (has_words(metric)) {
		for (const char *at = metric->arg; *at;) {
			at = next_word(at, state, sizeof(state));
			fprintf(out, "%s{%s%s%s=\"%s\"}", metric->name, row->labels, between,
				word_label(metric), state);
			put_value(out, word_value(metric, row->row, state));
		}
	} else if (metric->kind == TIMES) {
		put_times(metric, row, out);
	} else {
		put_plain(out, metric->name, row->labels, value_of(m, metric, row->row));
	}
}

void metrics_write(struct metrics *m, FILE *out)
{
	add_planes(m);
	for (size_t i = 0; i < metrics_table_length; i++) {
		const struct metric *metric = &metrics_table[i];
		struct rows *rows = &m->rows[metric->source];

		if (!rows->n)
			continue;
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
			metric->name, metric->type);
		for (size_t k = 0; k < rows->n; k++) {
			if (!rows->v[k].labels)
				make_labels(&rows->v[k], &metrics_sources[metric->source]);
			put_sample(m, metric, &rows->v[k], out);
		}
	}
}

/* ---- JSON */

static json_t *labels_of(enum metrics_source source, const json_t *row)
{
	json_t *labels = json_object(), *value;

	for (size_t i = 0; metrics_sources[source].labels[i].name; i++) {
		value = json_object_get(row, metrics_sources[source].labels[i].member);
		json_object_set_new(
			labels, metrics_sources[source].labels[i].name,
			json_is_integer(value)
				? json_sprintf("%lld", (long long)json_integer_value(value))
				: json_string(json_is_string(value) ? json_string_value(value)
								    : ""));
	}
	return labels;
}

static json_t *value_json(double value)
{
	if (isinf(value))
		return json_null();
	return is_whole(value) ? json_integer((json_int_t)value) : json_real(value);
}

static void add_sample(json_t *samples, json_t *labels, json_t *value)
{
	json_array_append_new(samples, json_pack("{s:o, s:o}", "labels", labels, "value", value));
}

/* As Prometheus' own samples: with the suffix of the name in a label of its own. */
static void add_times(const struct metric *metric, const json_t *row, const json_t *labels,
		      json_t *samples)
{
	struct time_sample times[TIMES_MAX];
	unsigned n = time_samples(metric, row, times);

	for (unsigned i = 0; i < n; i++) {
		json_t *own = json_copy((json_t *)labels);

		json_object_set_new(own, "sample", json_string(times[i].suffix + 1));
		if (*times[i].le)
			json_object_set_new(own, "le", json_string(times[i].le));
		add_sample(samples, own, value_json(times[i].value));
	}
}

static void add_samples(struct metrics *m, const struct metric *metric, const json_t *row,
			json_t *samples)
{
	json_t *labels = labels_of(metric->source, row), *own;
	char state[STATE_MAX];

	if (has_words(metric)) {
		for (const char *at = metric->arg; *at;) {
			at = next_word(at, state, sizeof(state));
			own = json_copy(labels);
			json_object_set_new(own, word_label(metric), json_string(state));
			add_sample(samples, own, value_json(word_value(metric, row, state)));
		}
		json_decref(labels);
		return;
	}
	if (metric->kind == TIMES) {
		add_times(metric, row, labels, samples);
		json_decref(labels);
		return;
	}
	if (metric->kind == INFO)
		json_object_set_new(labels, metric->arg, json_string(text_of(row, metric->key)));
	add_sample(samples, labels, value_json(value_of(m, metric, row)));
}

json_t *metrics_json(struct metrics *m)
{
	json_t *all = json_array(), *samples;

	add_planes(m);
	for (size_t i = 0; i < metrics_table_length; i++) {
		const struct metric *metric = &metrics_table[i];
		const struct rows *rows = &m->rows[metric->source];

		samples = json_array();
		for (size_t k = 0; k < rows->n; k++)
			add_samples(m, metric, rows->v[k].row, samples);
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "name", metric->name,
						     "type", metric->type, "help", metric->help,
						     "samples", samples));
	}
	return json_pack("{s:o}", "metrics", all);
}
