/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adjout.h"
#include "bgp.h"
#include "conf.h"
#include "daemon.h"
#include "listen.h"
#include "loop.h"
#include "peer.h"
#include "peer_way.h"
#include "planes.h"
#include "rib.h"
#include "reason_counts.h"
#include "rib_refused.h"
#include "rib_session.h"
#include "session_calls.h"
#include "util.h"

static const char *const family_names[BGP_FAMILIES] = {"ipv4-unicast", "ipv6-unicast"};

static json_t *json_id(uint32_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", id >> 24, id >> 16 & 255, id >> 8 & 255,
		 id & 255);
	return json_string(text);
}

static json_t *json_seconds_since(uint64_t ms)
{
	return json_real((now_ms() - ms) / 1000.0);
}

static bool is_up(const struct peer *p)
{
	return p->state == PEER_ESTABLISHED;
}

/* The one that is expected, whatever the neighbour claims; of `external` the one that it has. */
static json_t *json_remote_as(const struct peer *p)
{
	if (p->conf.remote_type == REMOTE_INTERNAL)
		return json_integer(bgp.as);
	if (p->conf.remote_type == REMOTE_EXTERNAL)
		return is_up(p) ? json_integer(p->as) : json_null();
	return json_integer(p->conf.remote_as);
}

/* RFC 8212: what does not pass for want of a policy, or NULL. */
static const char *policy_warning(const struct peer *p)
{
	if (!p->ebgp || (p->conf.import && p->conf.export))
		return NULL;
	if (p->conf.import)
		return "external neighbor without export policy: nothing is sent";
	if (p->conf.export)
		return "external neighbor without import policy: nothing is accepted";
	return "external neighbor without policies: nothing is accepted, nothing is sent";
}

static json_t *tunnel(const struct peer *p)
{
	struct msg_nexthop hop;

	if (!peer_way_nexthop(p, &hop))
		return json_null();
	return json_pack("{s:o, s:o, s:s, s:s}", "interface", json_text_or_null(hop.ifname), "peer",
			 hop.tunnel ? json_string(hop.peer) : json_null(), "reach",
			 reach_name(hop.reach), "reason", reason_name(hop.reason));
}

/* What the summary and the details have in common. */
static json_t *basics(const struct peer *p)
{
	bool up = p->state == PEER_ESTABLISHED;
	struct rib_session_counts c = rib_session_counts(p);
	json_t *o = json_object();

	json_object_set_new(o, "address", json_string(peer_name(p)));
	json_object_set_new(o, "description", json_string(p->conf.description));
	json_object_set_new(o, "remote-as", json_remote_as(p));
	json_object_set_new(o, "claimed-as",
			    p->claimed_as ? json_integer(p->claimed_as) : json_null());
	json_object_set_new(o, "state",
			    json_string(p->conf.disabled ? "disabled" : peer_state_name(p->state)));
	json_object_set_new(o, "up-seconds", up ? json_seconds_since(p->up_since_ms) : json_null());
	json_object_set_new(o, "down-seconds",
			    !up && p->count.dropped ? json_seconds_since(p->up_since_ms)
						    : json_null());
	json_object_set_new(o, "received-prefixes",
			    json_integer((json_int_t)c.received[0] + c.received[1]));
	json_object_set_new(o, "accepted-prefixes",
			    json_integer((json_int_t)c.accepted[0] + c.accepted[1]));
	json_object_set_new(o, "sent-prefixes",
			    json_integer(up ? (json_int_t)adjout_prefixes(p, BGP_IPV4) +
							 adjout_prefixes(p, BGP_IPV6)
					    : 0));
	json_object_set_new(o, "messages-received", json_integer(p->count.messages_in));
	json_object_set_new(o, "messages-sent", json_integer(p->count.messages_out));
	json_object_set_new(o, "group", json_string(p->conf.group));
	json_object_set_new(o, "plane", json_string(plane_name(p->conf.plane)));
	json_object_set_new(o, "last-error", json_string(p->last_error));
	json_object_set_new(o, "last-notification", json_text_or_null(p->last_notification));
	json_object_set_new(o, "last-notification-seconds",
			    p->last_notification_ms ? json_seconds_since(p->last_notification_ms)
						    : json_null());
	json_object_set_new(o, "warning", json_text_or_null(policy_warning(p)));
	return o;
}

