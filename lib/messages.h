/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: every message between our processes: its type, its struct, one encoder and one decoder.
 *
 * Encoders append to a struct wr, decoders read a frame's body and return 0 or -EBADMSG (short, out
 * of range, or bytes left over). Arrays inside the decoded structs belong to the struct: release
 * them with the message's _free() where there is one. Who sends what to whom: doc/messages.md.
 */
#ifndef WGBGP_MESSAGES_H
#define WGBGP_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "prefix.h"
#include "reason.h"
#include "tcp_md5.h"

enum daemon_id { DAEMON_WGD, DAEMON_ZEBRA, DAEMON_BGPD, DAEMON_BFDD, DAEMON_COUNT };
const char *daemon_name(enum daemon_id id); /* "wgd", "zebra-lite", "bgpd", "bfdd" */

enum msg_type {
	/* parent → child */
	MSG_CHANNEL = 1,  /* + descriptor: a new channel to another daemon; u8 enum daemon_id */
	MSG_LISTEN,	  /* + descriptor: a listening socket; endpoint it is bound to */
	MSG_SECRET,	  /* key file's path, 32 bytes; to wgd only, before the configuration */
	MSG_CONFIG_CHECK, /* whole configuration as JSON: can it be applied? answer CONFIG_DONE */
	MSG_CONFIG_APPLY, /* the same JSON: additions and changes now; answer CONFIG_DONE */
	MSG_CONFIG_PRUNE, /* empty: removals now; answer CONFIG_DONE */
	/* child → parent */
	MSG_CONFIG_DONE, /* str: error, empty when fine; the frame's generation says which */
	MSG_EVENT,	 /* JSON object, for `monitor` */
	/* requests: CLI → parent → daemon, and the answers back */
	MSG_REQUEST,	/* u32 id, JSON {"command": NAME, ...} */
	MSG_CANCEL,	/* u32 id: stop answering */
	MSG_REPLY_HEAD, /* u32 id, str name of the list of rows or "", JSON object */
	MSG_REPLY_ROW,	/* u32 id, JSON object */
	MSG_REPLY_END,	/* u32 id, str error, empty when fine */
	/* bgpd → zebra-lite */
	MSG_ROUTES,	   /* struct msg_routes */
	MSG_ROUTES_SYNC,   /* empty: everything bgpd wants has been sent; sweep what is stale */
	MSG_NEXTHOP_WATCH, /* addr: tell its state now and at each change */
	MSG_NEXTHOP_UNWATCH,
	/* zebra-lite → bgpd */
	MSG_NEXTHOP,	 /* struct msg_nexthop */
	MSG_VERDICTS,	 /* struct msg_verdicts */
	MSG_REDIST,	 /* struct msg_redist: a connected, static or kernel route came or went */
	MSG_REDIST_SYNC, /* u32: all present ones have been sent; routes of ours older than bgpd
			  */
	/* zebra-lite → wgd */
	MSG_ALLOWED,	  /* struct msg_allowed: one batch; answered by ALLOWED_ACK */
	MSG_ALLOWED_SYNC, /* u32 batch: the replay is complete, sweep; ALLOWED_ACK when that is done
			   */
	/* wgd → zebra-lite */
	MSG_TUNNEL_IF,	      /* struct msg_tunnel_if */
	MSG_TUNNEL_IF_GONE,   /* u32 ifindex */
	MSG_TUNNEL_PEER,      /* struct msg_tunnel_peer: new, or anything about it changed */
	MSG_TUNNEL_PEER_GONE, /* u32 peer id */
	MSG_ALLOWED_HELD,     /* struct msg_allowed, all SET: learned entries that stand; on a
				 new channel, before TUNNEL_SYNC */
	MSG_TUNNEL_SYNC,      /* empty: all interfaces and peers have been sent */
	MSG_ALLOWED_ACK,      /* struct msg_allowed_ack */
	MSG_ALLOWED_REFUSED,  /* struct msg_allowed_refused: a standing entry changed its fate */
	/* parent → wgd, zebra-lite: remove everything installed; answer CONFIG_DONE */
	MSG_TEARDOWN,
	/* parent → child: + descriptor: a channel of one CLI, for REQUEST, CANCEL and the answers.
	 * Its own, so that a CLI that does not read holds up nobody else. */
	MSG_CLIENT,
	/* wgd → bfdd */
	MSG_BFD_SESSION,      /* struct msg_bfd_session: wanted; answered by BFD_NEWS */
	MSG_BFD_SESSION_GONE, /* u32 id */
	MSG_BFD_SYNC,	      /* empty: all sessions have been sent, others go */
	/* bfdd → wgd */
	MSG_BFD_NEWS, /* struct msg_bfd_news: how a session stands, and at each change */
	/* parent → child, CLI → parent: is anybody there? Empty; answered by PONG from the loop. */
	MSG_PING,
	MSG_PONG,
	MSG_PASSWORD, /* parent → bgpd: struct msg_password, before the configuration */
	MSG_ROUTES_KEPT, /* zebra-lite → bgpd: struct msg_routes: kept from an earlier bgpd;
			    weight: in use (none has one: all); before REDIST_SYNC */
	MSG_END,      /* behind the last one */
};
const char *msg_name(enum msg_type type);

