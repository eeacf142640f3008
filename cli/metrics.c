/* SPDX-License-Identifier: BSD-2-Clause */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

/* FAMILIES: rows made of those of NEIGHBORS. */
enum source { TUNNELS, INTERFACES, NEIGHBORS, FAMILIES, BGP, RIB, KEPT, DAEMONS, DRILLS, SOURCES };

#define LABELS_MAX 3 /* the last one without a name */

/* The request, the list of its answer (NULL: the head is the one row), and what tells rows apart.
 */
static const struct {
	const char *command, *list;
	struct {
		const char *name, *member;
	} labels[LABELS_MAX];
} sources[SOURCES] = {
	[TUNNELS] = {"tunnels", "tunnels", {{"interface", "interface"}, {"peer", "peer"}}},
	[INTERFACES] = {"wireguard", "interfaces", {{"interface", "name"}}},
	[NEIGHBORS] = {"bgp-neighbors",
		       "neighbors",
		       {{"neighbor", "address"}, {"remote_as", "remote-as"}}},
	[FAMILIES] = {NULL, NULL, {{"neighbor", "neighbor"}, {"family", "family"}}},
	[BGP] = {.command = "bgp-summary"},
	[RIB] = {.command = "rib-summary"},
	[KEPT] = {.command = "keep-in-summary"},
	[DAEMONS] = {"daemons", "daemons", {{"daemon", "name"}}},
	[DRILLS] = {"drills", "drills", {{"interface", "interface"}, {"peer", "peer"}}},
};

enum kind {
	NUMBER, /* null: no sample; with `arg` it is inside the member of that name */
	BOOLEAN,
	IS,    /* 1 where the member has the text of `arg` */
	STATE, /* a sample for each of `states`, with one more label */
	SINCE, /* an age in seconds, as the time of then */
	MILLI, /* milliseconds, as seconds; null: no sample */
};

struct metric {
	const char *name, *type, *help;
	enum source source;
	const char *key;
	enum kind kind;
	const char *arg;
};

static const char *const states[] = {"up", "degraded", "down", "idle", "never"};

