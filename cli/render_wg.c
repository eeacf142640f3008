/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what wgd answers: interfaces and peers in the look of `wg show`, tunnels, AllowedIPs. */
#include "render.h"
#include "table.h"
#include "util.h"

#define READING_USUAL_MS 1000 /* the default of poll-interval */

static void line(FILE *out, int indent, const char *title, const json_t *obj, const char *key)
{
	if (is_set(obj, key))
		fprintf(out, "%*s%s: %s\n", indent, "", title, TEXT(obj, key));
}

/* Several, or one whose state is worth a line. */
static void put_endpoints(FILE *out, const json_t *peer)
{
	json_t *list = json_object_get(peer, "configured-endpoints"), *e;
	size_t i;

	json_array_foreach (list, i, e) {
		if (json_array_size(list) == 1 && !is_set(e, "error"))
			break;
		fprintf(out, "    %s %s: %s", is_true(e, "current") ? "*" : "-",
			TEXT(e, "endpoint"),
			is_set(e, "addresses") ? TEXT(e, "addresses") : "no address known");
		if (int_of(e, "failures"))
			fprintf(out, ", failed %s times", TEXT(e, "failures"));
		if (is_set(e, "error"))
			fprintf(out, ", %s", TEXT(e, "error"));
		putc('\n', out);
	}
	if (int_of(peer, "endpoint-changes"))
		line(out, 4, "endpoint changed by itself", peer, "endpoint-changes");
	if (int_of(peer, "endpoint-set-back"))
		line(out, 4, "endpoint sent back", peer, "endpoint-set-back");
}

static void put_peer(FILE *out, const json_t *peer)
{
	fprintf(out, "\n  peer: %s\n", TEXT(peer, "name"));
	if (*TEXT(peer, "description"))
		line(out, 4, "description", peer, "description");
	line(out, 4, "public key", peer, "public-key");
	fprintf(out, "    state: %s", TEXT(peer, "state"));
	if (is_set(peer, "reason") && !str_eq(TEXT(peer, "reason"), "none"))
		fprintf(out, " (%s)", TEXT(peer, "reason"));
	putc('\n', out);
	line(out, 4, "endpoint", peer, "endpoint");
	if (is_set(peer, "configured-endpoint") &&
	    !str_eq(TEXT(peer, "configured-endpoint"), TEXT(peer, "endpoint")))
		line(out, 4, "configured endpoint", peer, "configured-endpoint");
	put_endpoints(out, peer);
	line(out, 4, "tunnel addresses", peer, "tunnel-addresses");
	if (is_set(peer, "permit"))
		line(out, 4, "permit", peer, "permit");
	else
		fputs("    permit: none (nothing is learned from this peer)\n", out);
	line(out, 4, "allowed ips", peer, "allowed-ips-count");
	fprintf(out, "    latest handshake: %s\n", AGO(peer, "handshake-seconds"));
	fprintf(out, "    transfer: %s received, %s sent\n", BYTES(peer, "rx-bytes"),
		BYTES(peer, "tx-bytes"));
	if (is_set(peer, "latency-ms"))
		fprintf(out, "    round trip: %s ms, jitter %s ms, %s %% lost\n",
			TEXT(peer, "latency-ms"), TEXT(peer, "jitter-ms"),
			TEXT(peer, "loss-percent"));
	if (int_of(peer, "persistent-keepalive"))
		fprintf(out, "    persistent keepalive: every %s seconds\n",
			TEXT(peer, "persistent-keepalive"));
}

static void wireguard_row(struct view *v, const json_t *row)
{
	json_t *peer, *peers = json_object_get(row, "peers");
	size_t i;

	fprintf(v->out, "%sinterface: %s\n", v->rows > 1 ? "\n" : "", TEXT(row, "name"));
	if (*TEXT(row, "description"))
		line(v->out, 2, "description", row, "description");
	fprintf(v->out, "  link: %s, back-end %s%s\n", is_true(row, "up") ? "up" : "down",
		TEXT(row, "backend"), is_true(row, "adopted") ? ", adopted" : "");
	line(v->out, 2, "public key", row, "public-key");
	line(v->out, 2, "listening port", row, "listen-port");
	if (int_of(row, "fwmark"))
		fprintf(v->out, "  fwmark: 0x%llx\n", (unsigned long long)int_of(row, "fwmark"));
	line(v->out, 2, "mtu", row, "mtu");
	line(v->out, 2, "addresses", row, "addresses");
	if (is_set(row, "state") && !str_eq(TEXT(row, "state"), "ready"))
		line(v->out, 2, "state", row, "state");
	line(v->out, 2, "error", row, "error");
	if (int_of(row, "source-check-drops"))
		fprintf(v->out,
			"  warning: %s packets dropped: their source is not in AllowedIPs of the "
			"peer that "
			"sent them\n",
			TEXT(row, "source-check-drops"));
	fprintf(v->out, "  transfer: %s received, %s sent\n", BYTES(row, "rx-bytes"),
		BYTES(row, "tx-bytes"));
	json_array_foreach (peers, i, peer)
		put_peer(v->out, peer);
}