static json_t *summary(const struct peer *p)
{
	json_t *o = basics(p);

	json_object_set_new(o, "tunnel", tunnel(p));
	return o;
}

static json_t *family_list(const bool family[BGP_FAMILIES])
{
	json_t *list = json_array();

	for (int i = 0; i < BGP_FAMILIES; i++)
		if (family[i])
			json_array_append_new(list, json_string(family_names[i]));
	return list;
}

static json_t *show_capabilities(const struct peer *p)
{
	return json_pack("{s:o, s:b, s:b, s:b, s:b}", "families", family_list(p->family),
			 "four-octet-as", p->four_octet, "route-refresh", p->refresh,
			 "graceful-restart", p->gr, "extended-next-hop", p->extended_hop);
}

static json_t *graceful_restart(const struct peer *p)
{
	return json_pack("{s:b, s:b, s:b, s:i, s:o, s:o}", "offered", bgp.graceful_restart.enabled,
			 "restarting", p->gr_restarting, "stale-paths", rib_session_keeps_stale(p),
			 "restart-time-seconds", p->gr_time, "families", family_list(p->gr_family),
			 "forwarding-preserved", family_list(p->gr_forwarding));
}

static json_t *timers(const struct peer *p)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "hold-time-seconds", p->hold_time,
			 "keepalive-seconds", p->keepalive, "send-hold-time-seconds",
			 (int)p->send_hold, "configured-hold-time-seconds", p->conf.hold_time,
			 "configured-keepalive-seconds", p->conf.keepalive, "connect-retry-seconds",
			 p->conf.connect_retry, "configured-send-hold-time-seconds",
			 p->conf.send_hold == SEND_HOLD_AUTO ? json_null()
							     : json_integer(p->conf.send_hold));
}

static json_t *counters(const struct peer *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "messages-received",
			 (json_int_t)p->count.messages_in, "messages-sent",
			 (json_int_t)p->count.messages_out, "updates-received",
			 (json_int_t)p->count.updates_in, "updates-sent",
			 (json_int_t)p->count.updates_out, "established",
			 (json_int_t)p->count.established, "dropped", (json_int_t)p->count.dropped);
}

/* RFC 8212: an external neighbour without a policy is worth a word. */
static json_t *policy(const struct peer *p, bool configured, const char *names)
{
	if (configured)
		return json_string(names);
	return json_string(p->ebgp ? "missing: nothing passes" : "none: everything passes");
}

static json_t *families(const struct peer *p)
{
	struct rib_session_counts c = rib_session_counts(p);
	bool up = p->state == PEER_ESTABLISHED;
	json_t *o = json_object();

	for (int i = 0; i < BGP_FAMILIES; i++) {
		if (!p->conf.family[i])
			continue;
		json_object_set_new(o, family_names[i],
				    json_pack("{s:b, s:i, s:i, s:i}", "negotiated",
					      up && p->family[i], "received-prefixes",
					      (int)c.received[i], "accepted-prefixes",
					      (int)c.accepted[i], "sent-prefixes",
					      up ? (int)adjout_prefixes(p, i) : 0));
	}
	return o;
}

static json_t *refusals(const struct peer *p)
{
	if (!p->rib)
		return json_object();
	return reason_counts_json(p->rib->refusals, rib_refusals, RIB_REFUSALS);
}

