/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "util.h"

#define HEADER_BYTES 12
#define HIGH_WATER (256 * 1024)
#define LOW_WATER (64 * 1024)
#define READ_BYTES (64 * 1024)
#define FRAMES_PER_TURN 256
#define FOREVER (-1) /* of poll() */
#define FDS_KEPT 16 /* descriptors received and not yet claimed by their frames */

/* A descriptor that goes out with the byte at `offset` of the queue's running count. */
struct out_fd {
	TAILQ_ENTRY(out_fd) link;
	uint64_t offset;
	int fd;
};

struct ipc {
	int fd;
	const struct ipc_handlers *handlers;
	void *arg;
	struct watch rd_watch, wr_watch;
	struct job more; /* frames left over from the last turn */
	struct wr in;	 /* bytes received; in_at.. not yet handed out */
	size_t in_at;
	int in_fds[FDS_KEPT]; /* in order of arrival */
	unsigned n_in_fds;
	struct wr out; /* bytes to send; out_at.. not yet written */
	size_t out_at;
	uint64_t out_base; /* running count of the byte at out.data[0] */
	TAILQ_HEAD(, out_fd) out_fds;
	bool full, paused, dead, busy, freed; /* busy: inside a callback */
};

static void on_readable(int fd, short what, void *arg);
static void on_writable(int fd, short what, void *arg);
static bool on_more(void *arg);

int ipc_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	return 0;
}

struct ipc *ipc_new(int fd, const struct ipc_handlers *handlers, void *arg)
{
	struct ipc *ipc = xcalloc(1, sizeof(*ipc));

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	ipc->fd = fd;
	ipc->handlers = handlers;
	ipc->arg = arg;
	TAILQ_INIT(&ipc->out_fds);
	watch_init(&ipc->rd_watch, fd, EV_READ, on_readable, ipc);
	watch_init(&ipc->wr_watch, fd, EV_WRITE, on_writable, ipc);
	job_init(&ipc->more, on_more, ipc);
	watch_on(&ipc->rd_watch);
	return ipc;
}

static void release(struct ipc *ipc)
{
	struct out_fd *o;

	while ((o = TAILQ_FIRST(&ipc->out_fds))) {
		TAILQ_REMOVE(&ipc->out_fds, o, link);
		close(o->fd);
		free(o);
	}
	for (unsigned i = 0; i < ipc->n_in_fds; i++)
		close(ipc->in_fds[i]);
	wr_free(&ipc->in);
	wr_free(&ipc->out);
	free(ipc);
}

void ipc_free(struct ipc *ipc)
{
	if (!ipc)
		return;
	watch_off(&ipc->rd_watch);
	watch_off(&ipc->wr_watch);
	job_stop(&ipc->more);
	if (ipc->fd >= 0)
		close(ipc->fd);
	ipc->fd = -1;
	ipc->dead = ipc->freed = true;
	if (!ipc->busy)
		release(ipc);
}

/* Leaves a callback: does what could not be done inside it. False when the channel is gone. */
static bool leave(struct ipc *ipc)
{
	ipc->busy = false;
	if (!ipc->freed)
		return true;
	release(ipc);
	return false;
}

static void broken(struct ipc *ipc, const char *why)
{
	if (ipc->dead)
		return;
	ipc->dead = true;
	watch_off(&ipc->rd_watch);
	watch_off(&ipc->wr_watch);
	job_stop(&ipc->more);
	ipc->busy = true;
	ipc->handlers->closed(ipc->arg, why);
	leave(ipc);
}

static void put_header(struct wr *w, uint16_t type, uint32_t generation, size_t len)
{
	wr_u32(w, len);
	wr_u16(w, type);
	wr_u16(w, 0);
	wr_u32(w, generation);
}