/* Simple bodies. */
void msg_put_channel(struct wr *w, enum daemon_id peer);
int msg_get_channel(const uint8_t *body, size_t len, enum daemon_id *peer);
int msg_get_endpoint(const uint8_t *body, size_t len, struct endpoint *out);
int msg_get_addr(const uint8_t *body, size_t len, struct addr *out);
int msg_get_u32(const uint8_t *body, size_t len, uint32_t *out);

#define MSG_PATH_MAX 1024
#define MSG_NAME_MAX 65 /* names of interfaces and peers: the longest of the schema, and NUL */
#define MSG_ERROR_MAX 1024
#define KEY_BYTES 32

struct msg_secret {
	char path[MSG_PATH_MAX];
	uint8_t key[KEY_BYTES]; /* wipe after use */
};
void msg_put_secret(struct wr *w, const struct msg_secret *m);
int msg_get_secret(const uint8_t *body, size_t len, struct msg_secret *m);

/* Of a password file: its path and what it holds. */
struct msg_password {
	char path[MSG_PATH_MAX];
	char text[TCP_MD5_MAX + 1]; /* wipe after use */
};
void msg_put_password(struct wr *w, const struct msg_password *m);
int msg_get_password(const uint8_t *body, size_t len, struct msg_password *m);

void msg_put_done(struct wr *w, const char *error);
int msg_get_done(const uint8_t *body, size_t len, char error[MSG_ERROR_MAX]);

/* Requests and answers; the JSON text is not NUL-terminated and points into the body. */
struct msg_reply {
	uint32_t id;
	char list[MSG_NAME_MAX];   /* HEAD only */
	char error[MSG_ERROR_MAX]; /* END only */
	const char *json;	   /* REQUEST, HEAD, ROW */
	size_t json_len;
};
void msg_put_request(struct wr *w, uint32_t id, const char *json, size_t len); /* and ROW */
void msg_put_reply_head(struct wr *w, uint32_t id, const char *list, const char *json, size_t len);
void msg_put_reply_end(struct wr *w, uint32_t id, const char *error);
int msg_get_reply(enum msg_type type, const uint8_t *body, size_t len, struct msg_reply *m);

/*
 * Ranked distinct next hops (best first) for each of the prefixes; no hops: withdrawn. Eligible
 * paths come first, then those that only wait for their tunnel.
 */
#define ROUTE_HOPS_MAX 8
enum route_source { ROUTE_EBGP, ROUTE_IBGP };
/* How far behind a path stands, whatever else speaks for it; decide.h of bgpd says why. HOP_OUT: it
 * may not be used; in no message. */
enum demotion { DEMOTED_NOT, DEMOTED, DEMOTED_LAST, HOP_OUT };
struct route_hop {
	struct addr addr;
	uint8_t source;	  /* enum route_source, gives the distance */
	uint8_t demotion; /* enum demotion by attributes; the tunnel's state adds to it */
	uint8_t weight;	  /* its share of the traffic among those that have one; 0: a backup */
};
struct route_hops {
	uint8_t n;
	struct route_hop hop[ROUTE_HOPS_MAX];
};
struct msg_routes {
	struct route_hops hops;
	uint32_t n_prefixes;
	struct prefix *prefixes; /* owned when decoded */
};
/* The prefixes may be appended one by one: begin, then wr_prefix() for each, then end with the
 * count. */