static const struct metric metrics[] = {
	{"wgbgp_daemon_up", "gauge", "Whether the daemon runs with the configuration.", DAEMONS,
	 "state", IS, "running"},
	{"wgbgp_daemon_restarts_total", "counter", "Restarts of the daemon by the parent.", DAEMONS,
	 "restarts", NUMBER, NULL},

	{"wgbgp_tunnel_state", "gauge", "1 for the state that the tunnel is in.", TUNNELS, "state",
	 STATE, NULL},
	{"wgbgp_tunnel_state_seconds", "gauge", "How long it has been in that state.", TUNNELS,
	 "since-seconds", NUMBER, NULL},
	{"wgbgp_tunnel_changes_total", "counter", "Changes of the tunnel's state.", TUNNELS,
	 "changes", NUMBER, NULL},
	{"wgbgp_tunnel_cost", "gauge", "Cost of the tunnel for next hops behind it.", TUNNELS,
	 "cost", NUMBER, NULL},
	{"wgbgp_tunnel_latency_seconds", "gauge",
	 "Mean round trip of echo requests; absent where nothing is measured.", TUNNELS,
	 "latency-ms", MILLI, NULL},
	{"wgbgp_tunnel_jitter_seconds", "gauge", "Mean change of the round trip.", TUNNELS,
	 "jitter-ms", MILLI, NULL},
	{"wgbgp_tunnel_loss_percent", "gauge", "Loss among the last echo requests.", TUNNELS,
	 "loss-percent", NUMBER, NULL},
	{"wgbgp_tunnel_echo_sent_total", "counter", "Echo requests sent.", TUNNELS, "echo-sent",
	 NUMBER, NULL},
	{"wgbgp_tunnel_echo_lost_total", "counter",
	 "Echo requests that were lost while others were answered.", TUNNELS, "echo-lost", NUMBER,
	 NULL},
	{"wgbgp_tunnel_underlay_errors_total", "counter",
	 "ICMP errors of the underlay about packets to the endpoint.", TUNNELS, "underlay-errors",
	 NUMBER, NULL},
	{"wgbgp_tunnel_handshake_age_seconds", "gauge",
	 "Age of the last handshake; absent when there never was one.", TUNNELS,
	 "handshake-seconds", NUMBER, NULL},
	{"wgbgp_tunnel_handshake_time_seconds", "gauge",
	 "Time of the last handshake, seconds since 1970; absent when there never was one.",
	 TUNNELS, "handshake-seconds", SINCE, NULL},
	{"wgbgp_tunnel_receive_bytes_total", "counter", "Bytes received through the tunnel.",
	 TUNNELS, "rx-bytes", NUMBER, NULL},
	{"wgbgp_tunnel_transmit_bytes_total", "counter", "Bytes sent through the tunnel.", TUNNELS,
	 "tx-bytes", NUMBER, NULL},

	{"wgbgp_interface_up", "gauge", "Whether the WireGuard interface is up.", INTERFACES, "up",
	 BOOLEAN, NULL},
	{"wgbgp_interface_ready", "gauge", "Whether the interface can be used.", INTERFACES,
	 "state", IS, "ready"},
	{"wgbgp_interface_source_check_drops_total", "counter",
	 "Packets dropped because their source does not belong to the peer that sent them (kernel "
	 "only).",
	 INTERFACES, "source-check-drops", NUMBER, NULL},

	{"wgbgp_interface_source_check_drops_age_seconds", "gauge",
	 "Age of the last such packet; absent when there was none.", INTERFACES,
	 "source-check-drops-seconds", NUMBER, NULL},

	{"wgbgp_bgp_session_up", "gauge", "Whether the session is established.", NEIGHBORS, "state",
	 IS, "established"},
	{"wgbgp_bgp_session_up_seconds", "gauge", "How long it has been established.", NEIGHBORS,
	 "up-seconds", NUMBER, NULL},
	{"wgbgp_bgp_session_established_total", "counter", "Times it was established.", NEIGHBORS,
	 "established", NUMBER, "counters"},
	{"wgbgp_bgp_session_dropped_total", "counter", "Times it was lost.", NEIGHBORS, "dropped",
	 NUMBER, "counters"},
	{"wgbgp_bgp_messages_received_total", "counter", "Messages received.", NEIGHBORS,
	 "messages-received", NUMBER, NULL},
	{"wgbgp_bgp_messages_sent_total", "counter", "Messages sent.", NEIGHBORS, "messages-sent",
	 NUMBER, NULL},
	{"wgbgp_bgp_prefixes_received", "gauge", "Prefixes received, before import.", FAMILIES,
	 "received-prefixes", NUMBER, NULL},
	{"wgbgp_bgp_prefixes_accepted", "gauge", "Prefixes accepted by the import policy.",
	 FAMILIES, "accepted-prefixes", NUMBER, NULL},
	{"wgbgp_bgp_prefixes_sent", "gauge", "Prefixes sent.", FAMILIES, "sent-prefixes", NUMBER,
	 NULL},
	{"wgbgp_bgp_attribute_sets", "gauge", "Distinct sets of path attributes kept.", BGP,
	 "attribute-sets", NUMBER, NULL},
	{"wgbgp_bgp_connections_refused_total", "counter", "Connections from strangers.", BGP,
	 "connections-refused", NUMBER, NULL},

	{"wgbgp_rib_prefixes", "gauge", "Prefixes in the routing table.", RIB, "prefixes", NUMBER,
	 NULL},
	{"wgbgp_rib_queue_length", "gauge", "Prefixes that wait to be looked at.", RIB, "queued",
	 NUMBER, NULL},
	{"wgbgp_rib_urgent_queue_length", "gauge", "Those of them that a dead tunnel left behind.",
	 RIB, "urgent", NUMBER, NULL},
	{"wgbgp_rib_lingering_entries", "gauge", "AllowedIPs entries that wait to be removed.", RIB,
	 "lingering", NUMBER, NULL},
	{"wgbgp_rib_route_writes_total", "counter", "Routes written to the kernel.", RIB,
	 "route-writes", NUMBER, NULL},
	{"wgbgp_rib_route_errors_total", "counter", "Routes that the kernel refused.", RIB,
	 "route-errors", NUMBER, NULL},
	{"wgbgp_rib_entries_set_total", "counter", "AllowedIPs entries set or moved.", RIB,
	 "entries-set", NUMBER, NULL},
	{"wgbgp_rib_entries_unset_total", "counter", "AllowedIPs entries removed.", RIB,
	 "entries-unset", NUMBER, NULL},
	{"wgbgp_rib_refused_total", "counter", "Prefixes refused by the kernel or WireGuard.", RIB,
	 "refused", NUMBER, NULL},
	{"wgbgp_rib_drift_repaired_total", "counter", "Routes of ours that others had changed.",
	 RIB, "drift-repaired", NUMBER, NULL},
	{"wgbgp_rib_resyncs_total", "counter", "Readings of the kernel's whole table.", RIB,
	 "resyncs", NUMBER, NULL},
	{"wgbgp_rib_local_repairs_total", "counter",
	 "Prefixes moved to another tunnel before BGP decided.", RIB, "local-repairs", NUMBER,
	 NULL},
	{"wgbgp_keep_in_prefixes", "gauge",
	 "Prefixes that are refused where no tunnel has a route for them.", KEPT, "kept", NUMBER,
	 NULL},
	{"wgbgp_keep_in_routes", "gauge", "Routes in the kernel that refuse them.", KEPT,
	 "installed", NUMBER, NULL},
	{"wgbgp_rib_nexthop_objects", "gauge", "Nexthop objects of ours in the kernel.", RIB,
	 "nexthop-objects", NUMBER, NULL},
	{"wgbgp_drill_time_seconds", "gauge", "When the tunnel's last drill began.", DRILLS, "time",
	 NUMBER, NULL},
	{"wgbgp_drill_complete", "gauge", "Whether it went as it should.", DRILLS, "result", IS,
	 "complete"},
	{"wgbgp_drill_detection_milliseconds", "gauge", "From the cut until it was noticed.",
	 DRILLS, "detection-ms", NUMBER, NULL},
	{"wgbgp_drill_last_move_milliseconds", "gauge",
	 "From the cut until the last route had moved.", DRILLS, "last-move-ms", NUMBER, NULL},
	{"wgbgp_drill_blackout_milliseconds", "gauge",
	 "How long an address behind the tunnel did not answer.", DRILLS, "echo-blackout-ms",
	 NUMBER, NULL},
	{"wgbgp_rib_nexthop_moves_total", "counter", "Moves of a nexthop object.", RIB,
	 "nexthop-moves", NUMBER, NULL},
};

