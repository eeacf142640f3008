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
 *   idle     nothing came yet, or the last answer is complete
 *   head     a part of a request came
 *   answer   a request is there, its answer is not complete
 *
 * Each has its time. When there are too many the one goes that has been in the first of these
 * states for longest: whoever asks at once is answered, however many only sit there.
 */
#ifndef WGBGP_WEB_CONNS_H
#define WGBGP_WEB_CONNS_H

#include <event2/http.h>

#define CONNS_MAX 256
#define CONNS_IDLE_MS 75000
#define CONNS_HEAD_MS 10000
#define CONNS_ANSWER_MS 30000
#define CONNS_INPUT_MAX 32768 /* bytes that a client may send ahead */

void conns_open(struct evhttp *http);
void conns_close(void); /* after evhttp_free() */

/* A request is there. */
void conns_began(struct evhttp_request *req);
/* A part of a long answer was taken: the time of the next one begins. */
void conns_moved(struct evhttp_request *req);
/* Ends the connection, in the midst of an answer too. */
void conns_cut(struct evhttp_request *req);
unsigned conns_count(void);

#endif