size_t msg_begin_routes(struct wr *w, const struct route_hops *hops);
void msg_end_routes(struct wr *w, size_t mark, uint32_t n_prefixes);
int msg_get_routes(const uint8_t *body, size_t len, struct msg_routes *m);
void msg_free_routes(struct msg_routes *m);

enum reach { REACH_UNKNOWN, REACH_DOWN, REACH_DEGRADED, REACH_UP };
const char *reach_name(enum reach r);
/* Of a next hop in this state. WEAK: down by silence or age alone, which `last-path keep` (KEEP)
 * forgives. */
enum demotion reach_demotion(enum reach reach, bool weak, bool keep);

struct msg_nexthop {
	struct addr addr;
	uint8_t reach;	/* enum reach */
	uint8_t reason; /* enum reason when not up */
	bool weak;	/* DOWN by a guess: see msg_tunnel_peer */
	bool connected; /* on a directly connected subnet or a tunnel address */
	bool tunnel;	/* resolves to a tunnel peer; the names below are then set */
	uint32_t cost;	/* of the way to it; lower is better */
	char ifname[MSG_NAME_MAX];
	char peer[MSG_NAME_MAX];
};
void msg_put_nexthop(struct wr *w, const struct msg_nexthop *m);
int msg_get_nexthop(const uint8_t *body, size_t len, struct msg_nexthop *m);

enum verdict { VERDICT_REFUSED, VERDICT_CLEARED }; /* cleared: eligible again */
struct msg_verdicts {
	uint8_t verdict;     /* enum verdict */
	uint8_t reason;	     /* enum reason of a refusal */
	struct addr nexthop; /* family 0: every next hop of these prefixes */
	uint32_t n_prefixes;
	struct prefix *prefixes; /* owned when decoded */
};
void msg_put_verdicts(struct wr *w, const struct msg_verdicts *m);
int msg_get_verdicts(const uint8_t *body, size_t len, struct msg_verdicts *m);
void msg_free_verdicts(struct msg_verdicts *m);

enum redist_source { REDIST_CONNECTED, REDIST_STATIC, REDIST_KERNEL, REDIST_COUNT };
const char *redist_name(enum redist_source s);
struct msg_redist {
	struct prefix prefix;
	uint8_t source; /* enum redist_source */
	bool present;
	uint32_t metric;
};
void msg_put_redist(struct wr *w, const struct msg_redist *m);
int msg_get_redist(const uint8_t *body, size_t len, struct msg_redist *m);

/* AllowedIPs: SET inserts the prefix at the peer or moves it there; UNSET takes it away if it is
 * there. */
enum allowed_op { ALLOWED_SET, ALLOWED_UNSET };
struct allowed_change {
	uint8_t op; /* enum allowed_op */
	uint32_t peer_id;
	struct prefix prefix;
};
struct msg_allowed {
	uint32_t batch; /* chosen by zebra-lite, rising; comes back in the acknowledgement */
	uint32_t n;
	struct allowed_change *changes; /* applied in order; owned when decoded */
};
void msg_put_allowed(struct wr *w, const struct msg_allowed *m);
int msg_get_allowed(const uint8_t *body, size_t len, struct msg_allowed *m);
void msg_free_allowed(struct msg_allowed *m);

struct msg_allowed_refused {
	uint32_t peer_id;
	struct prefix prefix;
	uint8_t reason; /* enum reason; NONE: may be tried again */
};
void msg_put_allowed_refused(struct wr *w, const struct msg_allowed_refused *m);
int msg_get_allowed_refused(const uint8_t *body, size_t len, struct msg_allowed_refused *m);

struct msg_allowed_ack {
	uint32_t batch;
	uint32_t n;			     /* refusals */
	struct msg_allowed_refused *refused; /* owned when decoded */
};
void msg_put_allowed_ack(struct wr *w, const struct msg_allowed_ack *m);
int msg_get_allowed_ack(const uint8_t *body, size_t len, struct msg_allowed_ack *m);
void msg_free_allowed_ack(struct msg_allowed_ack *m);