static const struct column tunnel_columns[] = {
	{"Interface", "interface", 12, COL_TEXT, 1},
	{"Peer", "peer", 16, COL_TEXT, 0},
	{"State", "state", 8, COL_STATE, 0},
	{"Since", "since-seconds", 10, COL_AGE, 2},
	{"Handshake", "handshake-seconds", 10, COL_AGE, 1},
	{"Received", "rx-bytes", 10, COL_BYTES, 5},
	{"Sent", "tx-bytes", 10, COL_BYTES, 5},
	{"Latency", "latency-ms", 8, COL_TEXT, 3},
	{"Loss %", "loss-percent", 6, COL_TEXT, 3},
	{"Cost", "cost", 5, COL_NUMBER, 7},
	{"Changes", "changes", 7, COL_NUMBER, 7},
	{"Endpoint", "endpoint", 22, COL_TEXT, 6},
	{"Reason", "reason-text", 0, COL_NOTE, 2},
};

/* An interface with very many AllowedIPs. */
static void tunnel_row(struct view *v, const json_t *row)
{
	json_int_t ms = json_integer_value(json_object_get(row, "reading-interval-ms"));

	if (ms > READING_USUAL_MS)
		fprintf(v->out, "    read every %.1f s\n", (double)ms / 1000);
}

static const struct column allowed_columns[] = {
	{"Interface", "interface", 12, COL_TEXT, 1}, {"Prefix", "prefix", 24, COL_TEXT, 0},
	{"Peer", "peer", 20, COL_TEXT, 0},	     {"Origin", "origin", 15, COL_TEXT, 1},
	{"Installed", "installed", 0, COL_TEXT, 2},
};

static const struct column bfd_columns[] = {
	{"Interface", "interface", 12, COL_TEXT, 1},
	{"Peer", "peer", 16, COL_TEXT, 0},
	{"State", "state", 10, COL_STATE, 0},
	{"Far end", "remote-state", 10, COL_STATE, 2},
	{"Up", "up-seconds", 10, COL_AGE, 1},
	{"Send ms", "transmit-ms", 8, COL_TEXT, 5},
	{"Detect ms", "detection-ms", 9, COL_TEXT, 3},
	{"Sent", "packets-sent", 9, COL_NUMBER, 6},
	{"Received", "packets-received", 9, COL_NUMBER, 6},
	{"Changes", "transitions", 7, COL_NUMBER, 4},
	{"Address", "remote-address", 18, COL_TEXT, 3},
	{"Diagnostic", "diagnostic", 0, COL_NOTE, 2},
};

static void bfd_head(struct view *v, const json_t *head)
{
	const json_t *refused = json_object_get(head, "refused-packets"), *count;
	const char *why;

	json_object_foreach ((json_t *)refused, why, count)
		if (json_integer_value(count))
			fprintf(v->out, "%lld packets refused: %s\n",
				(long long)json_integer_value(count), why);
}

static void bfd_row(struct view *v, const json_t *row)
{
	if (is_set(row, "socket-error"))
		fprintf(v->out, "    no socket: %s\n", TEXT(row, "socket-error"));
}

const struct render renders_wg[] = {
	{"wireguard", .row = wireguard_row, .empty = "No such WireGuard interface"},
	{"tunnels", .row = tunnel_row, .empty = "No tunnels are configured",
	 RENDER_TABLE(tunnel_columns)},
	{"allowed-ips", .empty = "No AllowedIPs entries", RENDER_TABLE(allowed_columns)},
	{"bfd", .head = bfd_head, .row = bfd_row,
	 .empty = "No BFD sessions: 'bfd { enabled on; }' in liveness", RENDER_TABLE(bfd_columns)},
	{0},
};
