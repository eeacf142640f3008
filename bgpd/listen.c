/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h" /* accept4() */

#include "listen.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf.h"
#include "listen_at.h"
#include "log.h"
#include "loop.h"
#include "neighbors.h"
#include "session.h"
#include "session_socket.h"
#include "util.h"

#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 100 /* when there is no descriptor left */

struct listener {
	LIST_ENTRY(listener) link;
	struct endpoint at;
	int fd;
	struct watch watch;
	struct timer pause;
};
static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);
static struct log_bucket bucket; /* of all strangers together */
static uint64_t strangers;

static void listen_refuse(int fd, const struct endpoint *from, const char *why)
{
	static const struct linger reset = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	strangers++;
	log_limited(&bucket, LOG_LEVEL_WARN, "connection-refused",
		    "remote=%s why=\"%s\" count=%llu", ENDPOINT_STR(from), why,
		    (unsigned long long)strangers);
}

static struct peer *peer_for(const struct endpoint *from)
{
	char zone[IF_NAMESIZE] = "";
	struct peer *p;

	if (from->scope_id && addr_is_link_local(&from->addr))
		if_indextoname(from->scope_id, zone);
	p = peer_find_zone(&from->addr, zone);
	return p ? p : neighbor_from_range(&from->addr, zone);
}

/* The connection must come to the address that is configured as ours, if one is. */
static bool local_matches(const struct peer *p, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct endpoint local;

	if (!p->conf.local_address.family)
		return true;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	endpoint_from_sockaddr((struct sockaddr *)&ss, &local);
	return addr_eq(&local.addr, &p->conf.local_address);
}

static void accepted(int fd, const struct endpoint *from)
{
	struct peer *p = peer_for(from);

	if (!p)
		listen_refuse(fd, from, "no such neighbor");
	else if (!local_matches(p, fd))
		listen_refuse(fd, from, "not to the configured local-address");
	else
		session_accept(p, fd);
}

static void on_pause_end(void *arg)
{
	struct listener *l = arg;

	watch_on(&l->watch);
}

static void listen_on_readable(int listening, short what, void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct endpoint from;
		int fd = accept4(listening, (struct sockaddr *)&ss, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == ECONNABORTED)
			continue;
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS)) {
			log_limited(&bucket, LOG_LEVEL_WARN, "accept-failed", "error=\"%s\"",
				    strerror(errno));
			watch_off(&l->watch);
			timer_start(&l->pause, PAUSE_MS);
			return;
		}
		if (fd < 0)
			return;
		endpoint_from_sockaddr((struct sockaddr *)&ss, &from);
		accepted(fd, &from);
	}
}

static struct listener *listen_find(const struct endpoint *at)
{
	struct listener *l;

	LIST_FOREACH (l, &listeners, link)
		if (endpoint_eq(&l->at, at))
			return l;
	return NULL;
}

static void listener_free(struct listener *l)
{
	watch_off(&l->watch);
	timer_stop(&l->pause);
	close(l->fd);
	LIST_REMOVE(l, link);
	free(l);
}

void listen_add(const struct endpoint *at, int fd)
{
	struct listener *l = listen_find(at);

	if (l)
		listener_free(l);
	l = xcalloc(1, sizeof(*l));
	l->at = *at;
	l->fd = fd;
	session_socket_listening(fd, at->addr.family);
	LIST_INSERT_HEAD(&listeners, l, link);
	watch_init(&l->watch, fd, EV_READ, listen_on_readable, l);
	timer_init(&l->pause, on_pause_end, l);
	watch_on(&l->watch);
	log_info("listen", "local=%s", ENDPOINT_STR(at));
}

static bool named(const struct listener *l, uint16_t port, const struct addr *addrs, size_t n)
{
	if (l->at.port != port)
		return false;
	for (size_t i = 0; i < n; i++)
		if (addr_eq(&addrs[i], &l->at.addr))
			return true;
	return n == 0 && addr_is_zero(&l->at.addr);
}

void listen_apply(const json_t *config)
{
	json_t *c = conf_get(config, "bgp");
	struct listen_at at = listen_at(config);
	struct listener *l, *next;

	for (l = LIST_FIRST(&listeners); l; l = next) {
		next = LIST_NEXT(l, link);
		if (!conf_has(c, "as") || !named(l, at.port, at.addrs, at.n))
			listener_free(l);
	}
	free(at.addrs);
}

void listen_stop(void)
{
	while (!LIST_EMPTY(&listeners))
		listener_free(LIST_FIRST(&listeners));
}

uint64_t listen_strangers(void)
{
	return strangers;
}
