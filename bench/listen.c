/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "listen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"

enum { BACKLOG = 4096 };

struct listener {
	struct endpoint local;
	int fd;
	struct watch readable;
	struct listener *next;
};

struct waiter {
	struct endpoint local;
	struct addr remote;
	listen_fn fn;
	void *arg;
	struct waiter *next;
};

static struct listener *listeners;
static struct waiter *waiters;

static void accept_one(int fd, short what, void *arg)
{
	struct listener *l = arg;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int in = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct endpoint from;

	if (in < 0)
		return;
	endpoint_from_sockaddr((struct sockaddr *)&ss, &from);
	for (struct waiter *w = waiters; w; w = w->next) {
		if (addr_eq(&w->remote, &from.addr) && endpoint_eq(&w->local, &l->local)) {
			w->fn(in, w->arg);
			return;
		}
	}
	close(in); /* nobody waits for this one */
}

static void listener_need(const struct endpoint *local)
{
	struct sockaddr_storage ss;
	struct listener *l;
	socklen_t len = endpoint_to_sockaddr(local, &ss);
	int on = 1;

	for (l = listeners; l; l = l->next) {
		if (endpoint_eq(&l->local, local))
			return;
	}
	l = xcalloc(1, sizeof(*l));
	l->local = *local;
	l->fd = socket(local->addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&ss, len) < 0 || listen(l->fd, BACKLOG) < 0)
		fatal("listening on %s: %s", ENDPOINT_STR(local), strerror(errno));
	watch_init(&l->readable, l->fd, EV_READ, accept_one, l);
	watch_on(&l->readable);
	l->next = listeners;
	listeners = l;
}

void listen_add(const struct addr *local, uint16_t port, const struct addr *remote, listen_fn fn,
		void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->local = (struct endpoint){.addr = *local, .port = port};
	w->remote = *remote;
	w->fn = fn;
	w->arg = arg;
	w->next = waiters;
	waiters = w;
	listener_need(&w->local);
}

void listen_remove(void *arg)
{
	for (struct waiter **at = &waiters; *at; at = &(*at)->next) {
		struct waiter *w = *at;

		if (w->arg != arg)
			continue;
		*at = w->next;
		free(w);
		return;
	}
}
