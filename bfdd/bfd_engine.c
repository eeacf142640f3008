/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd_engine.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/param.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "bfd_socket.h"
#include "loop.h"
#include "util.h"

#define RETRY_MS 1000
#define PACKETS_PER_TURN 256

struct bfd_rx {
	TAILQ_ENTRY(bfd_rx) link;
	uint32_t ifindex;
	uint8_t family;
	unsigned refs;
	int fd;
	struct watch watch;
};

static struct bfd_list sessions = TAILQ_HEAD_INITIALIZER(sessions);
static TAILQ_HEAD(, bfd_rx) sockets = TAILQ_HEAD_INITIALIZER(sockets);
static struct hash_table by_id, by_remote, by_discr;
static struct bfd_heap heap;
static int timer_fd = -1;
static uint64_t armed_for;
static struct watch timer_watch;
static struct timer retry;
static uint64_t refused[BFD_REFUSALS];
static bfd_news_fn on_news;

/* ---- finding */

/* Few have one address over several interfaces. */
static uint32_t hash_remote(const struct addr *remote)
{
	return hash_bytes(remote, sizeof(*remote));
}

static uint32_t hash_u32(uint32_t v)
{
	return hash_bytes(&v, sizeof(v));
}

static struct bfd_entry *find_id(uint32_t id)
{
	struct hash_node *n = hash_find(&by_id, hash_u32(id));

	for (; n; n = hash_find_next(n)) {
		struct bfd_entry *e = container_of(n, struct bfd_entry, by_id);

		if (e->want.id == id)
			return e;
	}
	return NULL;
}

static struct bfd_entry *find_key(uint32_t ifindex, const struct addr *remote)
{
	struct hash_node *n = hash_find(&by_remote, hash_remote(remote));

	for (; n; n = hash_find_next(n)) {
		struct bfd_entry *e = container_of(n, struct bfd_entry, by_remote);

		if (e->want.ifindex == ifindex && addr_eq(&e->want.remote, remote) && !e->s.ending)
			return e;
	}
	return NULL;
}

static struct bfd_entry *find_discr(uint32_t discr)
{
	struct hash_node *n = hash_find(&by_discr, hash_u32(discr));

	for (; n; n = hash_find_next(n)) {
		struct bfd_entry *e = container_of(n, struct bfd_entry, by_discr);

		if (e->s.local_discr == discr)
			return e;
	}
	return NULL;
}

/* ---- time */

static void arm(void)
{
	const struct bfd_due *first = bfd_heap_first(&heap);
	uint64_t at = first && first->at != BFD_NEVER ? first->at : 0;
	struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(at / 1000000),
					       .tv_nsec = (long)(at % 1000000) * 1000}};

	if (at == armed_for)
		return;
	armed_for = at;
	if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		fatal("timerfd_settime: %m");
}

static void reschedule(struct bfd_entry *e)
{
	uint64_t at = bfd_session_next(&e->s);

	if (at != e->due.at)
		bfd_heap_move(&heap, &e->due, at);
}

/* ---- packets */

static void send_packet(struct bfd_entry *e, const struct bfd_packet *p)
{
	uint8_t data[BFD_PACKET_BYTES];

	if (e->fd < 0)
		return;
	bfd_packet_encode(p, data);
	if (bfd_socket_send(e->fd, &e->want.remote, e->want.ifindex, data, sizeof(data)) < 0)
		e->send_errors++;
}

/* The steps on the way up are no news: 500 sessions take three each at the start. */
static void say_state(struct bfd_entry *e, unsigned before)
{
	bool news = e->s.state == BFD_UP || before == BFD_UP || e->s.state == BFD_ADMIN_DOWN;

	if (!news && !log_enabled(LOG_LEVEL_DEBUG))
		return;
	log_limited(&e->bucket, news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "bfd-state",
		    "peer=%s interface=%s from=%s to=%s diag=%s remote-diag=%s", e->want.peer,
		    e->want.ifname, bfd_state_name(before), bfd_state_name(e->s.state),
		    bfd_diag_name(e->s.diag), bfd_diag_name(e->s.remote_diag));
}

static void act(struct bfd_entry *e, const struct bfd_out *out, unsigned before)
{
	if (out->send)
		send_packet(e, &out->packet);
	if (out->tell && e->want.id)
		on_news(e, out->news);
	if (e->s.state != before)
		say_state(e, before);
	reschedule(e);
}

