/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The userspace back-end: the UAPI socket /run/wireguard/IF.sock of wireguard-go and its like.
 *
 * One connection is kept open and serves every request; it is made again when it broke. The
 * socket's attributes are never touched: wireguard-go exits when they change.
 *
 * A program that does not answer in time (stopped, or the machine is busy) still has the request
 * and the connection: the request stays pending, sent in part or in full, and each later call
 * first goes on with it, without waiting for what does not come. Its answer tells what became of it
 * only where the same is asked again; else it is thrown away. In the device's thread there is no
 * time limit: as long as the connection is open the program lives. What a program says is bounded:
 * the time by how much it says, the length by WG_ANSWER_MAX.
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "uapi.h"
#include "util.h"
#include "wg.h"

#define FIRST_MS 200		/* until an answer begins, and for what little there is to say */
#define EXPECTED_BYTES_MS 50000 /* a program makes an answer at this rate at least, ... */
#define SLOWEST_BYTES_MS 1000	/* ... and says it at this one */
#define GOING_ON_MS 20		/* for more of an answer that comes in */
#define LOOK_MS 100		/* in a thread: to see whether it is to end */
#define SET_ANSWER_MAX 65536
#define READ_BYTES 65536
#define SECRET_REQUEST_BYTES 1024 /* at least, of one with a key */

enum request { REQUEST_NONE, REQUEST_GET, REQUEST_SET };

struct userspace {
	struct wg wg;	      /* first */
	int fd;		      /* -1 while not connected */
	enum request pending; /* not answered yet */
	uint64_t asked_us;    /* when the last request was begun */
	struct wr out;	      /* that request; may hold the private key: wiped */
	size_t sent;	      /* of it */
	struct wr in;	      /* its answer; holds the private key while being read: wiped */
	size_t size;	      /* of the last answer to a get */
	atomic_bool interrupted;
};

/* How long a call may take: until that time, longer the more comes in. */
struct patience {
	uint64_t until_ms; /* 0: as long as the program lives */
	uint64_t begun_ms;
	size_t received;
};

const char *wg_userspace_dir = "/run/wireguard";

static struct userspace *userspace_of(struct wg *wg)
{
	return container_of(wg, struct userspace, wg);
}

/* Packets that the program moves meanwhile are in it. Where its processor time is not known, the
 * time that goes by: it is in another pid namespace, or who listened has ended (wireguard-go
 * without -f). A process that got the number since is taken for it. */
