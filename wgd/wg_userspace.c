/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The userspace back-end: the UAPI socket /run/wireguard/IF.sock of wireguard-go and its like.
 *
 * One connection is kept open and serves every request; it is made again when it broke. The
 * socket's attributes are never touched: wireguard-go exits when they change. A program that does
 * not answer (stopped, say) costs one timeout, then requests fail at once until some time has
 * passed.
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "uapi.h"
#include "util.h"
#include "wg.h"

#define ANSWER_MS 1500 /* a program that is alive answers in far less */
#define READ_BYTES 65536

struct userspace {
	struct wg wg;
	int fd;	      /* -1 while not connected */
	bool owed;    /* a request timed out: its answer is still to come */
	struct wr in; /* the answer; holds the private key while being read: wiped */
};

static struct userspace *of(struct wg *wg)
{
	return container_of(wg, struct userspace, wg);
}

static int connect_to(const char *ifname)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/run/wireguard/%s.sock", ifname);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		err = errno == ENOENT || errno == ECONNREFUSED ? -ENODEV : -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void disconnect(struct userspace *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}

/* Waits until FD can be read or written. 0 or -ETIMEDOUT. */
static int wait_for(int fd, short events, uint64_t until_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		uint64_t now = now_ms();

		if (poll(&p, 1, until_ms > now ? until_ms - now : 0) > 0)
			return 0;
		if (now >= until_ms)
			return -ETIMEDOUT;
	}
}

static int send_all(int fd, const struct wr *request, uint64_t until_ms)
{
	for (size_t at = 0; at < request->len;) {
		ssize_t n = send(fd, request->data + at, request->len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += n;
		else if (errno == EAGAIN && wait_for(fd, POLLOUT, until_ms) < 0)
			return -ETIMEDOUT;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Goes on with what has been received already. As long as more comes in, time is not up. */
static int receive_answer(struct userspace *u, uint64_t until_ms)
{
	while (!uapi_complete((char *)u->in.data, u->in.len)) {
		uint8_t *room = wr_room(&u->in, READ_BYTES);
		ssize_t n = recv(u->fd, room, READ_BYTES, 0);
		int err = errno;

		u->in.len -= READ_BYTES - (n > 0 ? n : 0);
		if (n == 0)
			return -ECONNRESET;
		if (n > 0 && until_ms)
			until_ms = now_ms() + ANSWER_MS;
		if (n < 0 && err == EAGAIN && wait_for(u->fd, POLLIN, until_ms) < 0)
			return -ETIMEDOUT;
		if (n < 0 && err != EAGAIN && err != EINTR)
			return -err;
	}
	return 0;
}

static int open_connection(struct userspace *u)
{
	int fd = connect_to(u->wg.ifname);

	if (fd < 0)
		return fd;
	u->fd = fd;
	u->owed = false;
	u->in.len = 0;
	return 0;
}

static int exchange_once(struct userspace *u, const struct wr *request)
{
	int err = u->fd < 0 ? open_connection(u) : 0;
	uint64_t until = now_ms() + ANSWER_MS;

	if (err == 0 && u->owed)
		err = receive_answer(u, 0);
	if (err == 0) {
		u->owed = false;
		u->in.len = 0;
		err = send_all(u->fd, request, until);
		if (err ==
		    -ETIMEDOUT) { /* cut off in the middle: a new connection, from the start */
			disconnect(u);
			return err;
		}
	}
	if (err == 0)
		err = receive_answer(u, until);
	u->owed = err == -ETIMEDOUT;
	if (err < 0 && !u->owed)
		disconnect(u);
	return err;
}

/* Sends REQUEST, leaves the answer in u->in. A connection found broken is made again, once. */
static int exchange(struct userspace *u, const struct wr *request)
{
	bool had = u->fd >= 0;
	int err = exchange_once(u, request);

	if (had && (err == -EPIPE || err == -ECONNRESET))
		err = exchange_once(u, request);
	if (err == -EPIPE || err == -ECONNRESET)
		err = -ENODEV;
	return err;
}

static void wipe(struct wr *w)
{
	if (w->data)
		sodium_memzero(w->data, w->len);
	w->len = 0;
}

/* The answer was read; one that is still coming in is kept. */
static void forget_answer(struct userspace *u)
{
	if (!u->owed)
		wipe(&u->in);
}

static int userspace_get(struct wg *wg, struct wg_dump *dump)
{
	struct userspace *u = of(wg);
	struct wr request = {0};
	int err;

	wr_bytes(&request, "get=1\n\n", 7);
	err = exchange(u, &request);
	if (err == 0)
		err = uapi_read_get((char *)u->in.data, u->in.len, dump);
	forget_answer(u);
	wr_free(&request);
	return err;
}

/* Ends and sends a set request. */
static int finish_set(struct wg *wg, struct wr *request)
{
	struct userspace *u = of(wg);
	int err;

	uapi_put_end(request);
	err = exchange(u, request);
	if (err == 0)
		err = uapi_read_set((char *)u->in.data, u->in.len);
	wipe(request);
	wr_free(request);
	return err;
}

static int userspace_set_device(struct wg *wg, const struct wg_device_set *set)
{
	struct wr request = {0};

	wr_room(&request, 512); /* does not grow with the key in it */
	wr_reset(&request);
	uapi_put_set(&request);
	uapi_put_device(&request, set);
	return finish_set(wg, &request);
}

static int userspace_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	struct wr request = {0};

	wr_room(&request, 1024);
	wr_reset(&request);
	uapi_put_set(&request);
	uapi_put_peer(&request, set);
	return finish_set(wg, &request);
}

static int userspace_remove_peer(struct wg *wg, const uint8_t *key)
{
	struct wr request = {0};

	uapi_put_set(&request);
	uapi_put_remove_peer(&request, key);
	return finish_set(wg, &request);
}

static void userspace_encode(const struct wg *wg, const struct wg_change *changes, size_t n,
			     struct wr *request)
{
	uapi_put_set(request);
	uapi_put_changes(request, changes, n, wg->graveyard);
}

static int userspace_change(struct wg *wg, const struct wg_change *changes, size_t n,
			    struct wr *request)
{
	return finish_set(wg, request);
}

static void userspace_close(struct wg *wg)
{
	struct userspace *u = of(wg);

	disconnect(u);
	wipe(&u->in);
	wr_free(&u->in);
	free(u);
}

static const struct wg_backend userspace_backend = {
	.name = "userspace",
	.get = userspace_get,
	.set_device = userspace_set_device,
	.set_peer = userspace_set_peer,
	.remove_peer = userspace_remove_peer,
	.encode = userspace_encode,
	.change = userspace_change,
	.close = userspace_close,
};

int wg_userspace_open(const char *ifname, struct wg **out)
{
	struct userspace *u;
	int fd = connect_to(ifname);

	if (fd < 0)
		return fd;
	u = xcalloc(1, sizeof(*u));
	wg_init(&u->wg, &userspace_backend, ifname);
	u->fd = fd;
	*out = &u->wg;
	return 0;
}
