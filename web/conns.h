/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns: the connections of HTTP clients, bounded in number, time and memory. evhttp bounds none of
 * them: it waits for ever for a head that comes byte by byte, and reads what a client sends while
 * it takes no answer.
 *
 * evhttp asks for a bufferevent for each new connection, and owns it; what is kept here is the
 * socket's descriptor with its cookie, by which the kernel tells it from a later socket of the same
 * number. A connection that is to end is shut down, which evhttp sees as an end of file.
 *
 *   idle    nothing came yet, or the last answer was taken
 *   head    a part of a request came
 *   busy    a request is there, and we have not answered it
 *   taking  the answer, or a part of it, is there for the client to take
 *
 * Each has its time. When there are too many the one goes whose client has kept us waiting for
 * longest: whoever asks at once, and takes what is said, is answered, however many do not.
 */
#ifndef WGBGP_WEB_CONNS_H
#define WGBGP_WEB_CONNS_H

#include <stdbool.h>

#include <event2/http.h>

#define CONNS_MAX 2048
#define CONNS_IDLE_MS 75000
#define CONNS_HEAD_MS 10000
#define CONNS_BUSY_MS 60000
#define CONNS_TAKING_MS 30000
#define CONNS_TAKING_RATE 16 /* bytes in a millisecond: who is that slow has his time besides */
#define CONNS_INPUT_MAX 8192 /* bytes that a client may send ahead */

/* MAX of them at a time. */
void conns_open(struct evhttp *http, unsigned max);
void conns_close(void); /* after evhttp_free() */

/* A request is there; or a part of its answer was taken, and the next one is not there yet. */
void conns_busy(struct evhttp_request *req);
/* An answer, or a part of it, of LEN bytes is about to be sent. */
void conns_taking(struct evhttp_request *req, size_t len);
/* Whether the client has sent more than this request, and no answer was there yet. */
bool conns_ahead(struct evhttp_request *req);
/* Ends the connection, in the midst of an answer too. */
void conns_cut(struct evhttp_request *req);
/* Whether a socket is for what comes by INTERFACE alone, which is still that of its bind(). */
bool conns_bound(int fd, const char *interface);
/* Ends the connections that are. */
void conns_cut_bound(const char *interface);
unsigned conns_count(void);

#endif