/* What is in no configuration and yet not sent, by reason. */
static json_t *not_sent(const struct peer *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < ADJOUT_WITHHELD; i++) {
		json_int_t n = (json_int_t)adjout_not_sent(p, BGP_IPV4, i) +
			       adjout_not_sent(p, BGP_IPV6, i);

		if (n > 0)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:I}", "reason",
						reason_name(adjout_withheld[i]), "reason-text",
						reason_text(adjout_withheld[i]), "prefixes", n));
	}
	return list;
}

/* What is in force of its own statements, its group's and the defaults, and shows nowhere else. */
static json_t *settings(const struct peer *p)
{
	static const char *const elsewhere[] = {"remote-as",
						"passive",
						"next-hop-self",
						"route-reflector-client",
						"max-prefix",
						"disabled",
						"hold-time",
						"keepalive",
						"send-hold-time",
						"connect-retry",
						NULL};
	json_t *o = conf_leaves_json(conf_neighbor_leaves, &p->conf, elsewhere);

	json_object_set_new(o, "local-address", json_addr(&p->conf.local_address));
	json_object_set_new(o, "authentication",
			    p->conf.password_wanted ? json_string("tcp-md5") : json_null());
	return o;
}

static json_t *details(const struct peer *p)
{
	bool up = p->state == PEER_ESTABLISHED;
	const char *refusal = session_refusal(p->session);
	json_t *o = basics(p);

	json_object_set_new(o, "dynamic", json_boolean(p->dynamic));
	json_object_set_new(o, "passive", json_boolean(p->conf.passive));
	json_object_set_new(o, "type", json_string(p->ebgp ? "external" : "internal"));
	json_object_set_new(o, "remote-router-id", up ? json_id(p->router_id) : json_null());
	json_object_set_new(o, "local-address", up ? json_addr(&p->local) : json_null());
	json_object_set_new(o, "capabilities", up ? show_capabilities(p) : json_null());
	json_object_set_new(o, "graceful-restart", graceful_restart(p));
	json_object_set_new(o, "timers", timers(p));
	json_object_set_new(o, "counters", counters(p));
	json_object_set_new(o, "families", families(p));
	json_object_set_new(o, "refusals", refusals(p));
	json_object_set_new(o, "not-sent", not_sent(p));
	json_object_set_new(o, "import", policy(p, p->conf.import, p->conf.import_names));
	json_object_set_new(o, "export", policy(p, p->conf.export, p->conf.export_names));
	json_object_set_new(o, "next-hop-self", json_boolean(p->conf.next_hop_self));
	json_object_set_new(o, "route-reflector-client",
			    json_boolean(p->conf.route_reflector_client));
	json_object_set_new(o, "max-prefix",
			    p->conf.max_prefix ? json_integer(p->conf.max_prefix) : json_null());
	json_object_set_new(o, "refused-for-seconds",
			    json_integer(session_refusal_seconds(p->session)));
	json_object_set_new(o, "refused-why", json_text_or_null(refusal));
	json_object_set_new(o, "slowed-seconds",
			    p->slowed_ms ? json_seconds_since(p->slowed_ms) : json_null());
	json_object_set_new(o, "early-ends", json_integer(p->session->early));
	json_object_set_new(o, "answer-delay-ms", json_integer(session_calls_wait_ms(p->session)));
	json_object_set_new(o, "update-group", json_integer(up ? adjout_group_id(p) : 0));
	json_object_set_new(o, "settings", settings(p));
	json_object_set_new(o, "tunnel", tunnel(p));
	return o;
}

/* Those of `bgp` itself that show nowhere else. */
static json_t *own_settings(void)
{
	static const char *const elsewhere[] = {"as",	     "listen-port",    "hold-time",
						"keepalive", "send-hold-time", "connect-retry",
						NULL};
	json_t *o = conf_leaves_json(conf_bgp_leaves, &bgp, elsewhere);
	json_t *restart = json_incref(json_object_get(o, "graceful-restart"));

	json_object_set(o, "graceful-restart", json_object_get(restart, "enabled"));
	json_object_del(restart, "enabled");
	json_object_update(o, restart);
	json_decref(restart);
	json_object_del(json_object_get(o, "multipath"), "resilient"); /* zebra-lite's */
	return o;
}