void ipc_queue(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len)
{
	if (ipc->dead)
		return;
	ensure(len <= IPC_FRAME_MAX);
	if (ipc->out_at == ipc->out.len) {
		ipc->out_base += ipc->out.len;
		ipc->out_at = 0;
		wr_reset(&ipc->out);
	}
	put_header(&ipc->out, type, generation, len);
	wr_bytes(&ipc->out, body, len);
	if (ipc_queued(ipc) > HIGH_WATER)
		ipc->full = true;
}

void ipc_kick(struct ipc *ipc)
{
	if (!ipc->dead && ipc_queued(ipc))
		watch_try(&ipc->wr_watch);
}

void ipc_send(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len)
{
	ipc_queue(ipc, type, generation, body, len);
	ipc_kick(ipc);
}

void ipc_send_fd(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len,
		 int fd)
{
	struct out_fd *o;

	if (ipc->dead)
		return;
	o = xcalloc(1, sizeof(*o));
	o->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (o->fd < 0)
		fatal("dup: %s", strerror(errno));
	ipc_send(ipc, type, generation, body, len);
	o->offset = ipc->out_base + ipc->out.len - len - HEADER_BYTES;
	/* The reserved field says that a descriptor comes along. */
	ipc->out.data[ipc->out.len - len - 5] = 1;
	TAILQ_INSERT_TAIL(&ipc->out_fds, o, link);
}

bool ipc_full(const struct ipc *ipc)
{
	return ipc->full;
}

size_t ipc_queued(const struct ipc *ipc)
{
	return ipc->out.len - ipc->out_at;
}

/* Writes up to the next frame that carries a descriptor, or such a frame's first bytes with it. */
static ssize_t write_some(struct ipc *ipc)
{
	struct out_fd *o = TAILQ_FIRST(&ipc->out_fds);
	uint64_t at = ipc->out_base + ipc->out_at;
	struct iovec iov = {ipc->out.data + ipc->out_at, ipc->out.len - ipc->out_at};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	bool with_fd = o && o->offset == at;
	ssize_t n;

	if (o && !with_fd)
		iov.iov_len = o->offset - at;
	if (with_fd) {
		struct cmsghdr *c;

		iov.iov_len = HEADER_BYTES;
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = msg.msg_controllen = CMSG_LEN(sizeof(int)); /* no padding */
		memcpy(CMSG_DATA(c), &o->fd, sizeof(int));
	}
	n = sendmsg(ipc->fd, &msg, MSG_NOSIGNAL);
	if (n > 0 && with_fd) {
		TAILQ_REMOVE(&ipc->out_fds, o, link);
		close(o->fd);
		free(o);
	}
	return n == -1 ? -errno : n;
}

static int write_out(struct ipc *ipc)
{
	while (ipc->out_at < ipc->out.len) {
		ssize_t n = write_some(ipc);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return n;
		ipc->out_at += n;
	}
	return 0;
}

/* Drops what is written from the front once it is the larger part. */
static void compact_out(struct ipc *ipc)
{
	if (ipc->out_at < ipc->out.len / 2)
		return;
	memmove(ipc->out.data, ipc->out.data + ipc->out_at, ipc->out.len - ipc->out_at);
	ipc->out_base += ipc->out_at;
	ipc->out.len -= ipc->out_at;
	ipc->out_at = 0;
}

static void on_writable(int fd, short what, void *arg)
{
	struct ipc *ipc = arg;
	int err = write_out(ipc);

	if (err < 0 && err != -EAGAIN) {
		broken(ipc, strerror(-err));
		return;
	}
	compact_out(ipc);
	if (ipc->out_at == ipc->out.len)
		watch_off(&ipc->wr_watch);
	else
		watch_on(&ipc->wr_watch);
	if (ipc->full && ipc_queued(ipc) < LOW_WATER) {
		ipc->full = false;
		ipc->busy = true;
		if (ipc->handlers->drained)
			ipc->handlers->drained(ipc->arg);
		leave(ipc);
	}
}

