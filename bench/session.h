/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: one BGP session of the benchmark's speaker.
 *
 * It opens (or waits), negotiates, sends what it is told to send as fast as the socket takes it,
 * and counts or remembers what comes. It decides nothing: no policy, no loop check, no best path.
 * It always speaks four-byte AS numbers, so the far end must, too. A session that ends is tried
 * again until it is closed; what was announced is not announced again by itself.
 *
 * Output is a queue of segments: shared encoded tables, and small messages of its own. A keepalive
 * is only written when nothing else waits.
 */
#ifndef WGBGP_BENCH_SESSION_H
#define WGBGP_BENCH_SESSION_H

#include "attrs.h"
#include "loop.h"
#include "received.h"
#include "routes.h"

enum session_state {
	SESSION_IDLE,
	SESSION_CONNECT,
	SESSION_OPENSENT,
	SESSION_OPENCONFIRM,
	SESSION_ESTABLISHED
};

struct session_options {
	char name[64];
	struct addr local, remote;
	uint16_t port;		/* host order */
	uint32_t as, remote_as; /* remote_as is only compared with our own: internal or not */
	uint32_t id;		/* host order */
	uint16_t hold;		/* seconds */
	uint32_t retry_ms;	/* between attempts to connect */
	bool passive;
	bool ipv4, ipv6; /* families that are offered */
	bool gr;	 /* graceful restart, all forwarding kept, 120 s */
	bool table;	 /* remember what is received, not only count it */
};

struct segment {
	const uint8_t *data;
	size_t len;
	void *owned; /* freed when written; NULL: shared */
};

/* Times are monotonic microseconds; 0: has not happened. */
struct session_counts {
	uint64_t announced, withdrawn; /* prefixes in UPDATEs, both families */
	uint64_t messages, bytes;      /* received, of all kinds */
	uint64_t established_us, first_update_us, last_update_us, end_of_rib_us, reached_us,
		sent_us;
	unsigned ups, downs;
};

struct session {
	struct session_options opt;
	enum session_state state;
	int fd; /* -1: none */
	struct watch readable, writable;
	struct timer retry, keepalive;
	struct segment *queue; /* first .. first + queued */
	size_t first, queued, queue_cap;
	uint8_t *partial; /* the beginning of a message whose end has not come */
	size_t partial_len;
	struct received *received; /* NULL: counting only */
	struct attrs_pool *pool;
	uint64_t expect;     /* prefixes, at least; see reached_us */
	bool expect_at_most; /* that many or fewer */
	struct session_counts counts;
	void (*heard)(void *arg,
		      const struct prefix *p); /* each prefix of an UPDATE; may be NULL */
	void *heard_arg;
	bool stalled, closed;
	char error[128]; /* why it ended last */
	struct session *next;
};

/* Starts at once. POOL is for what is remembered. */
struct session *session_new(const struct session_options *opt, struct attrs_pool *pool);
void session_free(struct session *s);
const char *session_state_name(enum session_state state);

/* Queues bytes; OWNED is freed later. Nothing happens unless the session is established. */
void session_send(struct session *s, const uint8_t *data, size_t len, void *owned);
void session_drop(struct session *s, const char *why); /* no NOTIFICATION; tried again */
void session_close(struct session *s);		       /* the same for good */
void session_stall(struct session *s, bool on);	       /* stop reading; go on */
uint64_t session_prefixes(const struct session *s);    /* announced and not withdrawn */
void session_expect(struct session *s, uint64_t prefixes, bool at_most);

#endif
