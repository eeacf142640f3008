/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: the last 4,096 events of this daemon, for `show history`, and those that `debug`
 * follows.
 *
 * An event is a record of fixed size, which history_note() stores into a ring: no allocation, no
 * text, no system call, so it is always on. It becomes text when somebody asks (history_show.h), or
 * at once where somebody follows it. Of the loop's thread alone.
 *
 * Tunnel peers are named by a number, which stays valid when they are gone.
 */
#ifndef WGBGP_HISTORY_H
#define WGBGP_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "messages.h"
#include "prefix.h"

enum history_kind {
	HISTORY_RECEIVED, /* a BGP message; what: its type */
	HISTORY_SENT,	  /* the same; UPDATEs that went in one write are one event */
	HISTORY_SESSION,  /* what: it is up */
	HISTORY_DECISION, /* what: there is a best path */
	HISTORY_NEXTHOP,  /* what: enum reach */
	HISTORY_TUNNEL,	  /* what: enum tunnel_state */
	HISTORY_BFD,	  /* what: enum bfd_news */
	HISTORY_BATCH,	  /* what: enum history_batch */
	HISTORY_ENTRY,	  /* of AllowedIPs; what: enum history_entry */
	HISTORY_ROUTE,	  /* of the kernel; what: enum history_route */
	HISTORY_KINDS
};

enum history_batch { HISTORY_PLANNED, HISTORY_HEARD, HISTORY_ANSWERED, HISTORY_WRITTEN };
enum history_entry { HISTORY_SET, HISTORY_UNSET, HISTORY_ENTRY_REFUSED };
enum history_route {
	HISTORY_ADD,
	HISTORY_CHANGE,
	HISTORY_DELETE,
	HISTORY_MOVE, /* of an object of the kernel: all prefixes that use it at once */
	HISTORY_ROUTE_REFUSED,
};

struct history_event {
	uint64_t at_us;	      /* monotonic; history_note() fills it in */
	uint32_t count;	      /* bytes, prefixes, cost: as the kind's row in history.c says */
	uint32_t number;      /* of the batch, of the object; 0 none */
	uint16_t name;	      /* history_name(), 0 none */
	uint8_t kind, what;   /* enum history_kind */
	uint8_t reason;	      /* enum reason */
	struct prefix prefix; /* family 0: of no prefix */
	struct addr addr;     /* of the neighbour or next hop; family 0: none */
};
_Static_assert(sizeof(struct history_event) == 64, "an event is a line of the cache");

#define HISTORY_EVENTS 4096

extern struct history_ring {
	uint64_t n;    /* events so far: the next one's number */
	bool followed; /* somebody follows some of them */
	struct history_event events[HISTORY_EVENTS];
} history_ring;

void history_follow(const struct history_event *e); /* says it where somebody follows it */

/* What happened; of what is left out, nothing. */
struct history_fact {
	enum history_kind kind;
	uint8_t what;
	uint8_t reason;
	uint16_t name;
	const struct prefix *prefix;
	const struct addr *addr;
	uint32_t count, number;
};

static inline void history_note(struct history_fact f)
{
	struct history_event *e = &history_ring.events[history_ring.n++ % HISTORY_EVENTS];

	e->at_us = loop_now_us();
	e->count = f.count;
	e->number = f.number;
	e->name = f.name;
	e->kind = (uint8_t)f.kind;
	e->what = f.what;
	e->reason = f.reason;
	if (f.prefix)
		e->prefix = *f.prefix;
	else
		e->prefix.family = 0;
	if (f.addr)
		e->addr = *f.addr;
	else
		e->addr.family = 0;
	if (__builtin_expect(history_ring.followed, false))
		history_follow(e);
}

/* The number of a tunnel peer's name, the same one whenever it is asked for; never forgotten. 0:
 * there are too many. */
uint16_t history_name(const char *interface, const char *peer);

/* Which events: those of a prefix, of a peer, or all. */
#define HISTORY_ADDRS_MAX 8
struct history_filter {
	struct prefix prefix;		      /* family 0: any */
	bool around;			      /* with it: also what is of no prefix, but messages */
	char peer[MSG_NAME_MAX];	      /* "": any */
	struct addr addrs[HISTORY_ADDRS_MAX]; /* its addresses, the plane left out */
	unsigned n_addrs;
};
/* From a request's members prefix, around, peer (a name or an address), addresses. 0, or -EINVAL:
 * that is no prefix. */
int history_filter_read(const json_t *args, struct history_filter *f);
bool history_matches(const struct history_filter *f, const struct history_event *e);
/* The event of that number; NULL: it is no longer there, or not yet. */
const struct history_event *history_event(uint64_t number);
json_t *history_row(const struct history_event *e);

/* Events that match are log lines from now on, for MINUTES. 0, or -ENOSPC: there are too many. */
int history_debug(const struct history_filter *f, unsigned minutes);
void history_debug_off(void); /* of all */
/* The I-th of what is followed, with the seconds left; NULL: there is none. */
json_t *history_debug_row(unsigned i);

void history_free(void); /* for leak-free ends */

#endif
