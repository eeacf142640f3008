/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine against a played network, clock and chance: which sockets there are, what goes out by
 * which, what wgd is told, as a transcript. After each step the timer stands at what is due first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "bfd_engine.h"
#include "bfd_socket.h"
#include "log.h"
#include "loop.h"
#include "testing.h"
#include "util.h"

enum { FILES = 16, SAID_MAX = 1 << 16, MS = 1000 };
#define BEGUN 7000000123457ull /* us */

static char said[SAID_MAX];
static uint64_t clock_us, armed_us;
static bool watched;
static int listen_error, speak_error, send_error;

/* What is open. */
static struct file {
	int fd; /* 0: none */
	char name[64];
	struct watch *watch; /* NULL: nobody waits for it */
	struct {
		struct addr from;
		int ttl, len;
		uint8_t data[BFD_PACKET_BYTES];
	} waits[4]; /* packets */
	unsigned n;
} files[FILES];

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	n += (size_t)vsnprintf(said + n, SAID_MAX - n, fmt, ap);
	va_end(ap);
	assert_true(n < SAID_MAX);
}

/* --- the clock, in the place of loop.c --- */

static struct timer *retry;
static uint64_t retry_us; /* 0: it does not run */
static unsigned looks;	  /* at the clock */

uint64_t now_us(void)
{
	assert_true(looks++ < 100000); /* a clock that stands is looked at for ever */
	return clock_us;
}

uint64_t now_ms(void)
{
	return clock_us / 1000;
}

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg, .ready = true};
	retry = t;
}

void timer_start(struct timer *t, uint64_t ms)
{
	say("try again in %llu\n", (unsigned long long)ms);
	retry_us = clock_us + ms * 1000;
}

void timer_stop(struct timer *t)
{
	retry_us = 0;
}

bool timer_running(const struct timer *t)
{
	return retry_us != 0;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *until, struct timespec *left)
{
	assert_int_equal(id, CLOCK_MONOTONIC);
	assert_int_equal(flags, TIMER_ABSTIME);
	clock_us = (uint64_t)until->tv_sec * 1000000 + (uint64_t)until->tv_nsec / 1000;
	say("sleep until %llu\n", (unsigned long long)(clock_us - BEGUN) / MS);
	return 0;
}

/* --- files --- */

static struct file *file_of(int fd)
{
	for (unsigned i = 0; i < FILES; i++)
		if (fd > 0 && files[i].fd == fd)
			return &files[i];
	return NULL;
}

static struct file *file_named(const char *name)
{
	for (unsigned i = 0; i < FILES; i++)
		if (files[i].fd && strcmp(files[i].name, name) == 0)
			return &files[i];
	fail_msg("%s is not open", name);
	return NULL;
}

