/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn: one TCP connection that carries BGP messages.
 *
 * Reading cuts messages off the stream and checks their headers (RFC 4271 section 6.1); all
 * connections share one buffer, each keeps only the rest of an unfinished message. Writing has two
 * sources: messages of the session itself, which are queued here and go first, and whole messages
 * of routes to the neighbour, pulled from a struct conn_source. What of the second kind was cut off
 * by a full socket is finished before anything else is written.
 *
 * A handler may free the connection that calls it.
 */
#ifndef WGBGP_BGPD_CONN_H
#define WGBGP_BGPD_CONN_H

#include <sys/uio.h>

#include "message.h"
#include "peer.h"

struct conn;

struct conn_handlers {
	void (*connected)(void *arg); /* an outgoing connection stands */
	void (*message)(void *arg, enum bgp_message type, const uint8_t *body, size_t len);
	void (*malformed)(void *arg, const struct bgp_error *error); /* a header */
	void (*closed)(void *arg, int err); /* 0: end of file, else a positive errno */
};

/* Whole messages of routes to a neighbour (adjout.h). */
struct conn_source {
	/* At most MAX segments of what is to be sent next; how many. */
	int (*next)(struct peer *p, struct iovec *out, int max);
	void (*sent)(struct peer *p, size_t n); /* the first N bytes of it were written */
};

/* Takes FD, non-blocking. CONNECTING: connect() was called on it. HANDLERS must stay valid. */
struct conn *conn_new(int fd, bool connecting, const struct conn_handlers *handlers, void *arg);
/* Closes at once; nothing more is sent. NULL is fine. */
void conn_free(struct conn *c);
/* Writes what is queued of the session's own messages, ends our direction, and reads on for at most
 * a second or two, so that the far end reads our last word instead of a reset. */
void conn_finish(struct conn *c);
/* Says E on FD, a connection that is nobody's, and closes it; takes FD. */
void conn_refuse(int fd, const struct bgp_error *e);
void conn_finish_all(void); /* those of conn_finish() at once; for the end of the daemon */

/* Queues the whole messages in W, ahead of routes. */
void conn_send(struct conn *c, const struct wr *w);
/* From now on the routes to P are sent too; SOURCE must stay valid. */
void conn_pull(struct conn *c, const struct conn_source *source, struct peer *p);
void conn_kick(struct conn *c); /* it has something */
/* While HOLD nothing is read from P, once conn_pull() was called for it; TCP makes it wait. */
void conn_hold_reading(struct peer *p, bool hold);

int conn_fd(const struct conn *c);
uint64_t conn_heard_ms(const struct conn *c); /* when bytes came last */
/* Since when bytes wait that the far end does not take; 0: none wait. */
uint64_t conn_stuck_since_ms(const struct conn *c);
/* Its end is a reset: what the far end has not taken by then is thrown away. */
void conn_reset_at_end(struct conn *c);
bool conn_unread(const struct conn *c);	      /* bytes wait that we have not read yet */
bool conn_idle(const struct conn *c);	      /* none of the session's messages is queued */

#endif
