/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "util.h"

struct lookup {
	STAILQ_ENTRY(lookup) link;
	uint32_t id; /* 0: cancelled */
	char *text;
	char *host, *port;
	int error; /* of getaddrinfo() */
	struct endpoint found;
};

static STAILQ_HEAD(, lookup) waiting = STAILQ_HEAD_INITIALIZER(waiting);
static STAILQ_HEAD(, lookup) running = STAILQ_HEAD_INITIALIZER(running);
static unsigned n_running;
static int pipe_fds[2] = {-1, -1}; /* finished lookups, by pointer */
static struct watch pipe_watch;
static resolve_fn found_fn;

static void free_lookup(struct lookup *l)
{
	free(l->text);
	free(l->host);
	free(l->port);
	free(l);
}

/* The thread: touches nothing but its lookup. */
static void *look_up(void *arg)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG}, *list;
	struct lookup *l = arg;

	l->error = getaddrinfo(l->host, l->port, &hints, &list);
	if (l->error == 0) {
		endpoint_from_sockaddr(list->ai_addr, &l->found);
		freeaddrinfo(list);
	}
	if (write(pipe_fds[1], &l, sizeof(l)) != sizeof(l))
		return NULL; /* the daemon ends */
	return NULL;
}

static void start_next(void)
{
	while (n_running < RESOLVE_AT_ONCE && !STAILQ_EMPTY(&waiting)) {
		struct lookup *l = STAILQ_FIRST(&waiting);
		pthread_attr_t attr;
		sigset_t all, old;
		pthread_t thread;
		int err;

		STAILQ_REMOVE_HEAD(&waiting, link);
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		err = pthread_create(&thread, &attr, look_up, l);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		pthread_attr_destroy(&attr);
		if (err) {
			free_lookup(l);
			continue;
		}
		STAILQ_INSERT_TAIL(&running, l, link);
		n_running++;
	}
}

static void on_pipe(int fd, short what, void *arg)
{
	struct lookup *l;

	while (read(fd, &l, sizeof(l)) == sizeof(l)) {
		STAILQ_REMOVE(&running, l, lookup, link);
		n_running--;
		if (l->error)
			log_warn("endpoint-unresolved", "name=%s error=\"%s\"", l->host,
				 gai_strerror(l->error));
		else if (l->id)
			found_fn(l->id, l->text, &l->found);
		free_lookup(l);
	}
	start_next();
}

void resolve_open(resolve_fn fn)
{
	found_fn = fn;
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		fatal("pipe: %s", strerror(errno));
	watch_init(&pipe_watch, pipe_fds[0], EV_READ, on_pipe, NULL);
	watch_on(&pipe_watch);
}

void resolve_close(void)
{
	struct lookup *l;

	/* Threads that still run keep their lookup and find the pipe's far end closed. */
	watch_off(&pipe_watch);
	close(pipe_fds[0]);
	while ((l = STAILQ_FIRST(&waiting))) {
		STAILQ_REMOVE_HEAD(&waiting, link);
		free_lookup(l);
	}
}

void resolve_start(uint32_t id, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct lookup *l;

	if (!colon || pipe_fds[1] < 0)
		return;
	resolve_cancel(id);
	l = xcalloc(1, sizeof(*l));
	l->id = id;
	l->text = xstrdup(text);
	l->host = xstrdup(text);
	l->host[colon - text] = '\0';
	if (l->host[0] == '[') { /* an address with a zone */
		size_t len = strlen(l->host);

		memmove(l->host, l->host + 1, len);
		if (len > 1 && l->host[len - 2] == ']')
			l->host[len - 2] = '\0';
	}
	l->port = xstrdup(colon + 1);
	STAILQ_INSERT_TAIL(&waiting, l, link);
	start_next();
}

void resolve_cancel(uint32_t id)
{
	struct lookup *l;

	STAILQ_FOREACH(l, &waiting, link)
	if (l->id == id)
		l->id = 0;
	STAILQ_FOREACH(l, &running, link)
	if (l->id == id)
		l->id = 0;
}