static uint64_t userspace_work_us(const struct wg *wg)
{
	struct ucred program;
	socklen_t len = sizeof(program);
	struct timespec t;
	clockid_t clock;

	if (getsockopt(((const struct userspace *)wg)->fd, SOL_SOCKET, SO_PEERCRED, &program,
		       &len) < 0 ||
	    program.pid <= 0 || clock_getcpuclockid(program.pid, &clock) != 0 ||
	    clock_gettime(clock, &t) < 0)
		return now_us();
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static int connect_to(const char *ifname)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", wg_userspace_dir, ifname);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		err = errno == ENOENT || errno == ECONNREFUSED ? -ENODEV : -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void wipe(struct wr *w)
{
	if (w->data)
		sodium_memzero(w->data, w->len);
	w->len = 0;
}

/* Nothing is pending any more. Room for a large answer is not kept. */
static void forget_request(struct userspace *u)
{
	wipe(&u->out);
	wr_free(&u->out);
	u->pending = REQUEST_NONE;
}

static void forget_answer(struct userspace *u)
{
	wipe(&u->in);
	if (u->in.cap > SET_ANSWER_MAX)
		wr_free(&u->in);
}

static void disconnect(struct userspace *u)
{
	close(u->fd);
	u->fd = -1;
}

/* Waits until FD can be read or written. 0, -ETIMEDOUT, or -ENODEV when it is to end. */
static int wait_for(struct userspace *u, short events, const struct patience *t)
{
	for (;;) {
		struct pollfd p = {.fd = u->fd, .events = events};
		uint64_t now = now_ms(), until = t->until_ms;
		uint64_t more = t->begun_ms + GOING_ON_MS + t->received / SLOWEST_BYTES_MS;
		int ms = LOOK_MS;

		if (until && t->received && more > until)
			until = more;
		if (until && until < now + ms)
			ms = until > now ? (int)(until - now) : 0;
		if (poll(&p, 1, ms) > 0)
			return 0;
		if (atomic_load(&u->interrupted))
			return -ENODEV;
		if (until && now_ms() >= until)
			return -ETIMEDOUT;
	}
}

static int send_rest(struct userspace *u, const struct patience *t)
{
	while (u->sent < u->out.len) {
		ssize_t n = send(u->fd, u->out.data + u->sent, u->out.len - u->sent, MSG_NOSIGNAL);
		int err = 0;

		if (n >= 0)
			u->sent += n;
		else if (errno == EAGAIN)
			err = wait_for(u, POLLOUT, t);
		else if (errno != EINTR)
			err = -errno;
		if (err)
			return err;
	}
	return 0;
}

static int receive_rest(struct userspace *u, struct patience *t)
{
	size_t max = u->pending == REQUEST_GET ? WG_ANSWER_MAX : SET_ANSWER_MAX;

	while (!uapi_complete((char *)u->in.data, u->in.len)) {
		uint8_t *room;
		ssize_t n;
		int err;

		if (atomic_load(&u->interrupted))
			return -ENODEV;
		if (u->in.len > max)
			return -EMSGSIZE;
		room = wr_room(&u->in, READ_BYTES);
		n = recv(u->fd, room, READ_BYTES, 0);
		err = errno;
		u->in.len -= READ_BYTES - (n > 0 ? n : 0);
		if (n == 0)
			return -ECONNRESET;
		if (n > 0)
			t->received += n;
		err = n > 0 || err == EINTR ? 0 : err == EAGAIN ? wait_for(u, POLLIN, t) : -err;
		if (err < 0)
			return err;
	}
	return 0;
}

/* Goes on with what is pending. 0: its answer is in u->in. */
static int go_on(struct userspace *u, struct patience *t)
{
	int err = send_rest(u, t);

	if (err == 0)
		err = receive_rest(u, t);
	if (err == -ETIMEDOUT)
		return err;
	if (err < 0) {
		disconnect(u);
		forget_answer(u);
	} else if (u->pending == REQUEST_GET) {
		u->size = u->in.len;
	}
	return err;
}

static struct patience userspace_patience(const struct userspace *u, enum request what)
{
	struct patience t = {.begun_ms = now_ms()};

	if (!wg_patient)
		t.until_ms = t.begun_ms + FIRST_MS +
			     (what == REQUEST_GET ? u->size / EXPECTED_BYTES_MS : 0);
	return t;
}

/* What is pending from earlier. 0: it is answered, by u->in; or nothing is. */
static int finish_earlier(struct userspace *u)
{
	struct patience t = {.begun_ms = now_ms()};

	if (!wg_patient)
		t.until_ms = t.begun_ms; /* by then it would have been there */
	return u->pending ? go_on(u, &t) : 0;
}

/* From the start, on the connection that there is, or a new one. */
static int try_request(struct userspace *u)
{
	struct patience t = userspace_patience(u, u->pending);

	u->sent = 0;
	if (u->fd < 0)
		u->fd = connect_to(u->wg.ifname);
	if (u->fd < 0) {
		int err = u->fd;

		u->fd = -1;
		return err;
	}
	return go_on(u, &t);
}

/* Sends REQUEST, which is taken over, and leaves the answer in u->in. A connection found broken is
 * made again, once. */
static int exchange(struct userspace *u, enum request what, struct wr *request)
{
	bool had;
	int err = finish_earlier(u);

	if (err == -ETIMEDOUT || (err == 0 && what == REQUEST_GET && u->pending == what)) {
		wipe(request);
		wr_free(request);
		if (err == 0)
			forget_request(u);
		return err;
	}
	forget_request(u);
	forget_answer(u);
	had = u->fd >= 0;
	u->out = *request;
	*request = (struct wr){0};
	u->pending = what;
	u->asked_us = now_us();
	err = try_request(u);
	if (had && (err == -EPIPE || err == -ECONNRESET))
		err = try_request(u);
	if (err == -EPIPE || err == -ECONNRESET)
		err = -ENODEV;
	if (err != -ETIMEDOUT)
		forget_request(u);
	return err;
}

static int userspace_get(struct wg *wg, struct wg_dump *dump)
{
	struct userspace *u = userspace_of(wg);
	struct wr request = {0};
	int err;

	wr_bytes(&request, "get=1\n\n", 7);
	err = exchange(u, REQUEST_GET, &request);
	dump->begun_us = u->asked_us; /* maybe by an earlier call, which did not wait so long */
	if (err == 0)
		err = uapi_read_get((char *)u->in.data, u->in.len, dump);
	if (!u->pending)
		forget_answer(u);
	return err;
}

/* Ends and sends a set request. */
static int finish_set(struct wg *wg, struct wr *request)
{
	struct userspace *u = userspace_of(wg);
	int err;

	uapi_put_end(request);
	err = exchange(u, REQUEST_SET, request);
	if (err == 0)
		err = uapi_read_set((char *)u->in.data, u->in.len);
	if (!u->pending)
		forget_answer(u);
	return err;
}

/* Does not grow, and leave copies behind, with a key in it. */
static struct wr secret_request(void)
{
	struct wr request = {0};

	wr_room(&request, SECRET_REQUEST_BYTES);
	wr_reset(&request);
	uapi_put_set(&request);
	return request;
}

static int userspace_set_device(struct wg *wg, const struct wg_device_set *set)
{
	struct wr request = secret_request();

	uapi_put_device(&request, set);
	return finish_set(wg, &request);
}

static int userspace_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	struct wr request = secret_request();

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

static void userspace_interrupt(struct wg *wg)
{
	atomic_store(&userspace_of(wg)->interrupted, true);
}

static void userspace_close(struct wg *wg)
{
	struct userspace *u = userspace_of(wg);

	disconnect(u);
	forget_request(u);
	wipe(&u->in);
	wr_free(&u->in);
	free(u);
}

static const struct wg_backend userspace_backend = {
	.name = "userspace",
	.answers_when_down = true,
	.open = wg_userspace_open,
	.get = userspace_get,
	.set_device = userspace_set_device,
	.set_peer = userspace_set_peer,
	.remove_peer = userspace_remove_peer,
	.encode = userspace_encode,
	.change = userspace_change,
	.interrupt = userspace_interrupt,
	.work_us = userspace_work_us,
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