struct run {
	struct cli_session *s;
	json_t *rows[SOURCES]; /* arrays; NULL: no answer */
	json_t *all;	       /* for JSON */
	int err;
};

/* ---- gathering */

static json_t *metrics_ask(struct run *r, enum source source)
{
	json_t *request = json_pack("{s:s}", "command", sources[source].command);
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(r->s->client, request, error, sizeof(error));

	json_decref(request);
	if (!answer) {
		fprintf(r->s->err, "%% %s: %s\n", sources[source].command, error);
		r->err = -1;
	}
	return answer;
}

#define TUNNEL_NAME_MAX (2 * MSG_NAME_MAX)

/* The last one of each tunnel. */
static json_t *last_drills(json_t *drills)
{
	json_t *by_tunnel = json_object(), *rows = json_array(), *drill;
	const char *key;
	char name[TUNNEL_NAME_MAX];
	size_t i;

	json_array_foreach (drills, i, drill) {
		snprintf(name, sizeof(name), "%s %s",
			 json_string_value(json_object_get(drill, "interface")),
			 json_string_value(json_object_get(drill, "peer")));
		json_object_set(by_tunnel, name, drill);
	}
	json_object_foreach (by_tunnel, key, drill)
		json_array_append(rows, drill);
	json_decref(by_tunnel);
	json_decref(drills);
	return rows;
}

/* The families of each neighbor as rows of their own. */
static json_t *families(const json_t *neighbors)
{
	json_t *rows = json_array(), *neighbor, *family, *row;
	const char *name;
	size_t i;

	json_array_foreach (neighbors, i, neighbor)
		json_object_foreach (json_object_get(neighbor, "families"), name, family) {
			row = json_copy(family);
			json_object_set(row, "neighbor", json_object_get(neighbor, "address"));
			json_object_set_new(row, "family", json_string(name));
			json_array_append_new(rows, row);
		}
	return rows;
}

static void metrics_gather(struct run *r)
{
	for (int source = 0; source < SOURCES; source++) {
		const char *list = sources[source].list;
		json_t *answer;

		if (!sources[source].command)
			continue;
		answer = metrics_ask(r, source);
		if (answer)
			r->rows[source] = list ? json_incref(json_object_get(answer, list))
					       : json_pack("[O]", answer);
		json_decref(answer);
	}
	if (r->rows[DRILLS])
		r->rows[DRILLS] = last_drills(r->rows[DRILLS]);
	if (r->rows[NEIGHBORS])
		r->rows[FAMILIES] = families(r->rows[NEIGHBORS]);
}

