/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_facts.h"

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>

#include "client.h"
#include "kernel_route.h"
#include "messages.h"
#include "session.h"
#include "table.h"

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
	json_t *row;
	size_t i;

	json_array_foreach (d->kept[source], i, row)
		if (str_eq(str_of(row, key), value))
			return row;
	return NULL;
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

/* What the kernel answered. */
static int way_out(int err, const struct kernel_route *k, char *interface)
{
	if (err < 0)
		return err;
	if (k->local || !k->interface[0])
		return 0;
	str_copy(interface, k->interface, IF_NAMESIZE);
	return DOCTOR_LEAVES;
}

int doctor_leaves_by(struct doctor *d, const struct prefix *p, const char *from, char *interface)
{
	struct addr a = host_in(p);
	struct kernel_route k;
	int err;

	if (d->lookups++ >= LOOKUPS_MAX)
		return 0;
	err = *from ? kernel_route_get_bound(&a, from, &k) : kernel_route_get(&a, &k);
	return way_out(err, &k, interface);
}

static bool is_main(const char *plane)
{
	return !*plane || str_eq(plane, "main");
}

/* A plane's rules are for what comes in by its interfaces: so that is what the kernel is asked. */
int doctor_way(struct doctor *d, const struct prefix *p, const char *plane, char *interface)
{
	const json_t *from = doctor_row(d, SOURCE_INTERFACES, "plane", plane);
	struct addr to = host_in(p), src;
	struct kernel_route k;
	int err;

	if (is_main(plane))
		return doctor_leaves_by(d, p, "", interface);
	if (!sender_behind(from, to.family, &src) || d->lookups++ >= LOOKUPS_MAX)
		return 0;
	err = kernel_route_get_forwarded(&to, str_of(from, "name"), &src, &k);
	return way_out(err, &k, interface);
}

bool doctor_leaks(struct doctor *d, const struct prefix *p, const char *plane, char *interface)
{
	return doctor_way(d, p, plane, interface) > 0 && !doctor_is_tunnel_if(d, interface);
}

#define BLACKHOLE_DISTANCE 250 /* behind every path of BGP */

const char *doctor_blackhole(const struct prefix *p, const char *plane, char *out, size_t size)
{
	bool main_plane = is_main(plane);

	snprintf(out, size, "`%s%s { static %s { blackhole true; distance %u; } }`",
		 main_plane ? "rib" : "plane ", main_plane ? "" : plane, PREFIX_STR(p),
		 BLACKHOLE_DISTANCE);
	return out;
}

bool doctor_learned_inside(struct doctor *d, const struct prefix *p)
{
	json_t *ask = json_pack("{s:s, s:s, s:b}", "command", "route", "prefix", PREFIX_STR(p),
				"longer", true);
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(d->s->client, ask, error, sizeof(error));
	json_t *rows = json_object_get(answer, "routes"), *row;
	bool found = !answer; /* not known: nothing is claimed */
	size_t i;

	json_array_foreach (rows, i, row)
		found = found ||
			(str_eq(str_of(row, "protocol"), "bgp") && is_true(row, "selected"));
	json_decref(answer);
	json_decref(ask);
	return found;
}