struct tunnel_addr {
	struct addr addr;
	uint8_t len; /* host bits of addr are kept */
};
struct msg_tunnel_if {
	uint32_t ifindex;
	char name[MSG_NAME_MAX];
	bool up;	 /* administratively and operationally */
	bool adopted;	 /* not created by us */
	bool any;	 /* its one peer has AllowedIPs 0.0.0.0/0 and ::/0: no entries are needed */
	uint32_t fwmark; /* of the encrypted packets, 0 none */
	uint32_t n_addrs;
	struct tunnel_addr *addrs; /* the interface's own; owned when decoded */
};
void msg_put_tunnel_if(struct wr *w, const struct msg_tunnel_if *m);
int msg_get_tunnel_if(const uint8_t *body, size_t len, struct msg_tunnel_if *m);
void msg_free_tunnel_if(struct msg_tunnel_if *m);

enum tunnel_state { TUNNEL_NEVER, TUNNEL_DOWN, TUNNEL_IDLE, TUNNEL_DEGRADED, TUNNEL_UP };
const char *tunnel_state_name(enum tunnel_state s);
/* never and idle count as up for routing (nobody has shown them dead), down does not. */
bool tunnel_state_usable(enum tunnel_state s);

struct msg_tunnel_peer {
	uint32_t id;	  /* chosen by wgd, stable while this channel lives, never 0 */
	uint32_t ifindex; /* of its interface, announced before */
	char name[MSG_NAME_MAX];
	uint8_t state;	/* enum tunnel_state */
	uint8_t reason; /* enum reason */
	bool weak;	/* DOWN by silence or age alone: who has no other path may keep it */
	uint32_t cost;	/* now: configured, for quality, and for being degraded */
	struct endpoint endpoint; /* current; family 0 when not known */
	uint32_t n_addrs;
	struct addr *addrs; /* tunnel addresses; owned when decoded */
	uint32_t n_fixed;
	struct prefix *fixed; /* entries by configuration (and foreign ones on an adopted
				 interface); owned when decoded */
};
void msg_put_tunnel_peer(struct wr *w, const struct msg_tunnel_peer *m);
int msg_get_tunnel_peer(const uint8_t *body, size_t len, struct msg_tunnel_peer *m);
void msg_free_tunnel_peer(struct msg_tunnel_peer *m);

/* A session is known by interface and both addresses: with the same ones, another id does not end
 * it. */
struct msg_bfd_session {
	uint32_t id; /* the tunnel peer's, as wgd numbers them */
	uint32_t ifindex;
	char ifname[MSG_NAME_MAX];
	char peer[MSG_NAME_MAX];
	struct addr local, remote; /* of one family */
	uint32_t interval_ms;	   /* we would like to send that often */
	uint32_t receive_ms;	   /* and can take packets that often */
	uint8_t multiplier;	   /* never 0 */
	bool passive;
};
void msg_put_bfd_session(struct wr *w, const struct msg_bfd_session *m);
int msg_get_bfd_session(const uint8_t *body, size_t len, struct msg_bfd_session *m);

/* How a session stands. STARTING: not up since it is there. SUSPECT is news only: silence for most
 * of the detection time. EXPIRED: silence for all of it. SIGNALLED: the far end says Down.
 * ADMIN_DOWN: it says AdminDown, which says nothing about the path. */
enum bfd_news {
	BFD_NEWS_STARTING,
	BFD_NEWS_UP,
	BFD_NEWS_SUSPECT,
	BFD_NEWS_EXPIRED,
	BFD_NEWS_SIGNALLED,
	BFD_NEWS_ADMIN_DOWN,
	BFD_NEWS_COUNT
};
const char *bfd_news_name(enum bfd_news n);
struct msg_bfd_news {
	uint32_t id;
	uint8_t news;	     /* enum bfd_news */
	uint8_t diag;	     /* RFC 5880's: ours, */
	uint8_t remote_diag; /* and the far end's */
};
void msg_put_bfd_news(struct wr *w, const struct msg_bfd_news *m);
int msg_get_bfd_news(const uint8_t *body, size_t len, struct msg_bfd_news *m);

#endif