/* Whose packet it is; NULL with the reason. RFC 5880 section 6.8.6, RFC 5881 section 3. */
static struct bfd_entry *choose(const struct bfd_rx *rx, const struct addr *from,
				const struct bfd_packet *p, enum bfd_refusal *why)
{
	struct bfd_entry *e;

	if (p->your_discr) {
		e = find_discr(p->your_discr);
		if (e && (e->want.ifindex != rx->ifindex || !addr_eq(&e->want.remote, from)))
			e = NULL; /* it has to come by its tunnel, from its address */
	} else {
		if (p->state != BFD_DOWN && p->state != BFD_ADMIN_DOWN) {
			*why = BFD_BAD_STATE;
			return NULL;
		}
		e = find_key(rx->ifindex, from);
	}
	*why = e ? BFD_TAKEN : BFD_UNKNOWN_SESSION;
	return e;
}

static enum bfd_refusal take(const struct bfd_rx *rx, const struct addr *from, int ttl,
			     const uint8_t *data, size_t len)
{
	enum bfd_refusal why;
	struct bfd_packet p;
	struct bfd_entry *e;
	struct bfd_out out;
	unsigned before;

	if (ttl != BFD_TTL)
		return BFD_BAD_TTL;
	why = bfd_packet_decode(data, len, &p);
	if (why != BFD_TAKEN)
		return why;
	e = choose(rx, from, &p, &why);
	if (!e)
		return why;
	before = e->s.state;
	if (!bfd_session_receive(&e->s, &p, now_us(), &out))
		return BFD_AUTHENTICATED;
	act(e, &out, before);
	return BFD_TAKEN;
}

static void drain(const struct bfd_rx *rx)
{
	uint8_t data[256];

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		struct addr from;
		int ttl, len = bfd_socket_receive(rx->fd, &from, &ttl, data, sizeof(data));

		if (len < 0)
			return;
		refused[take(rx, &from, ttl, data, (size_t)len)]++;
	}
}

static void on_packets(int fd, short what, void *arg)
{
	drain(arg);
	arm();
}

/* ---- sockets */

static void rx_unref(struct bfd_rx *rx)
{
	if (!rx || --rx->refs)
		return;
	watch_off(&rx->watch);
	close(rx->fd);
	TAILQ_REMOVE(&sockets, rx, link);
	free(rx);
}

static int rx_ref(const struct msg_bfd_session *want, struct bfd_rx **out)
{
	struct bfd_rx *rx;
	int fd;

	TAILQ_FOREACH (rx, &sockets, link) {
		if (rx->ifindex == want->ifindex && rx->family == want->local.family) {
			rx->refs++;
			*out = rx;
			return 0;
		}
	}
	fd = bfd_socket_listen(want->local.family, want->ifname);
	if (fd < 0)
		return fd;
	rx = xcalloc(1, sizeof(*rx));
	*rx = (struct bfd_rx){
		.ifindex = want->ifindex, .family = want->local.family, .refs = 1, .fd = fd};
	watch_init(&rx->watch, fd, EV_READ, on_packets, rx);
	watch_on(&rx->watch);
	TAILQ_INSERT_TAIL(&sockets, rx, link);
	*out = rx;
	return 0;
}

static void close_sockets(struct bfd_entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	rx_unref(e->rx);
	e->rx = NULL;
}

static void open_sockets(struct bfd_entry *e)
{
	int err = rx_ref(&e->want, &e->rx);

	if (err == 0) {
		e->fd = bfd_socket_speak(&e->want.local, e->want.ifname, e->want.ifindex);
		err = e->fd < 0 ? e->fd : 0;
	}
	if (err < 0) {
		close_sockets(e);
		if (!timer_running(&retry))
			timer_start(&retry, RETRY_MS);
	}
	if (err != e->error && err < 0)
		log_warn("bfd-socket", "peer=%s interface=%s local=%s error=\"%s\"", e->want.peer,
			 e->want.ifname, ADDR_STR(&e->want.local), strerror(-err));
	e->error = err;
}

static void on_retry(void *arg)
{
	struct bfd_entry *e;

	TAILQ_FOREACH (e, &sessions, link)
		if (!e->rx && !e->s.ending)
			open_sockets(e);
}

/* ---- sessions */

static uint32_t choose_discr(void)
{
	uint32_t discr;

	do
		discr = randombytes_random();
	while (!discr || find_discr(discr));
	return discr;
}

static void params_of(const struct msg_bfd_session *want, struct bfd_params *out)
{
	uint64_t tx = (uint64_t)want->interval_ms * 1000, rx = (uint64_t)want->receive_ms * 1000;

	*out = (struct bfd_params){.tx_us = (uint32_t)MIN(tx, UINT32_MAX),
				   .rx_us = (uint32_t)MIN(rx, UINT32_MAX),
				   .multiplier = want->multiplier,
				   .passive = want->passive};
}

