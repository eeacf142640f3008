/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_group: update groups.
 *
 * A group has a log: encoded messages in chunks of shared memory, with marks over the stretches
 * that one member is not to get (its own paths come back to nobody) or that one member alone gets.
 * A member is either attached, and holds a position in the log, or it lags: then it has a set of
 * networks that it still has to be told about: a stretch of numbers that it goes through, and bits
 * by number. It encodes from the table what holds for them when its socket takes bytes (newest
 * wins, bounded memory). Joining, ROUTE-REFRESH, a change of the group and falling behind too far
 * are all the same: a lagging member with something in its set. When nothing is left it attaches at
 * the end of the log.
 *
 * The group knows by one bit per network what it announced. A second set of bits, of a lagging
 * member, says what that member may have been sent (adjout_lag.c), so that it is sent no needless
 * withdrawals.
 */
#ifndef WGBGP_BGPD_ADJOUT_GROUP_H
#define WGBGP_BGPD_ADJOUT_GROUP_H

#include "adjout.h"

/* A set of numbers of networks. */
struct bits {
	uint64_t *words;
	uint32_t n; /* words */
};
static inline bool bits_has(const struct bits *b, uint32_t i)
{
	return i / 64 < b->n && (b->words[i / 64] >> (i % 64) & 1);
}
static inline void bits_clear(struct bits *b, uint32_t i)
{
	if (i / 64 < b->n)
		b->words[i / 64] &= ~(1ull << (i % 64));
}
void bits_set(struct bits *b, uint32_t i);
uint32_t bits_next(const struct bits *b, uint32_t from); /* first member >= FROM; 0: none */
void bits_copy(struct bits *to, const struct bits *from);
void bits_free(struct bits *b);

/* A message that is being filled: prefixes that share attributes and receivers. */
struct pack {
	struct wr attrs;   /* encoded, without MP_REACH_NLRI */
	struct wr nlri;	   /* prefixes */
	struct attr *attr; /* a reference; NULL: withdrawal */
	uint8_t af;
	uint16_t except, only; /* neighbours by number, 0 none */
};
bool pack_empty(const struct pack *k);
/* Prefixes of AF with A's next hop are announced by MP_REACH_NLRI: IPv6, and RFC 8950. */
bool pack_by_mp(uint8_t af, const struct attr *a);
/* Bytes of an announcement without attributes and prefixes, with A's next hop. */
size_t pack_overhead(uint8_t af, const struct attr *a);
/* Whether a prefix of LEN bits may go into this message. */
bool pack_fits(const struct pack *k, const struct attr *attr, uint8_t af, uint8_t len,
	       uint16_t except, uint16_t only);
void pack_begin(struct pack *k, struct attr *attr, uint8_t af, uint16_t except, uint16_t only,
		bool four_octet);
void pack_put(struct pack *k, const struct prefix *p);
size_t pack_bytes(const struct pack *k);       /* of the message */
void pack_write(struct pack *k, uint8_t *out); /* exactly that many; empties it */
void pack_free(struct pack *k);
void pack_end_of_rib(struct wr *w, enum bgp_family family);
/* Calls FN for each prefix that the encoded message announces or withdraws. */
void pack_read(const uint8_t *message, size_t len, void (*fn)(void *arg, const struct prefix *p),
	       void *arg);

struct mark { /* a stretch of a chunk */
	uint32_t start, end;
	uint16_t except, only;
};
struct chunk {
	TAILQ_ENTRY(chunk) link;
	uint64_t base; /* offset of its first byte in the log */
	uint32_t used, size;
	uint32_t readers; /* members whose position is here */
	struct mark *marks;
	uint32_t n_marks;
	uint8_t data[];
};
struct log {
	TAILQ_HEAD(chunks_head, chunk) chunks;
	uint64_t end;
};
struct log_position {
	struct chunk *chunk;
	uint32_t off;
	uint32_t mark; /* first mark of the chunk that ends behind off */
};
void adjout_log_init(struct log *l);
uint8_t *adjout_log_room(struct log *l, size_t n, uint16_t except, uint16_t only);
void adjout_log_enter(struct log *l, struct log_position *at); /* at the end */
void adjout_log_leave(struct log *l, struct log_position *at);
/* The next bytes for neighbour WHO: fills at most MAX segments, returns how many. */
int adjout_log_peek(const struct log_position *at, uint16_t who, struct iovec *iov, int max);
/* N bytes of those were taken; what is not for WHO is passed over. */
void adjout_log_advance(struct log *l, struct log_position *at, uint16_t who, size_t n);
uint64_t adjout_log_lag(const struct log *l, const struct log_position *at);
void adjout_log_free(struct log *l);

