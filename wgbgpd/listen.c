/* SPDX-License-Identifier: BSD-2-Clause */
#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf.h"
#include "listen_at.h"
#include "listen_keys.h"
#include "log.h"
#include "messages.h"
#include "util.h"

#define BACKLOG 512

struct listener {
	LIST_ENTRY(listener) link;
	struct endpoint at;
	int fd;
	bool fresh;  /* made by the last listen_prepare() */
	bool wanted; /* by the last listen_prepare() */
};
static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);

static int make_socket(const struct endpoint *at)
{
	const int on = 1;
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(at, &sa);
	int fd = socket(at->addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = listen_keys_put(fd, at->addr.family);
	if (err < 0) {
		close(fd);
		return err;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)); /* until share_ports(false) */
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	if (at->addr.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static struct listener *listen_find(const struct endpoint *at)
{
	struct listener *l;

	LIST_FOREACH (l, &listeners, link)
		if (endpoint_eq(&l->at, at))
			return l;
	return NULL;
}

/* While ON a socket may be bound beside those that are there: to one address beside all of them. */
static void share_ports(bool on)
{
	struct listener *l;
	const int value = on;

	LIST_FOREACH (l, &listeners, link)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof(value));
}

/* What is done without: a family that the machine does not have, where OPTIONAL, and a port that we
 * may not take (privs.c says what that costs). */
static bool is_missed(int err, bool optional)
{
	return err == -EACCES || (optional && (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL));
}

/* Of the sockets of a configuration. */
struct wish {
	bool anyway; /* what cannot be had is said, and the rest is made */
	int err;     /* the first one, or 0; after it nothing is made */
	char error[256];
};

static void listen_refuse(struct wish *w, const struct endpoint *at, int err)
{
	snprintf(w->error, sizeof(w->error), "bgp: cannot listen at %s: %s", ENDPOINT_STR(at),
		 strerror(-err));
	if (w->anyway)
		log_error("configuration", "error=\"%s\"", w->error);
	else
		w->err = err;
}

static void want(struct wish *w, const struct endpoint *at, bool optional)
{
	struct listener *l = listen_find(at);
	int fd;

	if (w->err)
		return;
	if (l) {
		l->wanted = true;
		return;
	}
	fd = make_socket(at);
	if (fd < 0 && is_missed(fd, optional)) {
		log_info("listen", "local=%s error=\"%s\"", ENDPOINT_STR(at), strerror(-fd));
		return;
	}
	if (fd < 0) {
		listen_refuse(w, at, fd);
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->at = *at;
	l->fd = fd;
	l->fresh = l->wanted = true;
	LIST_INSERT_HEAD(&listeners, l, link);
}

static void want_all(struct wish *w, const json_t *config)
{
	static const uint8_t zero[16];
	struct listen_at wanted = listen_at(config);
	struct endpoint at = {.port = wanted.port};

	share_ports(true);
	for (size_t i = 0; i < wanted.n; i++) {
		at.addr = wanted.addrs[i];
		want(w, &at, !wanted.written);
	}
	if (!wanted.n) {
		at.addr = addr_make(AF_INET, zero);
		want(w, &at, false);
		at.addr = addr_make(AF_INET6, zero);
		want(w, &at, true);
	}
	free(wanted.addrs);
	share_ports(false);
}

/* All stay that are there, with their passwords. */
static int listen_unchanged(int err)
{
	struct listener *l;

	listen_abort();
	LIST_FOREACH (l, &listeners, link)
		l->wanted = true;
	return err;
}

static int prepare(struct wish *w, const json_t *config)
{
	struct listener *l;

	LIST_FOREACH (l, &listeners, link)
		l->wanted = false;
	w->err = listen_keys_prepare(config, w->error, sizeof(w->error));
	if (!w->err && conf_has(conf_get(config, "bgp"), "as"))
		want_all(w, config);
	return w->err ? listen_unchanged(w->err) : 0;
}

int listen_prepare(const json_t *config, char *error, size_t size)
{
	struct wish w = {0};
	int err = prepare(&w, config);

	if (err)
		str_copy(error, w.error, size);
	return err;
}

void listen_prepare_anyway(const json_t *config)
{
	struct wish w = {.anyway = true};

	if (prepare(&w, config) < 0)
		log_error("configuration", "error=\"%s\"", w.error);
}

static void listen_drop(struct listener *l)
{
	LIST_REMOVE(l, link);
	close(l->fd);
	free(l);
}

static void listen_send_one(struct ipc *bgpd, uint32_t generation, const struct listener *l)
{
	struct wr w = {0};

	wr_endpoint(&w, &l->at);
	ipc_send_fd(bgpd, MSG_LISTEN, generation, w.data, w.len, l->fd);
	wr_free(&w);
}

void listen_commit(struct ipc *bgpd, uint32_t generation)
{
	struct listener *l, *next;

	for (l = LIST_FIRST(&listeners); l; l = next) {
		next = LIST_NEXT(l, link);
		if (!l->wanted) {
			listen_drop(l);
			continue;
		}
		if (!l->fresh)
			listen_keys_change(l->fd, l->at.addr.family);
		else if (bgpd)
			listen_send_one(bgpd, generation, l);
		l->fresh = false;
	}
	listen_keys_commit();
}

void listen_abort(void)
{
	struct listener *l, *next;

	for (l = LIST_FIRST(&listeners); l; l = next) {
		next = LIST_NEXT(l, link);
		if (l->fresh)
			listen_drop(l);
	}
	listen_keys_abort();
}

void listen_send_all(struct ipc *bgpd, uint32_t generation)
{
	struct listener *l;

	LIST_FOREACH (l, &listeners, link)
		if (!l->fresh)
			listen_send_one(bgpd, generation, l);
}

void listen_free(void)
{
	while (!LIST_EMPTY(&listeners))
		listen_drop(LIST_FIRST(&listeners));
	listen_keys_free();
}
