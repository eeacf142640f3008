/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_say.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "conn.h"
#include "daemon.h"
#include "history.h"
#include "log_crowd.h"
#include "loop.h"
#include "peer_way.h"
#include "policy_ceiling.h"
#include "session.h"
#include "util.h"

const struct session_hooks *session_hooks;

void session_hooks_open(const struct session_hooks *hooks)
{
	session_hooks = hooks;
}

/* Whoever a listen range lets in can make errors, from many addresses: theirs share a limit. */
static struct log_bucket range_bucket;

struct log_bucket *session_bucket(struct peer *p)
{
	return p->dynamic ? &range_bucket : &p->bucket;
}

static void session_say(const struct peer *p, bool up, const char *why, enum reason reason)
{
	daemon_event(json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:i}", "event", "bgp-session",
			       "neighbor", peer_name(p), "state", up ? "established" : "down",
			       "why", why, "dynamic", p->dynamic, "asked", !up && p->end_asked,
			       "configured", !up && p->end_wanted && !p->end_asked,
			       "silent-seconds", up ? 0 : (int)p->end_silent));
	history_note((struct history_fact){.kind = HISTORY_SESSION,
					   .what = up,
					   .addr = &p->conf.address,
					   .reason = (uint8_t)reason});
}

/* The tunnel that leads there; empty names where none does. A neighbour whose tunnel address is
 * configured may call before zebra-lite has said a word of it. */
static void way_of(const struct peer *p, struct msg_nexthop *out)
{
	struct addr hop = peer_hop(p);
	const struct ceiling_peer *to;

	if (peer_way_nexthop(p, out)) {
		if (!out->tunnel)
			out->peer[0] = out->ifname[0] = '\0';
		return;
	}
	to = policy_ceiling_peer_at(&hop);
	str_copy(out->peer, to ? ceiling_peer_name(to) : "", sizeof(out->peer));
	str_copy(out->ifname, to ? ceiling_peer_interface(to) : "", sizeof(out->ifname));
}

void session_say_up(struct peer *p)
{
	static struct log_crowd ups = {.what = "session-up"};
	struct msg_nexthop way;

	way_of(p, &way);
	if (log_crowd_take(&ups, peer_name(p)))
		log_limited(&p->bucket, LOG_LEVEL_INFO, "session-up",
			    "neighbor=%s as=%u router-id=%u.%u.%u.%u hold-time=%u restarting=%s "
			    "peer=%s interface=%s",
			    peer_name(p), p->as, p->router_id >> 24, p->router_id >> 16 & 255,
			    p->router_id >> 8 & 255, p->router_id & 255, p->hold_time,
			    p->gr_restarting ? "yes" : "no", way.peer, way.ifname);
	p->before_rejection[0] = '\0';
	session_say(p, true, "", REASON_NONE);
}

void session_say_down(struct peer *p, bool retain, enum reason reason)
{
	static struct log_crowd wanted = {.what = "session-down"};
	static struct log_crowd unwanted = {.what = "session-down", .grave = true};
	struct msg_nexthop way;

	way_of(p, &way);
	if (log_crowd_take(p->end_wanted ? &wanted : &unwanted, peer_name(p)))
		log_limited(&p->bucket, p->end_wanted ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
			    "session-down",
			    "neighbor=%s why=\"%s\" retain=%s reason=%s peer=%s interface=%s",
			    peer_name(p), p->last_error, retain ? "yes" : "no", reason_name(reason),
			    way.peer, way.ifname);
	session_say(p, false, p->last_error, reason);
}

/* `clear bgp` here, or an operator there. Our own configuration's words are no request. */
static bool is_asked(enum fsm_end end, const struct bgp_error *e)
{
	if (end == FSM_SENT)
		return session_is_cease(e, CEASE_RESET);
	return session_is_cease(e, CEASE_SHUTDOWN) || session_is_cease(e, CEASE_DECONFIGURED) ||
	       session_is_cease(e, CEASE_RESET) || session_is_cease(e, CEASE_CONFIGURATION);
}

/* What our configuration says now, or said from the start. */
static bool is_ours(enum fsm_end end, const struct bgp_error *e)
{
	return end == FSM_SENT &&
	       (session_is_cease(e, CEASE_SHUTDOWN) || session_is_cease(e, CEASE_DECONFIGURED) ||
		session_is_cease(e, CEASE_CONFIGURATION));
}

/* That the far end takes no calls now says little: what went before is why. */
static void note_rejection(struct peer *p, enum fsm_end end, const struct bgp_error *e)
{
	size_t at = strlen(p->last_error);
	char after[sizeof(p->before_rejection) + 16];

	if (end != FSM_RECEIVED || !session_is_cease(e, CEASE_REJECTED)) {
		str_copy(p->before_rejection, p->last_error, sizeof(p->before_rejection));
		return;
	}
	if (!p->before_rejection[0])
		return;
	snprintf(after, sizeof(after), ", after: %s", p->before_rejection);
	str_copy(p->last_error + at, after, sizeof(p->last_error) - at);
}

void session_note_error(struct peer *p, enum fsm_end end, const struct bgp_error *e,
			const char *why)
{
	static const char *const who[] = {"sent ", "received ", ""};
	char name[96] = "";

	if (e)
		bgp_error_name(e, name, sizeof(name));
	snprintf(p->last_error, sizeof(p->last_error), "%s%s%s%s", who[end], name,
		 name[0] && why[0] ? ": " : "", why);
	p->end_asked = is_asked(end, e);
	p->end_wanted = p->end_asked || is_ours(end, e);
	p->end_silent = end == FSM_SENT && e && e->code == HOLD_EXPIRED ? p->hold_time : 0;
	if (!e)
		return;
	note_rejection(p, end, e);
	memcpy(p->last_notification, p->last_error, sizeof(p->last_notification));
	p->last_notification_ms = now_ms();
}

struct bgp_error session_cease(uint8_t subcode, const char *why)
{
	struct bgp_error e = {.code = CEASE, .subcode = subcode};

	str_copy(e.text, why, sizeof(e.text));
	return e;
}

bool session_is_cease(const struct bgp_error *e, uint8_t subcode)
{
	return e && e->code == CEASE && e->subcode == subcode;
}

void session_refuse(struct session *s, int fd, const char *why)
{
	struct peer *p = s->peer;
	struct bgp_error e = session_cease(CEASE_REJECTED, why);

	if (!s->refusal_said)
		log_limited(session_bucket(p), LOG_LEVEL_WARN, "session-refused",
			    "neighbor=%s why=\"%s\"", peer_name(p), why);
	s->refusal_said = true;
	conn_refuse(fd, &e);
	peer_sent(p, BGP_NOTIFICATION, 0);
}