int ipc_flush(struct ipc *ipc)
{
	int err;

	if (ipc->dead)
		return -EPIPE;
	while ((err = write_out(ipc)) == -EAGAIN) {
		struct pollfd p = {.fd = ipc->fd, .events = POLLOUT};

		poll(&p, 1, FOREVER);
	}
	return err;
}

int ipc_flush_and_wipe(struct ipc *ipc)
{
	int err = ipc_flush(ipc);

	sodium_memzero(ipc->out.data, ipc->out.len);
	return err;
}

void ipc_pause(struct ipc *ipc)
{
	ipc->paused = true;
	watch_off(&ipc->rd_watch);
}

void ipc_resume(struct ipc *ipc)
{
	if (ipc->dead || !ipc->paused)
		return;
	ipc->paused = false;
	watch_on(&ipc->rd_watch);
	job_start(&ipc->more);
}

/* Cuts the next whole frame off the input. 1 got one, 0 not yet whole, -1 broken. */
static int next_frame(struct ipc *ipc, struct ipc_frame *frame)
{
	size_t left = ipc->in.len - ipc->in_at, len;
	bool with_fd;
	struct rd r;

	if (left < HEADER_BYTES)
		return 0;
	rd_init(&r, ipc->in.data + ipc->in_at, left);
	len = rd_u32(&r);
	if (len > IPC_FRAME_MAX)
		return -1;
	if (left < HEADER_BYTES + len)
		return 0;
	frame->type = rd_u16(&r);
	with_fd = rd_u16(&r) & 1;
	frame->generation = rd_u32(&r);
	frame->body = r.at;
	frame->len = len;
	frame->fd = -1;
	if (with_fd) {
		if (!ipc->n_in_fds)
			return -1;
		frame->fd = ipc->in_fds[0];
		memmove(ipc->in_fds, ipc->in_fds + 1, --ipc->n_in_fds * sizeof(int));
	}
	ipc->in_at += HEADER_BYTES + len;
	return 1;
}

/* Hands out up to a quantum of frames. False when the channel is gone. */
static bool hand_out(struct ipc *ipc)
{
	struct ipc_frame frame;

	for (int i = 0; !ipc->paused; i++) {
		int got;

		if (i == FRAMES_PER_TURN) {
			job_start(&ipc->more);
			break;
		}
		got = next_frame(ipc, &frame);
		if (got < 0) {
			broken(ipc, "malformed frame");
			return false;
		}
		if (got == 0)
			break;
		ipc->busy = true;
		ipc->handlers->frame(ipc->arg, &frame);
		if (!leave(ipc))
			return false;
	}
	return true;
}

static bool on_more(void *arg)
{
	hand_out(arg);
	return false;
}

static void keep_fds(struct ipc *ipc, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		unsigned n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (ipc->n_in_fds < FDS_KEPT)
				ipc->in_fds[ipc->n_in_fds++] = fd;
			else
				close(fd);
		}
	}
}

static ssize_t read_some(struct ipc *ipc)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_KEPT)];
	} control;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	if (ipc->in_at && ipc->in_at >= ipc->in.len / 2) {
		memmove(ipc->in.data, ipc->in.data + ipc->in_at, ipc->in.len - ipc->in_at);
		ipc->in.len -= ipc->in_at;
		ipc->in_at = 0;
	}
	iov.iov_base = wr_room(&ipc->in, READ_BYTES);
	iov.iov_len = READ_BYTES;
	n = recvmsg(ipc->fd, &msg, MSG_CMSG_CLOEXEC);
	ipc->in.len -= READ_BYTES;
	if (n == -1)
		return -errno;
	ipc->in.len += n;
	keep_fds(ipc, &msg);
	return n;
}

static void on_readable(int fd, short what, void *arg)
{
	struct ipc *ipc = arg;
	ssize_t n;

	if (ipc->more.queued) { /* frames wait already: hand them out before reading more */
		hand_out(ipc);
		return;
	}
	n = read_some(ipc);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n > 0)
		hand_out(ipc);
	else
		broken(ipc, n == 0 ? "end of file" : strerror(-n));
}
