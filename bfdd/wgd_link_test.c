/* SPDX-License-Identifier: BSD-2-Clause */
/* What wgd's messages make of the engine, and who is told of its news; both are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ipc.h"
#include "said.h"
#include "util.h"
#include "wgd_link.h"


/* --- the engine --- */

void bfd_engine_want(const struct msg_bfd_session *m)
{
	say("want %u, ", m->id);
}

void bfd_engine_gone(uint32_t id)
{
	say("gone %u, ", id);
}

void bfd_engine_sync(void)
{
	say("sync, ");
}

void bfd_engine_restart(void)
{
	say("restart, ");
}

/* --- the channel --- */

struct ipc {
	int fd;
	const struct ipc_handlers *handlers;
	void *arg;
};
static struct ipc channels[2]; /* by their descriptor */

struct ipc *ipc_new(int fd, const struct ipc_handlers *handlers, void *arg)
{
	channels[fd] = (struct ipc){fd, handlers, arg};
	say("open %d, ", fd);
	return &channels[fd];
}

void ipc_free(struct ipc *ipc)
{
	if (ipc)
		say("close %d, ", ipc->fd);
}

void ipc_send(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len)
{
	struct msg_bfd_news m;

	assert_int_equal(type, MSG_BFD_NEWS);
	assert_int_equal(msg_get_bfd_news(body, len, &m), 0);
	say("%d hears of %u: %s %u %u, ", ipc->fd, m.id, bfd_news_name(m.news), m.diag,
	    m.remote_diag);
}

static void hear(int fd, enum msg_type type, struct wr *w)
{
	struct ipc_frame f = {type, 0, w->data, w->len, -1};

	channels[fd].handlers->frame(channels[fd].arg, &f);
	wr_free(w);
}

static void test_messages(void **state)
{
	struct msg_bfd_session m = {.id = 7, .ifname = "wg0", .peer = "a"};
	struct wr w = {0};

	assert_int_equal(addr_parse("10.0.0.1", &m.local), 0);
	assert_int_equal(addr_parse("10.0.0.2", &m.remote), 0);
	m.interval_ms = m.receive_ms = 50;
	m.multiplier = 3;
	wgd_link_open(0);
	expect("restart, open 0, ");
	msg_put_bfd_session(&w, &m);
	hear(0, MSG_BFD_SESSION, &w);
	expect("want 7, ");
	wr_u32(&w, 8);
	hear(0, MSG_BFD_SESSION_GONE, &w);
	expect("gone 8, ");
	hear(0, MSG_BFD_SYNC, &w);
	expect("sync, ");
	wgd_link_close();
	expect("close 0, ");
}

/* The one that there is, and nobody when there is none. */
static void test_news(void **state)
{
	struct bfd_entry e = {.want.id = 9, .s.diag = 1, .s.remote_diag = 3};

	wgd_link_news(&e, BFD_NEWS_UP);
	expect("");
	wgd_link_open(0);
	wgd_link_news(&e, BFD_NEWS_EXPIRED);
	expect("restart, open 0, 0 hears of 9: expired 1 3, ");
	channels[0].handlers->closed(channels[0].arg, "end of file");
	wgd_link_news(&e, BFD_NEWS_UP);
	expect("close 0, ");
	wgd_link_open(0);
	wgd_link_open(1); /* before it was seen that the other one is gone */
	wgd_link_news(&e, BFD_NEWS_SUSPECT);
	expect("restart, open 0, close 0, restart, open 1, 1 hears of 9: suspect 1 3, ");
	wgd_link_close();
	wgd_link_close();
	expect("close 1, ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
