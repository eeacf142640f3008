/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: numbered packets at a steady rate from one network namespace to addresses that several
 * others answer for, and how long it was dark for each address.
 *
 *   stream -n PER-SECOND FROM-PID TO-PID[,TO-PID...] ADDRESS...
 *
 * Sockets are opened in the namespaces of these processes; one process holds all of them, so there
 * is one clock. A receiver must deliver the addresses to itself (ip route add local). What cannot
 * be sent counts as lost. Says "flowing" when every address was reached twenty times, "moved" when
 * the last receiver of the list has heard from every address, and ends at the end of its standard
 * input (or after two minutes), half a second later, with one JSON array of objects:
 *
 *   address, sent, lost
 *   blackout     seconds: the longest time from a packet that came, over some that did not, to the
 *                next one that came (times of sending)
 *   moved_at     wall clock when the last receiver of the list got its first one; 0: never
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"

enum { PORT = 9179, TARGETS_MAX = 64, RECEIVERS_MAX = 4, PACKETS_MAX = 1 << 20 };
enum { FLOWING = 20, LINGER_MS = 500, LIFE_MS = 120000 };

struct target {
	struct sockaddr_in to;
	const char *name;
	uint64_t *sent_us; /* by number */
	uint8_t *arrived;  /* by number */
	uint32_t sent, received;
	double moved_at;
};

struct payload {
	uint32_t target, number;
	char fill[48];
};

static struct target targets[TARGETS_MAX];
static size_t ntargets;
static int receivers[RECEIVERS_MAX], sender;
static size_t nreceivers;

static double wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int socket_in(const char *pid)
{
	char path[64];
	int ns, fd, size = 4 << 20;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		fatal("%s: %s", path, strerror(errno));
	close(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fatal("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static void open_receivers(char *pids)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	char *save = NULL;

	for (char *pid = strtok_r(pids, ",", &save); pid; pid = strtok_r(NULL, ",", &save)) {
		if (nreceivers == RECEIVERS_MAX)
			fatal("too many receivers");
		receivers[nreceivers] = socket_in(pid);
		if (bind(receivers[nreceivers++], (struct sockaddr *)&any, sizeof(any)) < 0)
			fatal("bind: %s", strerror(errno));
	}
}

static void send_round(void)
{
	struct payload p = {0};

	for (size_t i = 0; i < ntargets; i++) {
		struct target *t = &targets[i];

		if (t->sent == PACKETS_MAX)
			continue;
		p.target = i;
		p.number = t->sent;
		t->sent_us[t->sent++] = now_us();
		(void)!sendto(sender, &p, sizeof(p), 0, (struct sockaddr *)&t->to, sizeof(t->to));
	}
}

static void receive_all(size_t which)
{
	struct payload p;

	while (recv(receivers[which], &p, sizeof(p), 0) == sizeof(p)) {
		struct target *t = &targets[p.target];

		if (p.target >= ntargets || p.number >= t->sent || t->arrived[p.number])
			continue;
		t->arrived[p.number] = 1;
		t->received++;
		if (which == nreceivers - 1 && t->moved_at == 0)
			t->moved_at = wall();
	}
}

static bool flowing(void)
{
	for (size_t i = 0; i < ntargets; i++) {
		if (targets[i].received < FLOWING)
			return false;
	}
	return true;
}

static bool moved(void)
{
	for (size_t i = 0; i < ntargets; i++) {
		if (targets[i].moved_at == 0)
			return false;
	}
	return true;
}

static void say_once(bool *said, bool so, const char *what)
{
	if (*said || !so)
		return;
	*said = true;
	printf("%s\n", what);
	fflush(stdout);
}

/* Until standard input ends, and for LINGER_MS without sending. */
static void run(int timer)
{
	struct pollfd fds[RECEIVERS_MAX + 2] = {{.fd = timer, .events = POLLIN},
						{.fd = 0, .events = POLLIN}};
	uint64_t end = 0, last = now_ms() + LIFE_MS;
	bool said_flowing = false, said_moved = false;

	for (size_t i = 0; i < nreceivers; i++)
		fds[i + 2] = (struct pollfd){.fd = receivers[i], .events = POLLIN};
	while (!end || now_ms() < end) {
		uint64_t due = 0;
		char byte;

		poll(fds, nreceivers + 2, 100);
		if (read(timer, &due, sizeof(due)) == sizeof(due) && !end) {
			while (due-- > 0)
				send_round();
		}
		for (size_t i = 0; i < nreceivers; i++)
			receive_all(i);
		say_once(&said_flowing, flowing(), "flowing");
		say_once(&said_moved, said_flowing && moved(), "moved");
		if (!end && ((fds[1].revents && read(0, &byte, 1) <= 0) || now_ms() > last)) {
			end = now_ms() + LINGER_MS;
			fds[1].fd = -1;
		}
	}
}

static double blackout(const struct target *t)
{
	uint64_t before = t->sent ? t->sent_us[0] : 0, longest = 0;
	bool dark = false;

	for (uint32_t i = 0; i < t->sent; i++) {
		uint64_t us = t->sent_us[i] - before;

		dark |= !t->arrived[i];
		if (dark && us > longest)
			longest = us;
		if (t->arrived[i]) {
			before = t->sent_us[i];
			dark = false;
		}
	}
	return longest / 1e6;
}

static void report(void)
{
	printf("[");
	for (size_t i = 0; i < ntargets; i++) {
		const struct target *t = &targets[i];

		printf("%s{\"address\": \"%s\", \"sent\": %u, \"lost\": %u, \"blackout\": %.6f, "
		       "\"moved_at\": %.6f}",
		       i ? ", " : "", t->name, t->sent, t->sent - t->received, blackout(t),
		       t->moved_at);
	}
	printf("]\n");
}

static int timer_start_at(unsigned per_second)
{
	long ns = 1000000000L / per_second;
	struct itimerspec spec = {.it_interval = {ns / 1000000000, ns % 1000000000},
				  .it_value = {0, 1}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		fatal("timer: %s", strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	unsigned per_second = argc > 2 && str_eq(argv[1], "-n") ? strtoul(argv[2], NULL, 10) : 0;

	if (argc < 6 || !per_second || argc - 5 > TARGETS_MAX)
		fatal("usage: stream -n PER-SECOND FROM-PID TO-PID[,TO-PID...] ADDRESS...");
	for (int i = 5; i < argc; i++) {
		struct target *t = &targets[ntargets++];

		t->name = argv[i];
		t->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
		if (inet_pton(AF_INET, argv[i], &t->to.sin_addr) != 1)
			fatal("not an address: %s", argv[i]);
		t->sent_us = xcalloc(PACKETS_MAX, sizeof(*t->sent_us));
		t->arrived = xcalloc(PACKETS_MAX, sizeof(*t->arrived));
	}
	sender = socket_in(argv[3]);
	open_receivers(argv[4]);
	run(timer_start_at(per_second));
	report();
	return 0;
}
