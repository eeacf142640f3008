/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server: what is asked by HTTP, and who answers it. GET and HEAD alone.
 *
 * A browser on this machine may be made to ask us by a page from elsewhere, under a name that leads
 * to our address: such a request is refused by its Host, which must be an address or localhost,
 * unless whoever asks has to know a token (token.h).
 */
#ifndef WGBGP_WEB_SERVER_H
#define WGBGP_WEB_SERVER_H

#include <stddef.h>

struct evhttp_bound_socket;

/* CLIENTS: connections at a time. */
void server_open(const char *rundir, unsigned clients);
/* Takes over FD, a listening socket. */
struct evhttp_bound_socket *server_listen(int fd);
int server_socket(struct evhttp_bound_socket *bound);
void server_unlisten(struct evhttp_bound_socket *bound);
void server_close(void);

#endif