static json_t *head(void)
{
	return json_pack("{s:s, s:o, s:I, s:o, s:I, s:I}", "hostname", daemon_hostname(),
			 "router-id", json_id(bgp.router_id), "as", (json_int_t)bgp.as, "settings",
			 own_settings(), "attribute-sets", (json_int_t)attr_count(),
			 "connections-refused", (json_int_t)listen_strangers());
}

/* A walk over neighbours remembers the address that comes next: any may go meanwhile. */
struct walk {
	struct addr at;
	char zone[16];
	bool details;
};

static void walk_begin(struct show *s, bool with_details)
{
	struct peer *p = TAILQ_FIRST(&peers);
	struct walk *w;

	show_head(s, head(), "neighbors");
	if (!p) {
		show_end(s, NULL);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->at = p->conf.address;
	memcpy(w->zone, p->conf.zone, sizeof(w->zone));
	w->details = with_details;
	s->state = w;
}

static void walk_step(struct show *s)
{
	struct walk *w = s->state;
	struct peer *p = peer_find_zone(&w->at, w->zone);

	while (p && !show_full(s)) {
		show_row(s, w->details ? details(p) : summary(p));
		p = TAILQ_NEXT(p, link);
	}
	if (!p) {
		show_end(s, NULL);
		return;
	}
	w->at = p->conf.address;
	memcpy(w->zone, p->conf.zone, sizeof(w->zone));
}

static void walk_finish(struct show *s)
{
	free(s->state);
}

static void summary_start(struct show *s)
{
	walk_begin(s, false);
}

static void neighbors_start(struct show *s)
{
	const char *name = conf_str(s->args, "neighbor", NULL);
	struct peer *p;

	if (!name) {
		walk_begin(s, true);
		return;
	}
	p = peer_find_text(name);
	if (!p) {
		show_end(s, "no such neighbor");
		return;
	}
	show_head(s, head(), "neighbors");
	show_row(s, details(p));
	show_end(s, NULL);
}

/* Clear. */

static void clear_soft_in(struct peer *p)
{
	rib_rejudge(p);
	for (int i = 0; i < BGP_FAMILIES; i++)
		session_refresh(p, i);
}

static void clear_soft_out(struct peer *p)
{
	for (int i = 0; i < BGP_FAMILIES; i++)
		if (p->family[i])
			adjout_refresh(p, i);
}

static void clear_one(struct peer *p, const char *soft)
{
	log_info("neighbor-clear", "neighbor=%s soft=%s", peer_name(p), soft ? soft : "no");
	if (!soft)
		session_clear(p);
	else if (p->state == PEER_ESTABLISHED) {
		if (!str_eq(soft, "out"))
			clear_soft_in(p);
		if (!str_eq(soft, "in"))
			clear_soft_out(p);
	}
}

static void clear_start(struct show *s)
{
	const char *name = conf_str(s->args, "neighbor", "");
	const char *soft = conf_str(s->args, "soft", NULL);
	struct peer *p, *next;

	if (soft && !str_eq(soft, "in") && !str_eq(soft, "out") && !str_eq(soft, "both")) {
		show_end(s, "soft is in, out or both");
		return;
	}
	if (str_eq(name, "all")) {
		for (p = TAILQ_FIRST(&peers); p; p = next) {
			next = TAILQ_NEXT(p, link);
			clear_one(p, soft);
		}
	} else if ((p = peer_find_text(name))) {
		clear_one(p, soft);
	} else {
		show_end(s, "no such neighbor");
		return;
	}
	show_object(s, json_object());
}

const struct show_command peer_commands[] = {
	{"bgp-summary", summary_start, walk_step, walk_finish},
	{"bgp-neighbors", neighbors_start, walk_step, walk_finish},
	{"clear", clear_start, NULL, NULL},
	{0},
};
