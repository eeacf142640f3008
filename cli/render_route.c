/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what zebra-lite answers: the routes, next hops and pinned endpoints. */
#include <string.h>

#include "render.h"
#include "table.h"
#include "util.h"

static char protocol_code(const json_t *row)
{
	static const struct {
		const char *name;
		char code;
	} codes[] = {{"bgp", 'B'},	 {"ebgp", 'B'},	  {"ibgp", 'B'},
		     {"connected", 'C'}, {"static", 'S'}, {"kernel", 'K'},
		     {"tunnel", 'T'},	 {"pin", 'P'},	  {"keep-in", 'R'}};
	const char *protocol = TEXT(row, "protocol");

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (str_eq(codes[i].name, protocol))
			return codes[i].code;
	return '?';
}

static void put_legend(FILE *out)
{
	fputs("Codes: B - BGP, C - connected, S - static, K - kernel, T - tunnel address,\n"
	      "       P - pinned endpoint of a tunnel, R - refused (keep-in)\n"
	      "       > selected, * installed in the kernel, S stale, b backup\n\n",
	      out);
}

static void put_hop(FILE *out, const json_t *hop)
{
	if (is_set(hop, "address"))
		fprintf(out, "via %s, ", TEXT(hop, "address"));
	fprintf(out, "%s", is_set(hop, "interface") ? TEXT(hop, "interface") : "unresolved");
	if (is_set(hop, "peer"))
		fprintf(out, " peer %s", TEXT(hop, "peer"));
	if (is_set(hop, "state") && !str_eq(TEXT(hop, "state"), "up"))
		fprintf(out, " (%s)", TEXT(hop, "state"));
	if (int_of(hop, "weight"))
		fprintf(out, ", share %s", TEXT(hop, "weight"));
}

/* Where there are several. */
static void put_plane(FILE *out, const json_t *row)
{
	if (is_set(row, "plane") && !str_eq(TEXT(row, "plane"), "main"))
		fprintf(out, "plane %s, ", TEXT(row, "plane"));
}

static void put_route(FILE *out, const json_t *row, const json_t *hop, bool first)
{
	if (first)
		fprintf(out, "%c%c%c%c %s [%s] ", protocol_code(row),
			is_true(row, "selected") ? '>' : ' ', is_true(row, "installed") ? '*' : ' ',
			is_true(row, "stale") ? 'S' : ' ', TEXT(row, "prefix"),
			TEXT(row, "distance"));
	if (first)
		put_plane(out, row);
	else
		fprintf(out, "   %c   %*s ", is_true(hop, "active") ? '*' : 'b',
			(int)strlen(TEXT(row, "prefix")), "");
	if (hop)
		put_hop(out, hop);
	else
		fputs(str_eq(TEXT(row, "protocol"), "keep-in") ? "unreachable" : "no next hop",
		      out);
}

static void route_row(struct view *v, const json_t *row)
{
	const json_t *hops = json_object_get(row, "next-hops");
	size_t i;
	json_t *hop;

	if (v->rows == 1)
		put_legend(v->out);
	put_route(v->out, row, json_array_get(hops, 0), true);
	if (int_of(row, "age-seconds"))
		fprintf(v->out, ", %s", AGE(row, "age-seconds"));
	json_array_foreach (hops, i, hop)
		if (i > 0) {
			putc('\n', v->out);
			put_route(v->out, row, hop, false);
		}
	if (is_set(row, "reason") && !str_eq(TEXT(row, "reason"), "none"))
		fprintf(v->out, "\n       %s: %s%s%s",
			!is_true(row, "selected")		   ? "not selected"
			: str_eq(TEXT(row, "protocol"), "keep-in") ? "refused"
			: !is_true(row, "installed")		   ? "not installed"
								   : "another next hop is refused",
			TEXT(row, "reason"), is_set(row, "reason-text") ? ": " : "",
			is_set(row, "reason-text") ? TEXT(row, "reason-text") : "");
	putc('\n', v->out);
}

static const struct column nexthop_columns[] = {
	{"Next Hop", "address", 24, COL_TEXT, 0}, {"State", "state", 9, COL_STATE, 0},
	{"Cost", "cost", 6, COL_NUMBER, 3},	  {"Interface", "interface", 15, COL_TEXT, 1},
	{"Peer", "peer", 20, COL_TEXT, 0},	  {"Reason", "reason", 0, COL_NOTE, 2},
};

static const struct column pin_columns[] = {
	{"Endpoint", "endpoint", 40, COL_TEXT, 0},   {"Via", "via", 40, COL_TEXT, 1},
	{"Interface", "interface", 15, COL_TEXT, 1}, {"State", "state", 11, COL_STATE, 0},
	{"Reason", "reason", 0, COL_TEXT, 2},
};

