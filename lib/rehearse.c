/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h" /* close_range() */

#include "rehearse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "loop.h"
#include "util.h"

#define LIMIT_MS 30000
#define READ_BYTES (64 * 1024)
#define LOWEST 19
#define FDS_MOST 65536 /* where the kernel cannot close all at once */

/* An answer that is being heard: lines of JSON, the head first, and an empty one behind the last.
 */
struct rehearsal {
	struct show *show;
	const char *list;
	int fd;
	struct watch watch;
	struct wr in;
	bool head, complete;
};

static struct rehearsal *running; /* NULL: none */

/* ---- the copy */

static int told = -1; /* the socket to the daemon; -1: this is not the copy */
static uint64_t limit_ms;

void rehearse_tick(void)
{
	char end;

	if (told >= 0 && (now_ms() > limit_ms || recv(told, &end, 1, MSG_DONTWAIT) == 0))
		_exit(1);
}

static void tell(const void *text, size_t len)
{
	const char *at = text;

	while (len) {
		ssize_t n = send(told, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		at += n;
		len -= (size_t)n;
	}
}

static void tell_json(const json_t *value)
{
	char *text = json_dumps(value, CONF_JSON_LINE);

	ensure(text);
	tell(text, strlen(text));
	tell("\n", 1);
	free(text);
}

/* First of all: epoll's descriptor is shared with the daemon. */
static void close_all_but(int fd)
{
	struct rlimit none = {0, 0};

	if (close_range(0, (unsigned)fd - 1, 0) < 0 || close_range((unsigned)fd + 1, ~0u, 0) < 0)
		for (int i = 0; i < FDS_MOST; i++)
			if (i != fd)
				close(i);
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		_exit(1);
}

static void be_copy(int fd, rehearse_fn fn, const json_t *args)
{
	json_t *rows = json_array(), *head, *row;
	size_t i;

	close_all_but(fd);
	setpriority(PRIO_PROCESS, 0, LOWEST);
	told = fd;
	limit_ms = now_ms() + LIMIT_MS;
	head = fn(args, rows);
	tell_json(head);
	json_array_foreach (rows, i, row)
		tell_json(row);
	tell("\n", 1);
	_exit(0);
}

/* ---- the daemon */

static void take_line(struct rehearsal *r, const char *line, size_t len)
{
	json_t *value;

	if (!len) {
		r->complete = true;
		return;
	}
	value = conf_read(line, len);
	if (!value)
		return;
	if (r->head)
		show_row(r->show, value);
	else
		show_head(r->show, value, r->list);
	r->head = true;
}

static void take_lines(struct rehearsal *r)
{
	size_t at = 0;
	uint8_t *end;

	while ((end = memchr(r->in.data + at, '\n', r->in.len - at))) {
		size_t len = (size_t)(end - r->in.data) - at;

		take_line(r, (const char *)r->in.data + at, len);
		at += len + 1;
	}
	memmove(r->in.data, r->in.data + at, r->in.len - at);
	r->in.len -= at;
}

static void on_told(int fd, short what, void *arg)
{
	static uint8_t buf[READ_BYTES];
	struct rehearsal *r = arg;
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		wr_bytes(&r->in, buf, (size_t)n);
		take_lines(r);
		return;
	}
	watch_off(&r->watch);
	show_end(r->show, r->complete ? NULL : "what would happen could not be found out");
	show_go_on(r->show);
}

static void refuse(struct show *s)
{
	char error[128];

	snprintf(error, sizeof(error), "no copy can be made of the daemon: %s", strerror(errno));
	show_end(s, error);
}

void rehearse(struct show *s, rehearse_fn fn, const char *list)
{
	int fds[2];
	pid_t pid;

	if (running) {
		show_end(s, "this is being found out for somebody else");
		return;
	}
	signal(SIGCHLD, SIG_IGN); /* the copy leaves nothing behind */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		refuse(s);
		return;
	}
	pid = fork();
	if (pid == 0)
		be_copy(fds[1], fn, s->args);
	if (pid < 0)
		refuse(s);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return;
	}
	running = xcalloc(1, sizeof(*running));
	running->show = s;
	running->list = list;
	running->fd = fds[0];
	fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | O_NONBLOCK);
	watch_init(&running->watch, fds[0], EV_READ, on_told, running);
	watch_on(&running->watch);
	s->state = running;
	s->waits = true;
}

void rehearse_step(struct show *s)
{
}

void rehearse_finish(struct show *s)
{
	struct rehearsal *r = s->state;

	if (!r)
		return;
	watch_off(&r->watch);
	close(r->fd);
	wr_free(&r->in);
	free(r);
	running = NULL;
}
