/* SPDX-License-Identifier: BSD-2-Clause */
/* messages_names: what types, states and reasons of messages.h are called. */
#include "messages.h"

#include "util.h"

const char *daemon_name(enum daemon_id id)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};

	return id < ARRAY_SIZE(names) ? names[id] : "unknown";
}

const char *msg_name(enum msg_type type)
{
	static const char *const names[] = {
		[MSG_CHANNEL] = "channel",
		[MSG_LISTEN] = "listen",
		[MSG_SECRET] = "secret",
		[MSG_CONFIG_CHECK] = "config-check",
		[MSG_CONFIG_APPLY] = "config-apply",
		[MSG_CONFIG_PRUNE] = "config-prune",
		[MSG_CONFIG_DONE] = "config-done",
		[MSG_EVENT] = "event",
		[MSG_REQUEST] = "request",
		[MSG_CANCEL] = "cancel",
		[MSG_REPLY_HEAD] = "reply-head",
		[MSG_REPLY_ROW] = "reply-row",
		[MSG_REPLY_END] = "reply-end",
		[MSG_ROUTES] = "routes",
		[MSG_ROUTES_SYNC] = "routes-sync",
		[MSG_NEXTHOP_WATCH] = "nexthop-watch",
		[MSG_NEXTHOP_UNWATCH] = "nexthop-unwatch",
		[MSG_NEXTHOP] = "nexthop",
		[MSG_VERDICTS] = "verdicts",
		[MSG_REDIST] = "redist",
		[MSG_REDIST_SYNC] = "redist-sync",
		[MSG_ALLOWED] = "allowed",
		[MSG_ALLOWED_SYNC] = "allowed-sync",
		[MSG_TUNNEL_IF] = "tunnel-if",
		[MSG_TUNNEL_IF_GONE] = "tunnel-if-gone",
		[MSG_TUNNEL_PEER] = "tunnel-peer",
		[MSG_TUNNEL_PEER_GONE] = "tunnel-peer-gone",
		[MSG_TUNNEL_SYNC] = "tunnel-sync",
		[MSG_ALLOWED_HELD] = "allowed-held",
		[MSG_ALLOWED_ACK] = "allowed-ack",
		[MSG_ALLOWED_REFUSED] = "allowed-refused",
		[MSG_TEARDOWN] = "teardown",
		[MSG_CLIENT] = "client",
		[MSG_BFD_SESSION] = "bfd-session",
		[MSG_BFD_SESSION_GONE] = "bfd-session-gone",
		[MSG_BFD_SYNC] = "bfd-sync",
		[MSG_BFD_NEWS] = "bfd-news",
		[MSG_PING] = "ping",
		[MSG_PONG] = "pong",
		[MSG_PASSWORD] = "password",
		[MSG_ROUTES_KEPT] = "routes-kept",
	};

	return (unsigned)type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}

const char *reach_name(enum reach r)
{
	static const char *const names[] = {"unknown", "down", "degraded", "up"};

	return (unsigned)r < ARRAY_SIZE(names) ? names[r] : "invalid";
}

enum demotion reach_demotion(enum reach reach, bool weak, bool keep)
{
	if (reach == REACH_DOWN)
		return weak && keep ? DEMOTED_LAST : HOP_OUT;
	return reach == REACH_DEGRADED ? DEMOTED : DEMOTED_NOT;
}

const char *redist_name(enum redist_source s)
{
	static const char *const names[] = {"connected", "static", "kernel"};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "invalid";
}

const char *tunnel_state_name(enum tunnel_state s)
{
	static const char *const names[] = {"never", "down", "idle", "degraded", "up"};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "invalid";
}

const char *bfd_news_name(enum bfd_news n)
{
	static const char *const names[] = {"starting", "up",	     "suspect",
					    "expired",	"signalled", "admin-down"};

	return (unsigned)n < ARRAY_SIZE(names) ? names[n] : "invalid";
}

bool tunnel_state_usable(enum tunnel_state s)
{
	return s != TUNNEL_DOWN;
}