static const struct column keep_in_columns[] = {
	{"Prefix", "prefix", 40, COL_TEXT, 0}, {"Plane", "plane", 16, COL_TEXT, 3},
	{"By", "by", 8, COL_TEXT, 2},	       {"State", "state", 15, COL_STATE, 0},
	{"Ends", "seconds", 8, COL_AGE, 1},    {"Reason", "reason", 0, COL_NOTE, 1},
};

static void keep_in_head(struct view *v, const json_t *head)
{
	const json_t *plane;
	size_t i;

	json_array_foreach (json_object_get(head, "too-many"), i, plane)
		fprintf(v->out,
			"Plane %s has too many learned prefixes: entries of permit are kept "
			"in instead\n",
			json_string_value(plane));
	if (is_set(head, "spared"))
		fprintf(v->out, "Reached all the same: %s\n", TEXT(head, "spared"));
}

static void put_mark(FILE *out, const json_t *row)
{
	int64_t mark = int_of(row, "fwmark"), mask = int_of(row, "fwmask");

	if (mask == UINT32_MAX)
		fprintf(out, " fwmark 0x%llx", (long long)mark);
	else if (mask)
		fprintf(out, " fwmark 0x%llx/0x%llx", (long long)mark, (long long)mask);
}

static void rules_row(struct view *v, const json_t *row)
{
	FILE *out = v->out;

	fprintf(out, "%5lld: %s from %s", (long long)int_of(row, "priority"), TEXT(row, "family"),
		is_set(row, "source") ? TEXT(row, "source") : "any");
	if (is_set(row, "destination"))
		fprintf(out, " to %s", TEXT(row, "destination"));
	if (is_set(row, "interface"))
		fprintf(out, " in by %s", TEXT(row, "interface"));
	if (is_set(row, "bound-to"))
		fprintf(out, " out by %s", TEXT(row, "bound-to"));
	if (is_set(row, "ip-protocol"))
		fprintf(out, " protocol %s", TEXT(row, "ip-protocol"));
	if (is_set(row, "icmp-types"))
		fprintf(out, " ICMP types %s", TEXT(row, "icmp-types"));
	put_mark(out, row);
	if (int_of(row, "tos"))
		fprintf(out, " tos 0x%llx", (long long)int_of(row, "tos"));
	fprintf(out, " lookup %s%s (%s)\n", TEXT(row, "table"),
		is_true(row, "no-default") ? " but no default route" : "", TEXT(row, "state"));
}

static const struct column plane_columns[] = {
	{"Plane", "name", 16, COL_TEXT, 0},	      {"Table", "table", 10, COL_NUMBER, 0},
	{"Routes", "routes", 8, COL_NUMBER, 1},	      {"Rules", "rules", 6, COL_NUMBER, 2},
	{"Interfaces", "interfaces", 0, COL_NOTE, 0},
};

static const struct column nftables_columns[] = {
	{"Set", "set", 28, COL_TEXT, 0},
	{"Plane", "plane", 16, COL_TEXT, 1},
	{"Elements", "elements", 10, COL_NUMBER, 0},
};

static void nftables_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "Table %s: %s\n", TEXT(head, "table"), TEXT(head, "state"));
	if (is_set(head, "error"))
		fprintf(v->out, "%s\n", TEXT(head, "error"));
}

static void put_uplink_family(FILE *out, const json_t *row, const char *family)
{
	const json_t *f = json_object_get(row, family);

	fprintf(out, "  %s %s", family, TEXT(f, "state"));
	if (is_set(f, "source"))
		fprintf(out, ", from %s", TEXT(f, "source"));
	if (is_set(f, "gateway"))
		fprintf(out, ", via %s", TEXT(f, "gateway"));
	putc('\n', out);
}

static void uplinks_row(struct view *v, const json_t *row)
{
	fprintf(v->out, "%s by %s: fwmark 0x%llx, table %s%s\n", TEXT(row, "interface"),
		TEXT(row, "uplink"), (long long)int_of(row, "fwmark"), TEXT(row, "table"),
		int_of(row, "rp-filter") == 1 ? ", strict rp_filter drops what comes in" : "");
	put_uplink_family(v->out, row, "ipv4");
	put_uplink_family(v->out, row, "ipv6");
}

const struct render renders_route[] = {
	{"route", .row = route_row, .empty = "No such route"},
	{"nexthops", .empty = "No next hops are watched", RENDER_TABLE(nexthop_columns)},
	{"pins", .empty = "No tunnel has a known endpoint", RENDER_TABLE(pin_columns)},
	{"planes", .empty = "No planes", RENDER_TABLE(plane_columns)},
	{"nftables-sets", .head = nftables_head, .empty = "No nftables sets",
	 RENDER_TABLE(nftables_columns)},
	{"keep-in", .head = keep_in_head, .empty = "Nothing is kept in",
	 RENDER_TABLE(keep_in_columns)},
	{"rules", .row = rules_row, .empty = "No rules of policy routing"},
	{"uplinks", .row = uplinks_row, .empty = "No interface has an uplink"},
	{0},
};