/* ---- samples */

static json_t *labels_of(enum source source, const json_t *row)
{
	json_t *labels = json_object();

	for (size_t i = 0; sources[source].labels[i].name; i++)
		json_object_set_new(labels, sources[source].labels[i].name,
				    json_string(TEXT(row, sources[source].labels[i].member)));
	return labels;
}

static const json_t *member(const struct metric *m, const json_t *row)
{
	if (m->kind == NUMBER && m->arg)
		row = json_object_get(row, m->arg);
	return json_object_get(row, m->key);
}

static bool has_text(const json_t *value, const char *text)
{
	return json_is_string(value) && str_eq(json_string_value(value), text);
}

static void add(json_t *samples, json_t *labels, json_t *value)
{
	json_array_append_new(samples, json_pack("{s:o, s:o}", "labels", labels, "value", value));
}

static void add_states(json_t *samples, const json_t *labels, const json_t *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		json_t *own = json_copy((json_t *)labels);

		json_object_set_new(own, "state", json_string(states[i]));
		add(samples, own, json_integer(has_text(value, states[i])));
	}
}

static void add_samples(const struct metric *m, const json_t *row, json_t *samples)
{
	const json_t *value = member(m, row);
	json_t *labels = labels_of(m->source, row);

	switch (m->kind) {
	case NUMBER:
		if (json_is_number(value))
			add(samples, json_incref(labels), json_copy((json_t *)value));
		break;
	case SINCE:
		if (json_is_number(value))
			add(samples, json_incref(labels),
			    json_integer(machine_clock() - (json_int_t)json_number_value(value)));
		break;
	case MILLI:
		if (json_is_number(value))
			add(samples, json_incref(labels),
			    json_real(json_number_value(value) / 1000));
		break;
	case BOOLEAN:
		add(samples, json_incref(labels), json_integer(json_is_true(value)));
		break;
	case IS:
		add(samples, json_incref(labels), json_integer(has_text(value, m->arg)));
		break;
	case STATE:
		add_states(samples, labels, value);
		break;
	}
	json_decref(labels);
}

/* ---- text */

/* Backslash and quote are escaped in a label's value; a line feed never gets so far. */
static void put_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			putc('\\', out);
		putc(*text, out);
	}
}

static void put_sample(FILE *out, const char *name, const json_t *sample)
{
	const json_t *value = json_object_get(sample, "value");
	const char *label, *separator = "{";
	json_t *text;

	fputs(name, out);
	json_object_foreach (json_object_get(sample, "labels"), label, text) {
		fprintf(out, "%s%s=\"", separator, label);
		put_label(out, json_string_value(text));
		putc('"', out);
		separator = ",";
	}
	if (*separator == ',')
		putc('}', out);
	if (json_is_integer(value))
		fprintf(out, " %lld\n", (long long)json_integer_value(value));
	else
		fprintf(out, " %.9g\n", json_number_value(value));
}

static void put_metric(struct run *r, const struct metric *m, json_t *samples)
{
	json_t *sample;
	size_t i;

	fprintf(r->s->out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
	json_array_foreach (samples, i, sample)
		put_sample(r->s->out, m->name, sample);
}

static void put(struct run *r, const struct metric *m, bool json)
{
	json_t *samples = json_array(), *row;
	size_t i;

	json_array_foreach (r->rows[m->source], i, row)
		add_samples(m, row, samples);
	if (json)
		json_array_append_new(r->all,
				      json_pack("{s:s, s:s, s:s, s:O}", "name", m->name, "type",
						m->type, "help", m->help, "samples", samples));
	else if (json_array_size(samples))
		put_metric(r, m, samples);
	json_decref(samples);
}

int metrics_run(struct cli_session *s, const struct cli_line *line)
{
	struct run r = {.s = s, .all = json_array()};

	metrics_gather(&r);
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		put(&r, &metrics[i], line->json);
	if (line->json) {
		json_t *doc = json_pack("{s:O}", "metrics", r.all);

		json_dumpf(doc, s->out, JSON_INDENT(1));
		putc('\n', s->out);
		json_decref(doc);
	}
	for (size_t i = 0; i < ARRAY_SIZE(r.rows); i++)
		json_decref(r.rows[i]);
	json_decref(r.all);
	return r.err;
}
