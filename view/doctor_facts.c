/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_facts.h"

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "members.h"

#define LOOKUPS_MAX 512 /* of the kernel's routes */

const char *const doctor_severities[] = {"note", "warning", "error"};

static json_t *str_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

void doctor_add(struct doctor *d, const char *check, enum severity severity,
		const struct where *where, const char *text, const char *advice)
{
	json_t *row = json_object();

	json_object_set_new(row, "severity", json_string(doctor_severities[severity]));
	json_object_set_new(row, "check", json_string(check));
	json_object_set_new(row, "interface", str_or_null(where->interface));
	json_object_set_new(row, "peer", str_or_null(where->peer));
	json_object_set_new(row, "neighbor", str_or_null(where->neighbor));
	json_object_set_new(row, "prefix", str_or_null(where->prefix));
	json_object_set_new(row, "text", json_string(text));
	json_object_set_new(row, "advice", json_string(advice));
	json_array_append_new(d->findings, row);
}

void doctor_find(struct doctor *d, enum severity severity, struct where where, const char *advice,
		 const char *fmt, ...)
{
	char text[DOCTOR_TEXT_MAX];
	va_list ap;

	d->severities[severity]++;
	if (++*d->count > DOCTOR_SHOWN_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_trim(text);
	doctor_add(d, d->check, severity, &where, text, advice);
}

/* ---- questions of the checks */

const json_t *doctor_row(const struct doctor *d, enum doctor_source source, const char *key,
			 const char *value)
{
	return row_with(d->kept[source], key, value);
}

bool doctor_is_tunnel_if(const struct doctor *d, const char *interface)
{
	return doctor_row(d, SOURCE_INTERFACES, "name", interface) != NULL;
}

/* Some host of P. */
static struct addr host_in(const struct prefix *p)
{
	struct addr a = addr_of_prefix(p);

	if (p->len < family_bits(a.family))
		a.b[family_bytes(a.family) - 1] |= 1;
	return a;
}

/* An address behind INTERFACE that could have sent a packet of that family. */
static bool sender_behind(const json_t *interface, uint8_t family, struct addr *out)
{
	json_t *peer, *addr;
	size_t i, k;

	json_array_foreach (json_object_get(interface, "peers"), i, peer)
		json_array_foreach (json_object_get(peer, "tunnel-addresses"), k, addr)
			if (json_is_string(addr) && addr_parse(json_string_value(addr), out) == 0 &&
			    out->family == family)
				return true;
	return false;
}

/* ---- what others are asked for */

/* KNOWN: it was asked for before. */
static const json_t *answer_to(struct doctor *d, const char *key, bool *known)
{
	const json_t *answer = json_object_get(d->answers, key);

	*known = answer != NULL;
	if (!answer || json_is_null(answer))
		d->later = true;
	return json_is_object(answer) ? answer : NULL;
}

/* Its own lookups are counted, unless N is NULL. */
static const json_t *ask_counted(struct doctor *d, json_t *request, unsigned *n)
{
	char *key = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	bool later = d->later, known;
	const json_t *answer;

	ensure(key);
	answer = answer_to(d, key, &known);
	if (!known && n && (*n)++ >= LOOKUPS_MAX) {
		d->later = later;
	} else if (!known) {
		json_object_set_new(d->answers, key, json_null());
		json_array_append(d->questions, request);
	}
	free(key);
	json_decref(request);
	return answer;
}

const json_t *doctor_ask(struct doctor *d, json_t *request)
{
	return ask_counted(d, request, NULL);
}

static const json_t *host_row(const struct doctor *d, const char *list, const char *name)
{
	return row_named(json_object_get(json_array_get(d->kept[SOURCE_HOST], 0), list), name);
}

long doctor_knob(const struct doctor *d, const char *name)
{
	const json_t *row = host_row(d, "knobs", name);

	return is_set(row, "value") ? (long)int_of(row, "value") : -1;
}

uint64_t doctor_tcp_count(const struct doctor *d, const char *name)
{
	return (uint64_t)int_of(host_row(d, "tcp-counters", name), "value");
}

static json_t *way_request(const struct addr *to)
{
	return json_pack("{s:s, s:s}", "command", "host-way", "destination", ADDR_STR(to));
}

const json_t *doctor_way_marked(struct doctor *d, const struct addr *a, uint32_t mark)
{
	json_t *request = way_request(a);
	const json_t *way;

	json_object_set_new(request, "mark", json_integer(mark));
	way = doctor_ask(d, request);
	return is_set(way, "error") ? NULL : way;
}

/* What the kernel answered. */
static int way_out(struct doctor *d, const json_t *way, char *interface)
{
	if (is_set(way, "error")) {
		d->refusal = str_of(way, "error");
		return DOCTOR_REFUSED;
	}
	if (is_true(way, "local") || !is_set(way, "interface"))
		return 0;
	str_copy(interface, str_of(way, "interface"), IF_NAMESIZE);
	return DOCTOR_LEAVES;
}

int doctor_leaves_by(struct doctor *d, const struct prefix *p, const char *from, char *interface)
{
	struct addr a = host_in(p);
	json_t *request = way_request(&a);

	if (*from)
		json_object_set_new(request, "bound", json_string(from));
	return way_out(d, ask_counted(d, request, &d->lookups), interface);
}

static bool doctor_is_main(const char *plane)
{
	return !*plane || str_eq(plane, "main");
}

/* A plane's rules are for what comes in by its interfaces: so that is what the kernel is asked. */
int doctor_way(struct doctor *d, const struct prefix *p, const char *plane, char *interface)
{
	const json_t *from = doctor_row(d, SOURCE_INTERFACES, "plane", plane);
	struct addr to = host_in(p), src;
	json_t *request;

	if (doctor_is_main(plane))
		return doctor_leaves_by(d, p, "", interface);
	if (!sender_behind(from, to.family, &src))
		return 0;
	request = way_request(&to);
	json_object_set_new(request, "source", json_string(ADDR_STR(&src)));
	json_object_set_new(request, "in", json_string(str_of(from, "name")));
	return way_out(d, ask_counted(d, request, &d->lookups), interface);
}

bool doctor_leaks(struct doctor *d, const struct prefix *p, const char *plane, char *interface)
{
	return doctor_way(d, p, plane, interface) > 0 && !doctor_is_tunnel_if(d, interface);
}

#define BLACKHOLE_DISTANCE 250 /* behind every path of BGP */

const char *doctor_blackhole(const struct prefix *p, const char *plane, char *out, size_t size)
{
	bool main_plane = doctor_is_main(plane);

	snprintf(out, size, "`%s%s { static %s { blackhole true; distance %u; } }`",
		 main_plane ? "rib" : "plane ", main_plane ? "" : plane, PREFIX_STR(p),
		 BLACKHOLE_DISTANCE);
	return out;
}

bool doctor_learned_inside(struct doctor *d, const struct prefix *p)
{
	json_t *request = json_pack("{s:s, s:s, s:b}", "command", "route", "prefix", PREFIX_STR(p),
				    "longer", true);
	const json_t *answer = doctor_ask(d, request);

	return !answer || is_true(answer, "learned"); /* not known: nothing is claimed */
}

void doctor_said(struct doctor *d, const json_t *answer)
{
	char *key = json_dumps(json_array_get(d->questions, d->question),
			       JSON_COMPACT | JSON_SORT_KEYS);
	bool any = answer || !json_is_object(json_object_get(d->answers, key));

	ensure(key);
	if (any)
		json_object_set(d->answers, key, answer ? (json_t *)answer : json_false());
	free(key);
}

void doctor_said_route(struct doctor *d, const json_t *route)
{
	json_t *answer;

	if (!str_eq(str_of(route, "protocol"), "bgp") || !is_true(route, "selected"))
		return;
	answer = json_pack("{s:b}", "learned", true);
	doctor_said(d, answer);
	json_decref(answer);
}