static void entry_new(const struct msg_bfd_session *want)
{
	struct bfd_entry *e = xcalloc(1, sizeof(*e));
	struct bfd_params params;

	e->want = *want;
	e->fd = -1;
	params_of(want, &params);
	bfd_session_init(&e->s, &params, choose_discr(), randombytes_random(), now_us());
	TAILQ_INSERT_TAIL(&sessions, e, link);
	hash_insert(&by_id, &e->by_id, hash_u32(want->id));
	hash_insert(&by_remote, &e->by_remote, hash_remote(&want->remote));
	hash_insert(&by_discr, &e->by_discr, hash_u32(e->s.local_discr));
	bfd_heap_insert(&heap, &e->due, bfd_session_next(&e->s));
	open_sockets(e);
	on_news(e, e->s.standing);
}

/* It has ended, and was unclaimed by that. */
static void entry_free(struct bfd_entry *e)
{
	close_sockets(e);
	bfd_heap_remove(&heap, &e->due);
	hash_remove(&by_remote, &e->by_remote);
	hash_remove(&by_discr, &e->by_discr);
	TAILQ_REMOVE(&sessions, e, link);
	free(e);
}

static void unclaim(struct bfd_entry *e)
{
	if (e->want.id)
		hash_remove(&by_id, &e->by_id);
	e->want.id = 0;
}

/* It ends with AdminDown, and is freed when that was said. */
static void end(struct bfd_entry *e)
{
	unsigned before = e->s.state;

	unclaim(e);
	bfd_session_disable(&e->s, now_us());
	if (before != e->s.state)
		say_state(e, before);
	reschedule(e);
}

static void run_due(struct bfd_entry *e)
{
	unsigned before;
	struct bfd_out out;

	if (e->rx && bfd_session_overdue(&e->s, now_us()))
		drain(e->rx);
	before = e->s.state;
	bfd_session_tick(&e->s, now_us(), &out);
	act(e, &out, before);
	if (bfd_session_ended(&e->s))
		entry_free(e);
}

static void run_all_due(void)
{
	const struct bfd_due *first;

	while ((first = bfd_heap_first(&heap)) && first->at <= now_us())
		run_due(container_of(first, struct bfd_entry, due));
}

static void on_timer(int fd, short what, void *arg)
{
	run_all_due();
	arm(); /* for another time, which ends that the descriptor is readable */
}

void bfd_engine_open(bfd_news_fn fn)
{
	on_news = fn;
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer_fd < 0)
		fatal("timerfd_create: %m");
	watch_init(&timer_watch, timer_fd, EV_READ, on_timer, NULL);
	watch_on(&timer_watch);
	timer_init(&retry, on_retry, NULL);
}

void bfd_engine_close(void)
{
	struct bfd_entry *e;
	const struct bfd_due *first;

	TAILQ_FOREACH (e, &sessions, link)
		end(e);
	while ((first = bfd_heap_first(&heap))) {
		struct timespec until = {.tv_sec = (time_t)(first->at / 1000000),
					 .tv_nsec = (long)(first->at % 1000000) * 1000};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		run_all_due();
	}
	timer_stop(&retry);
	watch_off(&timer_watch);
	close(timer_fd);
	bfd_heap_free(&heap);
	hash_clear(&by_id);
	hash_clear(&by_remote);
	hash_clear(&by_discr);
}

void bfd_engine_restart(void)
{
	struct bfd_entry *e;

	TAILQ_FOREACH (e, &sessions, link)
		unclaim(e);
}

void bfd_engine_want(const struct msg_bfd_session *want)
{
	struct bfd_entry *e = find_key(want->ifindex, &want->remote);
	struct bfd_params params;

	if (e && !addr_eq(&e->want.local, &want->local)) {
		end(e);
		e = NULL;
	}
	if (!e) {
		entry_new(want);
		arm();
		return;
	}
	unclaim(e);
	e->want = *want;
	hash_insert(&by_id, &e->by_id, hash_u32(want->id));
	params_of(want, &params);
	bfd_session_configure(&e->s, &params, now_us());
	reschedule(e);
	on_news(e, e->s.standing);
	arm();
}

void bfd_engine_gone(uint32_t id)
{
	struct bfd_entry *e = find_id(id);

	if (e)
		end(e);
	arm();
}

void bfd_engine_sync(void)
{
	struct bfd_entry *e;

	TAILQ_FOREACH (e, &sessions, link)
		if (!e->want.id && !e->s.ending)
			end(e);
	arm();
}

const struct bfd_list *bfd_engine_sessions(void)
{
	return &sessions;
}

uint64_t bfd_engine_refused(enum bfd_refusal r)
{
	return refused[r];
}