struct group_key {
	bool ebgp, client, four_octet, next_hop_self, aigp;
	bool extended_hop; /* it takes IPv6 next hops of IPv4 */
	bool draining; /* the way to it is to be emptied: RFC 8326 */
	uint8_t plane; /* only networks of it are announced */
	bool family[BGP_FAMILIES];
	struct policy_chain *export;
	struct addr own4, own6; /* our next hop, family 0 none */
	struct addr own_ll;	/* behind own6 */
	struct addr hop;	/* the member's address, where others' paths may lead to it, too */
	/* What struct bgp had: its members are moved to another group when it changes. */
	uint32_t cluster_id, default_local_pref, reflection;
};

/* Networks that are not announced for one of the reasons that people should hear of. */
struct withheld {
	struct bits nets;
	uint32_t n;
};

struct group {
	TAILQ_ENTRY(group) link;
	struct group_key key; /* holds a reference of the chain */
	uint32_t id;
	uint32_t members, attached;
	struct pack pack;
	struct log log;
	struct bits announced[BGP_FAMILIES];
	uint32_t n_announced[BGP_FAMILIES];
	struct withheld withheld[BGP_FAMILIES][ADJOUT_WITHHELD];
	uint32_t n_withheld; /* of all */
	bool news;	     /* members may be idle although there is something for them */
	/* the last set exported, for the neighbours in the queue */
	struct attr *in, *out; /* references; out NULL: not exported */
	enum reason out_why;   /* then */
	uint16_t in_peer;
	uint8_t in_af, in_demotion;
	uint32_t in_cost;
	bool cached;
	uint64_t progress_ms; /* a member wrote something */
	TAILQ_HEAD(, adjout_member) list;
};
static inline struct rib_table *group_table(const struct group *g, enum bgp_family f)
{
	return &rib_tables[g->key.plane][f];
}
/* Its members are sent networks of this table. */
static inline bool group_sends(const struct group *g, const struct rib_table *t)
{
	return g->key.family[t->family] && g->key.plane == t->plane;
}
TAILQ_HEAD(group_list, group);
extern struct group_list groups;

/* Numbers of networks; END is not one of them. */
struct stretch {
	uint32_t from, end;
};

struct adjout_member {
	TAILQ_ENTRY(adjout_member) link;
	struct group *group;
	struct peer *peer;
	uint16_t id; /* the neighbour's number */
	bool lagging;
	bool idle;		    /* has taken everything: kick it when there is more */
	bool owes_eor;		    /* when it has caught up */
	bool refresh[BGP_FAMILIES]; /* asked for while it lagged */
	struct log_position at;	    /* attached */
	struct bits pending[BGP_FAMILIES], had[BGP_FAMILIES]; /* lagging */
	struct stretch ahead[BGP_FAMILIES];		      /* to be told too */
	uint32_t cursor[BGP_FAMILIES];
	struct wr own; /* bytes for it alone, sent first */
	size_t own_sent;
	/* Announced networks whose best path is its own, and withheld ones. While it goes through
	 * the table since it entered the group, those that member_counts(). */
	bool counting;
	uint32_t own_paths[BGP_FAMILIES];
	uint32_t own_withheld[BGP_FAMILIES][ADJOUT_WITHHELD];
};
/* It has yet to come to the network. */
static inline bool member_is_before(const struct adjout_member *m, enum bgp_family f, uint32_t net)
{
	return net >= m->ahead[f].from && net < m->ahead[f].end;
}
/* The network is among those counted, if it is its own. */
static inline bool member_counts(const struct adjout_member *m, enum bgp_family f, uint32_t net)
{
	return !m->counting || !member_is_before(m, f, net) || bits_has(&m->pending[f], net);
}

struct group_key group_key_of(const struct peer *p);
bool group_key_eq(const struct group_key *a, const struct group_key *b);
struct group *group_get(const struct group_key *key); /* takes a reference of the chain */
void group_free(struct group *g);
/* What it announces depends on the state of paths' next hops. */
bool group_tells_state(const struct group *g);
bool group_tells_cost(const struct group *g);
/* The set that the group announces for this path: a reference, or NULL, and WHY (may be NULL) is
 * one of adjout_withheld[], or REASON_NONE where it is as configured. */
struct attr *group_export(struct group *g, const struct rib_table *t, const struct net *net,
			  uint32_t path, enum reason *why);
/* Notes that a network is not announced for a reason (REASON_NONE: none worth a word). */
void group_withhold(struct group *g, const struct rib_table *t, uint32_t net, enum reason why,
		    uint16_t old_peer, uint16_t new_peer);
/* The bit of the group and the counts that hang on it. */
void group_announce(struct group *g, const struct rib_table *t, uint32_t net, bool on,
		    uint16_t old_peer, uint16_t new_peer);
void group_close_pack(struct group *g); /* into the log */
void group_forget_cache(struct group *g);
struct adjout_member *group_member_of(const struct group *g, uint16_t peer_id);

#endif