static int open_file(const char *fmt, ...) PRINTF_LIKE(1, 2);
static int open_file(const char *fmt, ...)
{
	unsigned i = 0;
	va_list ap;

	while (i < FILES && files[i].fd)
		i++;
	assert_true(i < FILES);
	files[i] = (struct file){.fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
	va_start(ap, fmt);
	vsnprintf(files[i].name, sizeof(files[i].name), fmt, ap);
	va_end(ap);
	return files[i].fd;
}

int close(int fd)
{
	struct file *f = file_of(fd);

	if (f) {
		assert_null(f->watch);
		say("close %s\n", f->name);
		*f = (struct file){0};
	}
	return (int)syscall(SYS_close, fd);
}

void watch_init(struct watch *w, int fd, short what, fd_fn fn, void *arg)
{
	assert_int_equal(what, EV_READ);
	*w = (struct watch){.fn = fn, .arg = arg, .ready = true};
	w->ev.ev_fd = fd;
}

void watch_on(struct watch *w)
{
	file_of(w->ev.ev_fd)->watch = w;
}

void watch_off(struct watch *w)
{
	if (w->ready)
		file_of(w->ev.ev_fd)->watch = NULL;
}

int timerfd_create(int id, int flags)
{
	assert_int_equal(id, CLOCK_MONOTONIC);
	assert_int_equal(flags, TFD_NONBLOCK | TFD_CLOEXEC);
	return open_file("timer");
}

int timerfd_settime(int fd, int flags, const struct itimerspec *to, struct itimerspec *old)
{
	assert_ptr_equal(file_of(fd), file_named("timer"));
	assert_int_equal(flags, TFD_TIMER_ABSTIME);
	assert_true(to->it_value.tv_nsec < 1000000000);
	assert_int_equal(to->it_interval.tv_sec, 0);
	armed_us = (uint64_t)to->it_value.tv_sec * 1000000 + (uint64_t)to->it_value.tv_nsec / 1000;
	return 0;
}

/* --- bfd_socket.c --- */

int bfd_socket_listen(uint8_t family, const char *ifname)
{
	if (listen_error)
		return listen_error;
	say("listen %s %s\n", family == AF_INET ? "4" : "6", ifname);
	return open_file("%s/%s", ifname, family == AF_INET ? "4" : "6");
}

int bfd_socket_speak(const struct addr *local, const char *ifname, uint32_t ifindex)
{
	if (speak_error)
		return speak_error;
	say("speak %s %s/%u\n", ADDR_STR(local), ifname, ifindex);
	return open_file("%s", ADDR_STR(local));
}

/* DISCR is that of a session with REMOTE. */
static bool is_discr(uint32_t discr, const struct addr *remote, uint32_t ifindex)
{
	const struct bfd_entry *e;

	TAILQ_FOREACH (e, bfd_engine_sessions(), link)
		if (e->s.local_discr == discr && addr_eq(&e->want.remote, remote) &&
		    e->want.ifindex == ifindex)
			return true;
	return false;
}

int bfd_socket_send(int fd, const struct addr *remote, uint32_t ifindex, const void *data,
		    size_t len)
{
	struct bfd_packet p;

	assert_int_equal(bfd_packet_decode(data, len, &p), BFD_TAKEN);
	say("%s > %s/%u: %s%s your %u%s\n", file_of(fd)->name, ADDR_STR(remote), ifindex,
	    bfd_state_name(p.state), p.poll ? " poll" : p.final ? " final" : "", p.your_discr,
	    send_error ? " not sent" : "");
	assert_true(is_discr(p.my_discr, remote, ifindex));
	return send_error;
}

int bfd_socket_receive(int fd, struct addr *from, int *ttl, void *data, size_t size)
{
	struct file *f = file_of(fd);
	int len;

	if (!f->n)
		return -EAGAIN;
	*from = f->waits[0].from;
	*ttl = f->waits[0].ttl;
	len = f->waits[0].len;
	memcpy(data, f->waits[0].data, BFD_PACKET_BYTES);
	memmove(f->waits, f->waits + 1, --f->n * sizeof(*f->waits));
	return len;
}

/* --- chance --- */

static const uint32_t *drawn; /* these first, up to a 1 */
static uint32_t last_drawn;

static uint32_t random_number(void)
{
	if (drawn && *drawn != 1)
		return *drawn++;
	last_drawn += 50;
	return last_drawn;
}

static const char *random_name(void)
{
	return "played";
}

static void random_bytes(void *const buf, const size_t size)
{
	memset(buf, 7, size);
}

static struct randombytes_implementation chance = {
	.implementation_name = random_name, .random = random_number, .buf = random_bytes};

/* --- the steps --- */

static void on_news(const struct bfd_entry *e, enum bfd_news news)
{
	say("news %u %s\n", e->want.id, bfd_news_name(news));
}

static void expect_at(const char *text, int line)
{
	const struct bfd_entry *e;
	uint64_t first = BFD_NEVER;

	if (strcmp(said, text) != 0) {
		printf("line %d: this was said:\n%s", line, said);
		fail_msg("line %d", line);
	}
	said[0] = '\0';
	TAILQ_FOREACH (e, bfd_engine_sessions(), link)
		if (bfd_session_next(&e->s) < first)
			first = bfd_session_next(&e->s);
	if (watched && armed_us != (first == BFD_NEVER ? 0 : first))
		fail_msg("line %d: the timer stands at %llu, due is %llu", line,
			 (unsigned long long)armed_us, (unsigned long long)first);
}
#define expect(text) expect_at(text, __LINE__)

static void fire(const char *name)
{
	struct watch *w = file_named(name)->watch;

	assert_non_null(w);
	w->fn(w->ev.ev_fd, EV_READ, w->arg);
}

/* Whatever is due within so many ms happens, each at its time. */
static void pass(unsigned ms)
{
	uint64_t until = clock_us + ms * MS;

	while ((armed_us && armed_us <= until) || (retry_us && retry_us <= until)) {
		if (retry_us && (!armed_us || retry_us < armed_us)) {
			clock_us = retry_us;
			retry_us = 0;
			retry->fn(retry->arg);
			continue;
		}
		clock_us = clock_us > armed_us ? clock_us : armed_us;
		fire("timer");
	}
	clock_us = until;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void want(uint32_t id, uint32_t ifindex, const char *local, const char *remote)
{
	struct msg_bfd_session m = {.id = id,
				    .ifindex = ifindex,
				    .local = addr(local),
				    .remote = addr(remote),
				    .interval_ms = 100,
				    .receive_ms = 100,
				    .multiplier = 3};

	snprintf(m.ifname, sizeof(m.ifname), "wg%u", ifindex);
	snprintf(m.peer, sizeof(m.peer), "p%u", id);
	bfd_engine_want(&m);
}

/* The number of session ID. */
static uint32_t discr(uint32_t id)
{
	const struct bfd_entry *e;

	TAILQ_FOREACH (e, bfd_engine_sessions(), link)
		if (e->want.id == id)
			return e->s.local_discr;
	fail_msg("no session %u", id);
	return 0;
}

/* A packet for YOUR comes in at the socket NAME, and is read at the next fire(). */
static void comes(const char *name, const char *from, enum bfd_state is, uint32_t your)
{
	struct bfd_packet p = {.state = is,
			       .multiplier = 3,
			       .my_discr = 9,
			       .your_discr = your,
			       .desired_tx = 100000,
			       .required_rx = 100000};
	struct file *f = file_named(name);

	assert_true(f->n < ARRAY_SIZE(f->waits));
	f->waits[f->n].from = addr(from);
	f->waits[f->n].ttl = BFD_TTL;
	f->waits[f->n].len = BFD_PACKET_BYTES;
	bfd_packet_encode(&p, f->waits[f->n++].data);
}

static void hears(const char *name, const char *from, enum bfd_state is, uint32_t your)
{
	comes(name, from, is, your);
	fire(name);
}

static int fd_before;

static int begin(void **state)
{
	fd_before = test_lowest_fd();
	clock_us = BEGUN;
	randombytes_set_implementation(&chance);
	bfd_engine_open(on_news);
	watched = true;
	return 0;
}

static int end(void **state)
{
	watched = false;
	bfd_engine_close();
	assert_true(TAILQ_EMPTY(bfd_engine_sessions()));
	assert_int_equal(retry_us, 0);
	assert_int_equal(test_lowest_fd(), fd_before);
	return 0;
}

/* Session 1 is up. */
static void come_up(void)
{
	want(1, 1, "10.0.0.1", "10.0.0.2");
	pass(1000);
	hears("wg1/4", "10.0.0.2", BFD_DOWN, 0);
	hears("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	pass(0);
	said[0] = '\0';
}

static void test_life(void **state)
{
	want(1, 1, "10.0.0.1", "10.0.0.2");
	expect("listen 4 wg1\nspeak 10.0.0.1 wg1/1\nnews 1 starting\n");
	pass(150);
	expect("10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: down your 0\n");
	hears("wg1/4", "10.0.0.2", BFD_DOWN, 0);
	pass(0);
	expect("10.0.0.1 > 10.0.0.2/1: init your 9\n");
	hears("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	pass(0);
	expect("news 1 up\n"
	       "10.0.0.1 > 10.0.0.2/1: up poll your 9\n");
	pass(200);
	expect("10.0.0.1 > 10.0.0.2/1: up poll your 9\n"
	       "10.0.0.1 > 10.0.0.2/1: up poll your 9\n"
	       "news 1 suspect\n");
	pass(300);
	expect("10.0.0.1 > 10.0.0.2/1: up poll your 9\n"
	       "10.0.0.1 > 10.0.0.2/1: down your 0\n"
	       "news 1 expired\n");
	bfd_engine_gone(2);
	expect("");
	bfd_engine_gone(1);
	bfd_engine_gone(1);
	expect("");
	pass(1000);
	expect("10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "close 10.0.0.1\n"
	       "close wg1/4\n");
}

/* What waits to be read when the time is up was in time. */
static void test_read_first(void **state)
{
	come_up();
	comes("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	comes("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	pass(222);
	expect("10.0.0.1 > 10.0.0.2/1: up poll your 9\n"
	       "10.0.0.1 > 10.0.0.2/1: up poll your 9\n");
}

/* Sockets to hear with are shared by interface and family, and go with the last one. */
static void test_sockets(void **state)
{
	uint32_t first;

	want(1, 1, "10.0.0.1", "10.0.0.2");
	want(2, 1, "10.0.0.1", "10.0.0.3");
	want(3, 1, "fd00::1", "fd00::2");
	want(4, 2, "10.0.0.1", "10.0.0.2");
	expect("listen 4 wg1\n"
	       "speak 10.0.0.1 wg1/1\n"
	       "news 1 starting\n"
	       "speak 10.0.0.1 wg1/1\n"
	       "news 2 starting\n"
	       "listen 6 wg1\n"
	       "speak fd00::1 wg1/1\n"
	       "news 3 starting\n"
	       "listen 4 wg2\n"
	       "speak 10.0.0.1 wg2/2\n"
	       "news 4 starting\n");
	pass(120);
	said[0] = '\0';
	first = discr(1);
	bfd_engine_gone(1);
	pass(120);
	hears("wg1/4", "10.0.0.2", BFD_UP, first); /* nobody's any more */
	hears("wg1/4", "10.0.0.2", BFD_DOWN, 0);
	bfd_engine_gone(1);
	expect("10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 0\n"
	       "close 10.0.0.1\n");
	bfd_engine_gone(3);
	pass(120);
	expect("fd00::1 > fd00::2/1: admin-down your 0\n"
	       "fd00::1 > fd00::2/1: admin-down your 0\n"
	       "close fd00::1\n"
	       "close wg1/6\n");
	bfd_engine_gone(2);
	pass(120);
	expect("10.0.0.1 > 10.0.0.3/1: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.3/1: admin-down your 0\n"
	       "close 10.0.0.1\n"
	       "close wg1/4\n");
	bfd_engine_gone(4);
	pass(120);
	expect("10.0.0.1 > 10.0.0.2/2: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/2: admin-down your 0\n"
	       "close 10.0.0.1\n"
	       "close wg2/4\n");
}

/* What is refused is tried again, each second, by one timer for all. */
static void test_refused_sockets(void **state)
{
	const struct bfd_entry *e;

	listen_error = -ENODEV;
	want(1, 1, "10.0.0.1", "10.0.0.2");
	want(2, 2, "10.0.0.1", "10.0.0.2");
	expect("try again in 1000\nnews 1 starting\nnews 2 starting\n");
	e = TAILQ_FIRST(bfd_engine_sessions());
	assert_int_equal(e->error, -ENODEV);
	pass(999);
	expect("");
	listen_error = 0;
	speak_error = -EADDRNOTAVAIL;
	pass(1);
	expect("listen 4 wg1\n"
	       "close wg1/4\n"
	       "try again in 1000\n"
	       "listen 4 wg2\n"
	       "close wg2/4\n");
	assert_int_equal(e->error, -EADDRNOTAVAIL);
	assert_null(e->rx);
	assert_int_equal(e->fd, -1);
	bfd_engine_gone(2);
	pass(500);
	speak_error = 0;
	pass(500);
	assert_int_equal(e->error, 0);
	expect("listen 4 wg1\n"
	       "speak 10.0.0.1 wg1/1\n");
	send_error = -ENETDOWN;
	pass(1000);
	expect("10.0.0.1 > 10.0.0.2/1: down your 0 not sent\n");
	assert_int_equal(e->send_errors, 1);
	assert_int_equal(e->error, 0);
	pass(5000);
	said[0] = '\0';
	send_error = 0;
}

/* A new wgd: what it names goes on under its number, the rest ends when it has named all. */
static void test_restart(void **state)
{
	uint32_t first;

	come_up();
	want(2, 1, "10.0.0.1", "10.0.0.3");
	want(3, 1, "10.0.0.1", "10.0.0.4");
	pass(110);
	said[0] = '\0';
	hears("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	first = discr(1);
	bfd_engine_restart();
	bfd_engine_gone(1); /* of the old one */
	hears("wg1/4", "10.0.0.2", BFD_DOWN, first);
	pass(0);
	expect("10.0.0.1 > 10.0.0.2/1: down your 9\n"); /* nobody is told */
	want(7, 1, "10.0.0.1", "10.0.0.2");
	want(1, 1, "10.0.0.1", "10.0.0.4");
	expect("news 7 signalled\n"
	       "news 1 starting\n");
	bfd_engine_sync();
	pass(0);
	expect("10.0.0.1 > 10.0.0.3/1: admin-down your 0\n");
	bfd_engine_sync();
	bfd_engine_gone(2);
	bfd_engine_gone(1);
	pass(0);
	expect("10.0.0.1 > 10.0.0.4/1: admin-down your 0\n");
	hears("wg1/4", "10.0.0.2", BFD_DOWN, first);
	expect("");
	pass(150);
	assert_int_equal(TAILQ_FIRST(bfd_engine_sessions())->want.id, 7);
	assert_null(TAILQ_NEXT(TAILQ_FIRST(bfd_engine_sessions()), link));
	said[0] = '\0';
}

/* Another address of ours is another session; other timers are not. */
static void test_changed(void **state)
{
	come_up();
	want(1, 1, "10.0.0.9", "10.0.0.2");
	pass(0);
	expect("speak 10.0.0.9 wg1/1\n"
	       "news 1 starting\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 9\n"
	       "10.0.0.9 > 10.0.0.2/1: admin-down your 0\n");
	/* What the far end says without our number is for the one that does not end. */
	hears("wg1/4", "10.0.0.2", BFD_DOWN, 0);
	pass(110);
	expect("10.0.0.9 > 10.0.0.2/1: admin-down your 9\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 9\n"
	       "close 10.0.0.1\n"
	       "10.0.0.9 > 10.0.0.2/1: down your 9\n");
	want(1, 1, "10.0.0.9", "10.0.0.2");
	expect("news 1 starting\n");
	want(5, 1, "10.0.0.9", "10.0.0.2");
	bfd_engine_gone(1);
	expect("news 5 starting\n");
	bfd_engine_gone(5);
	pass(0);
	expect("10.0.0.9 > 10.0.0.2/1: admin-down your 9\n");
}

/* By its tunnel, from its address, with its number or in a state that has none. */
static void test_whose(void **state)
{
	enum { NONE, OURS, OTHER };
	static const struct {
		const char *name, *from;
		enum bfd_state is;
		unsigned your;
		int ttl, len;
		enum bfd_refusal why;
	} rows[] = {
		{"wg1/4", "10.0.0.2", BFD_UP, OURS, 255, 24, BFD_TAKEN},
		{"wg1/4", "10.0.0.2", BFD_UP, OURS, 254, 24, BFD_BAD_TTL},
		{"wg1/4", "10.0.0.2", BFD_UP, OURS, -1, 24, BFD_BAD_TTL},
		{"wg1/4", "10.0.0.2", BFD_UP, OURS, 255, 23, BFD_BAD_LENGTH},
		{"wg1/4", "10.0.0.2", BFD_UP, OURS, 255, 0, BFD_BAD_LENGTH},
		{"wg1/4", "10.0.0.3", BFD_UP, OURS, 255, 24, BFD_UNKNOWN_SESSION},
		{"wg2/4", "10.0.0.2", BFD_UP, OURS, 255, 24, BFD_UNKNOWN_SESSION},
		{"wg1/4", "10.0.0.2", BFD_UP, OTHER, 255, 24, BFD_UNKNOWN_SESSION},
		{"wg1/4", "10.0.0.2", BFD_UP, NONE, 255, 24, BFD_BAD_STATE},
		{"wg1/4", "10.0.0.2", BFD_INIT, NONE, 255, 24, BFD_BAD_STATE},
		{"wg1/4", "10.0.0.7", BFD_DOWN, NONE, 255, 24, BFD_UNKNOWN_SESSION},
		{"wg2/4", "10.0.0.3", BFD_DOWN, NONE, 255, 24, BFD_UNKNOWN_SESSION},
		{"wg2/4", "10.0.0.2", BFD_ADMIN_DOWN, NONE, 255, 24, BFD_TAKEN},
	};
	uint64_t all_before = 0;

	come_up();
	want(2, 2, "10.0.0.1", "10.0.0.2");
	pass(110);
	hears("wg1/4", "10.0.0.2", BFD_UP, discr(1));
	said[0] = '\0';
	for (int r = 0; r < BFD_REFUSALS; r++)
		all_before += bfd_engine_refused(r);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct file *f = file_named(rows[i].name);
		uint64_t before = bfd_engine_refused(rows[i].why), all = 0;

		comes(rows[i].name, rows[i].from, rows[i].is,
		      rows[i].your == OURS ? discr(1) : rows[i].your == OTHER ? 4711 : 0);
		f->waits[0].ttl = rows[i].ttl;
		f->waits[0].len = rows[i].len;
		fire(rows[i].name);
		if (bfd_engine_refused(rows[i].why) != before + 1)
			fail_msg("row %u", i);
		for (int r = 0; r < BFD_REFUSALS; r++)
			all += bfd_engine_refused(r);
		assert_int_equal(all, all_before + i + 1);
		expect(i + 1 < ARRAY_SIZE(rows) ? "" : "news 2 admin-down\n");
	}
}

/* A number is not 0, and nobody else's. */
static void test_numbers(void **state)
{
	static const uint32_t first[] = {0, 7, 3, 1}, second[] = {7, 0, 7, 8, 3, 1};

	drawn = first;
	want(1, 1, "10.0.0.1", "10.0.0.2");
	drawn = second;
	want(2, 1, "10.0.0.1", "10.0.0.3");
	assert_int_equal(discr(1), 7);
	assert_int_equal(discr(2), 8);
	said[0] = '\0';
}

/* The end of all: a last word to each far end, and nothing is left. */
static void test_close(void **state)
{
	come_up();
	want(2, 2, "10.0.0.1", "10.0.0.2");
	listen_error = -ENODEV;
	want(3, 3, "10.0.0.1", "10.0.0.2");
	said[0] = '\0';
	watched = false;
	bfd_engine_close();
	expect("sleep until 1000\n"
	       "10.0.0.1 > 10.0.0.2/2: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 9\n"
	       "sleep until 1050\n"
	       "10.0.0.1 > 10.0.0.2/2: admin-down your 0\n"
	       "10.0.0.1 > 10.0.0.2/1: admin-down your 9\n"
	       "sleep until 1100\n"
	       "close 10.0.0.1\n"
	       "close wg1/4\n"
	       "close 10.0.0.1\n"
	       "close wg2/4\n"
	       "close timer\n");
	listen_error = 0;
	bfd_engine_open(on_news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, begin, end),
		cmocka_unit_test_setup_teardown(test_read_first, begin, end),
		cmocka_unit_test_setup_teardown(test_sockets, begin, end),
		cmocka_unit_test_setup_teardown(test_refused_sockets, begin, end),
		cmocka_unit_test_setup_teardown(test_restart, begin, end),
		cmocka_unit_test_setup_teardown(test_changed, begin, end),
		cmocka_unit_test_setup_teardown(test_whose, begin, end),
		cmocka_unit_test_setup_teardown(test_numbers, begin, end),
		cmocka_unit_test_setup_teardown(test_close, begin, end),
	};

	log_init("bfd_engine_test");
	log_set_level(LOG_LEVEL_ERROR);
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
