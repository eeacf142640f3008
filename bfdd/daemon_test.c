/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfdd as a process, over the loopback of a namespace: we are 10.99.0.1, the far end 10.99.0.2 is a
 * socket of the test, which plays wgd, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bfd_packet.h"
#include "dut.h"

int bfdd_main(int argc, char **argv);
#define main bfdd_main
#include "main.c"
#undef main

static struct ipc *wgd;
static struct msg_bfd_news news[64]; /* all of them */
static unsigned n_news;

static int far_fd;
static struct bfd_packet heard; /* the last one */
static unsigned n_heard;
static bool says_admin_down; /* some packet did */
static uint16_t from_port;
static int log_fd; /* what the daemon logs, where a check looks at it */
static int ttl, tos;

static void on_wgd(void *arg, const struct ipc_frame *f)
{
	assert_int_equal(f->type, MSG_BFD_NEWS);
	assert_true(n_news < ARRAY_SIZE(news));
	assert_int_equal(msg_get_bfd_news(f->body, f->len, &news[n_news++]), 0);
}

static bool six;	/* the far end speaks IPv6 */
static bool link_local; /* from an address of the link */

/* Ours with 1, the far end's with 2. */
static socklen_t address(unsigned last, struct sockaddr_storage *out)
{
	struct endpoint e = {.addr = {.family = AF_INET, .b = {10, 99, 0, (uint8_t)last}},
			     .port = 3784};

	if (six)
		e.addr = (struct addr){.family = AF_INET6, .b = {0xfd, 0x99, [15] = (uint8_t)last}};
	if (link_local) {
		e.addr = (struct addr){.family = AF_INET6, .b = {0xfe, 0x80, [15] = (uint8_t)last}};
		e.scope_id = 1;
	}
	return endpoint_to_sockaddr(&e, out);
}

static int open_far(unsigned last)
{
	struct sockaddr_storage at;
	socklen_t len = address(last, &at);
	int yes = 1, fd = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (six) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &yes, sizeof(yes));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &yes, sizeof(yes));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &yes, sizeof(yes));
		setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &yes, sizeof(yes));
	}
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static void hear(void)
{
	uint8_t data[256];
	char control[256];
	struct sockaddr_storage from;
	struct iovec iov = {data, sizeof(data)};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n;

	dut_turn();
	while ((n = recvmsg(far_fd, &m, 0)) >= 0) {
		assert_int_equal(bfd_packet_decode(data, (size_t)n, &heard), BFD_TAKEN);
		n_heard++;
		says_admin_down = says_admin_down || heard.state == BFD_ADMIN_DOWN;
		from_port = ntohs(((struct sockaddr_in *)&from)->sin_port);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			if (c->cmsg_type == (six ? IPV6_HOPLIMIT : IP_TTL))
				memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			if (c->cmsg_type == (six ? IPV6_TCLASS : IP_TOS))
				tos = *CMSG_DATA(c);
		}
		m.msg_namelen = sizeof(from);
		m.msg_controllen = sizeof(control);
	}
}

#define HEAR_UNTIL(cond)                                                         \
	do {                                                                     \
		uint64_t end_ = now_ms() + test_patience_ms();                   \
		for (hear(); !(cond); hear())                                    \
			if (now_ms() > end_)                                     \
				fail_msg("line %d: never: %s", __LINE__, #cond); \
	} while (0)

static void send_from(int fd, const uint8_t *data, size_t len, int with_ttl)
{
	struct sockaddr_storage to;
	socklen_t to_len = address(1, &to);

	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &with_ttl, sizeof(with_ttl));
	else
		setsockopt(fd, IPPROTO_IP, IP_TTL, &with_ttl, sizeof(with_ttl));
	assert_int_equal(sendto(fd, data, len, 0, (struct sockaddr *)&to, to_len), len);
}

static void send_bytes(const uint8_t *data, size_t len, int with_ttl)
{
	send_from(far_fd, data, len, with_ttl);
}

static uint8_t far_multiplier; /* 200 ms each: how long silence is none */

static void say(enum bfd_state state)
{
	struct bfd_packet p = {.state = state,
			       .multiplier = far_multiplier,
			       .my_discr = 77,
			       .your_discr = heard.my_discr,
			       .desired_tx = 200000,
			       .required_rx = 100000};
	uint8_t data[BFD_PACKET_BYTES];

	bfd_packet_encode(&p, data);
	send_bytes(data, sizeof(data), 255);
}

static struct addr addr_of(unsigned last)
{
	struct sockaddr_storage at;
	struct endpoint e;

	address(last, &at);
	endpoint_from_sockaddr((struct sockaddr *)&at, &e);
	return e.addr;
}

static struct msg_bfd_session session(uint32_t id)
{
	struct msg_bfd_session m = {.id = id,
				    .ifindex = 1,
				    .ifname = "lo",
				    .peer = "far",
				    .local = addr_of(1),
				    .remote = addr_of(2),
				    .interval_ms = 100,
				    .receive_ms = 150,
				    .multiplier = 4};

	return m;
}

static void want(const struct msg_bfd_session *m)
{
	struct wr w = {0};

	msg_put_bfd_session(&w, m);
	dut_say(wgd, MSG_BFD_SESSION, &w);
}

static void sync_all(void)
{
	struct wr w = {0};

	dut_say(wgd, MSG_BFD_SYNC, &w);
}

static const char *cell(const char *member)
{
	return dut_cell("{'command': 'bfd'}", "sessions", "peer", "far", member);
}

static int begin_check(void **state)
{
	dut_namespace();
	dut_ip("addr add 10.99.0.1/32 dev lo");
	dut_ip("addr add 10.99.0.2/32 dev lo");
	dut_ip("addr add 10.99.0.3/32 dev lo");
	dut_ip("addr add fd99::1/128 dev lo nodad");
	dut_ip("addr add fd99::2/128 dev lo nodad");
	dut_ip("addr add fd99::3/128 dev lo nodad");
	dut_ip("addr add fe80::1/128 dev lo nodad");
	dut_ip("addr add fe80::2/128 dev lo nodad");
	far_fd = open_far(2);
	n_news = n_heard = 0;
	far_multiplier = 3;
	says_admin_down = false;
	heard = (struct bfd_packet){0};
	dut_start(bfdd_main, "/tmp");
	assert_string_equal(dut_check("{}"), "");
	dut_apply("{}");
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	return 0;
}

static int end_check(void **state)
{
	dut_stop();
	ipc_free(wgd);
	close(far_fd);
	return 0;
}

static void come_up(uint32_t id)
{
	struct msg_bfd_session m = session(id);

	want(&m);
	HEAR_UNTIL(n_news == 1 && n_heard);
	assert_int_equal(news[0].id, id);
	assert_int_equal(news[0].news, BFD_NEWS_STARTING);
	/* A new one says AdminDown for a moment, then Down. */
	HEAR_UNTIL(heard.state == BFD_DOWN);
	assert_true(says_admin_down);
	say(BFD_DOWN);
	HEAR_UNTIL(heard.state == BFD_INIT);
	say(BFD_UP);
	HEAR_UNTIL(heard.state == BFD_UP && n_news == 2);
	assert_int_equal(news[1].news, BFD_NEWS_UP);
}

static void test_session(void **state)
{
	unsigned before;

	come_up(7);
	assert_int_equal(ttl, 255);
	assert_int_equal(tos, 0xc0);
	assert_true(from_port >= 49152);
	assert_int_equal(heard.multiplier, 4);
	assert_int_equal(heard.your_discr, 77);
	assert_int_equal(heard.required_rx, 150000);
	assert_string_equal(cell("state"), "\"up\"");
	assert_string_equal(cell("remote-state"), "\"up\"");
	assert_string_equal(cell("evidence"), "\"up\"");
	assert_string_equal(cell("interface"), "\"lo\"");
	assert_string_equal(cell("local-address"), "\"10.99.0.1\"");
	assert_string_equal(cell("remote-address"), "\"10.99.0.2\"");
	assert_string_equal(cell("multiplier"), "4");
	assert_string_equal(cell("remote-multiplier"), "3");
	assert_string_equal(cell("remote-discriminator"), "77");
	assert_string_equal(cell("interval-ms"), "100.0");
	assert_string_equal(cell("receive-interval-ms"), "150.0");
	assert_string_equal(cell("remote-interval-ms"), "200.0");
	assert_string_equal(cell("remote-receive-interval-ms"), "100.0");
	assert_string_equal(cell("detection-ms"), "600.0"); /* 3 times the slower of both */
	assert_string_equal(cell("passive"), "false");
	assert_string_equal(cell("socket-error"), "null");
	assert_string_equal(cell("send-errors"), "0");
	assert_string_equal(cell("packets-received"), "2");
	assert_string_equal(cell("transitions"), "3");
	before = n_heard;
	HEAR_UNTIL(n_heard >= before + 3 || n_news > 2);
	/* Silence: first a suspicion, then the end. */
	HEAR_UNTIL(n_news >= 4);
	assert_int_equal(news[2].news, BFD_NEWS_SUSPECT);
	assert_int_equal(news[3].news, BFD_NEWS_EXPIRED);
	assert_int_equal(news[3].diag, BFD_DIAG_EXPIRED);
	HEAR_UNTIL(heard.state == BFD_DOWN);
	assert_int_equal(heard.diag, BFD_DIAG_EXPIRED);
	assert_string_equal(cell("diagnostic"), "\"detection-time-expired\"");
	assert_string_equal(cell("up-seconds"), "null");
}

static json_int_t refused(enum bfd_refusal why)
{
	json_t *all = dut_show("{'command': 'bfd'}");
	json_int_t n = json_integer_value(
		json_object_get(json_object_get(all, "refused-packets"), bfd_refusal_name(why)));

	json_decref(all);
	return n;
}

/* What is wrong with a packet is counted, and nothing else happens. */
static void test_refused(void **state)
{
	static const struct {
		enum bfd_refusal why;
		int ttl;
		unsigned at; /* of the byte that is changed */
		uint8_t to;
		bool no_discr; /* that it is for nobody yet */
	} rows[] = {
		{BFD_BAD_TTL, 254, 0, 0x20, false},	{BFD_BAD_VERSION, 255, 0, 0x40, false},
		{BFD_BAD_LENGTH, 255, 3, 25, false},	{BFD_BAD_LENGTH, 255, 3, 23, false},
		{BFD_BAD_MULTIPLIER, 255, 2, 0, false}, {BFD_MULTIPOINT, 255, 1, 0xc1, false},
		{BFD_NO_DISCR, 255, 7, 0, false},	{BFD_UNKNOWN_SESSION, 255, 8, 0xff, false},
		{BFD_BAD_STATE, 255, 1, 0xc0, true},	{BFD_BAD_STATE, 255, 1, 0x80, true},
		{BFD_BAD_LENGTH, 255, 1, 0xc4, false}, /* authenticated ones are longer */
	};
	json_int_t expected[BFD_REFUSALS] = {0};

	come_up(7);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bfd_packet p = {.state = BFD_UP,
				       .multiplier = 3,
				       .my_discr = 77,
				       .your_discr = rows[i].no_discr ? 0 : heard.my_discr,
				       .desired_tx = 200000,
				       .required_rx = 100000};
		uint8_t data[BFD_PACKET_BYTES];

		if (rows[i].why == BFD_UNKNOWN_SESSION)
			p.your_discr = heard.my_discr ^ 0x01000000;
		bfd_packet_encode(&p, data);
		if (rows[i].why != BFD_UNKNOWN_SESSION)
			data[rows[i].at] = rows[i].to;
		send_bytes(data, sizeof(data), rows[i].ttl);
		say(BFD_UP); /* the session lives on */
		expected[rows[i].why]++;
		DUT_AWAIT(refused(rows[i].why) == expected[rows[i].why]);
		for (int r = BFD_TAKEN + 1; r < BFD_REFUSALS; r++)
			if (refused(r) != expected[r])
				fail_msg("row %u: %s", i, bfd_refusal_name(r));
		assert_string_equal(cell("state"), "\"up\"");
	}
	{ /* Nobody agreed on a password. */
		static const uint8_t password[] = {1, 4, 1, 'x'};
		struct bfd_packet p = {.state = BFD_DOWN,
				       .multiplier = 3,
				       .my_discr = 77,
				       .your_discr = heard.my_discr,
				       .desired_tx = 200000,
				       .required_rx = 100000};
		uint8_t data[BFD_PACKET_BYTES + sizeof(password)];

		bfd_packet_encode(&p, data);
		memcpy(data + BFD_PACKET_BYTES, password, sizeof(password));
		data[1] |= 0x04;
		data[3] = sizeof(data);
		send_bytes(data, sizeof(data), 255);
		say(BFD_UP);
		DUT_AWAIT(refused(BFD_AUTHENTICATED) == 1);
		assert_string_equal(cell("state"), "\"up\"");
	}
	/* A datagram without a byte is one, too. */
	send_bytes(NULL, 0, 255);
	say(BFD_UP);
	DUT_AWAIT(refused(BFD_BAD_LENGTH) == expected[BFD_BAD_LENGTH] + 1);
	assert_int_equal(n_news, 2);
}

static void test_far_end_says_down(void **state)
{
	come_up(7);
	say(BFD_DOWN);
	HEAR_UNTIL(n_news >= 3);
	assert_int_equal(news[2].news, BFD_NEWS_SIGNALLED);
	HEAR_UNTIL(heard.state != BFD_UP);
	/* And up again, by what it does next. */
	say(BFD_DOWN);
	HEAR_UNTIL(heard.state == BFD_INIT);
	say(BFD_INIT);
	HEAR_UNTIL(heard.state == BFD_UP && news[n_news - 1].news == BFD_NEWS_UP);
	say(BFD_ADMIN_DOWN);
	HEAR_UNTIL(news[n_news - 1].news == BFD_NEWS_ADMIN_DOWN);
}

/* A new wgd names it under another number: it goes on. Not named, it ends with AdminDown. */
static void test_wgd_again(void **state)
{
	struct msg_bfd_session m = session(9);
	uint32_t discr;

	come_up(7);
	discr = heard.my_discr;
	ipc_free(wgd);
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	want(&m);
	sync_all();
	say(BFD_UP);
	HEAR_UNTIL(n_news == 3);
	assert_int_equal(news[2].id, 9);
	assert_int_equal(news[2].news, BFD_NEWS_UP);
	say(BFD_UP);
	hear();
	assert_string_equal(cell("state"), "\"up\"");
	assert_int_equal(heard.my_discr, discr);
	assert_int_equal(heard.state, BFD_UP);
	/* Other timers, no interruption. */
	m.multiplier = 9;
	want(&m);
	say(BFD_UP);
	HEAR_UNTIL(heard.multiplier == 9);
	assert_int_equal(heard.state, BFD_UP);
	ipc_free(wgd);
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	sync_all();
	HEAR_UNTIL(heard.state == BFD_ADMIN_DOWN);
	assert_string_equal(cell("state"), "-");
}

static void test_gone(void **state)
{
	struct wr w = {0};

	come_up(7);
	wr_u32(&w, 8); /* another one */
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	assert_string_equal(cell("state"), "\"up\"");
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	HEAR_UNTIL(heard.state == BFD_ADMIN_DOWN);
	assert_string_equal(cell("state"), "-");
}

static void test_no_interface(void **state)
{
	struct msg_bfd_session m = session(7);

	m.local.b[3] = 7; /* nobody's yet */
	want(&m);
	DUT_AWAIT(n_news == 1);
	assert_string_equal(cell("socket-error"), "\"Cannot assign requested address\"");
	dut_ip("addr add 10.99.0.7/32 dev lo");
	HEAR_UNTIL(n_heard);
	assert_string_equal(cell("socket-error"), "null");
	/* The daemon ends: the far end is told. */
	says_admin_down = false;
	HEAR_UNTIL(heard.state == BFD_DOWN);
	dut_stop();
	hear();
	assert_int_equal(heard.state, BFD_ADMIN_DOWN);
}

static void test_passive(void **state)
{
	struct msg_bfd_session m = session(7);

	m.passive = true;
	want(&m);
	DUT_AWAIT(n_news == 1);
	assert_string_equal(cell("passive"), "true");
	hear();
	assert_int_equal(n_heard, 0); /* not a word before the far end's */
	HEAR_UNTIL((say(BFD_DOWN), heard.state == BFD_INIT));
	say(BFD_UP);
	HEAR_UNTIL(n_news == 2 && heard.state == BFD_UP);
}

static int begin_six(void **state)
{
	six = true;
	return begin_check(state);
}

static int end_six(void **state)
{
	end_check(state);
	six = false;
	return 0;
}

static void test_six(void **state)
{
	far_multiplier = 100;
	come_up(7);
	assert_int_equal(ttl, 255);
	assert_int_equal(tos, 0xc0);
	assert_true(from_port >= 49152);
	assert_string_equal(cell("local-address"), "\"fd99::1\"");
	assert_string_equal(cell("remote-address"), "\"fd99::2\"");
	assert_string_equal(cell("state"), "\"up\"");
}

static int begin_link_local(void **state)
{
	link_local = true;
	return begin_six(state);
}

static int end_link_local(void **state)
{
	end_six(state);
	link_local = false;
	return 0;
}

static void test_link_local(void **state)
{
	far_multiplier = 100;
	come_up(7);
	assert_int_equal(ttl, 255);
	assert_string_equal(cell("local-address"), "\"fe80::1\"");
	assert_string_equal(cell("remote-address"), "\"fe80::2\"");
	assert_string_equal(cell("socket-error"), "null");
}

/* The whole answer, but for what time and chance make of it. */
static void test_show(void **state)
{
	static const char *const any[] = {"local-discriminator", "packets-sent", "up-seconds"};
	json_t *all, *row;
	char *text;

	come_up(7);
	all = dut_show("{'command': 'bfd'}");
	row = json_array_get(json_object_get(all, "sessions"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "local-discriminator")),
			 heard.my_discr);
	assert_in_range(json_integer_value(json_object_get(row, "packets-sent")), 3, 100);
	assert_in_range(json_integer_value(json_object_get(row, "up-seconds")), 0, 10);
	for (unsigned i = 0; i < ARRAY_SIZE(any); i++)
		json_object_set_new(row, any[i], json_string("#"));
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(
		text,
		"{\"refused-packets\":{\"authentication\":0,\"discriminator\":0,\"length\":0,"
		"\"multiplier\":0,\"multipoint\":0,\"state\":0,\"ttl\":0,\"unknown-session\":0,"
		"\"version\":0},\"sessions\":[{\"detection-ms\":600.0,"
		"\"diagnostic\":\"none\",\"evidence\":\"up\",\"interface\":\"lo\",\"interval-ms\":"
		"100.0,\"local-address\":\"10.99.0.1\",\"local-discriminator\":\"#\","
		"\"multiplier\":"
		"4,\"packets-received\":2,\"packets-sent\":\"#\",\"passive\":false,\"peer\":"
		"\"far\","
		"\"receive-interval-ms\":150.0,\"remote-address\":\"10.99.0.2\",\"remote-"
		"diagnostic\":\"none\",\"remote-discriminator\":77,\"remote-interval-ms\":200.0,"
		"\"remote-multiplier\":3,\"remote-receive-interval-ms\":100.0,\"remote-state\":"
		"\"up\",\"send-errors\":0,\"socket-error\":null,\"state\":\"up\",\"transitions\":3,"
		"\"transmit-ms\":100.0,\"up-seconds\":\"#\"}]}");
	free(text);
	json_decref(all);
}

/* Only from the address and by the interface that the session has; with its number, or in the state
 * in which nobody can know it yet. */
static void test_wrong_source(void **state)
{
	struct bfd_packet p = {.state = BFD_DOWN,
			       .multiplier = 100,
			       .my_discr = 78,
			       .desired_tx = 200000,
			       .required_rx = 100000};
	uint8_t data[BFD_PACKET_BYTES];
	int other = open_far(3);

	far_multiplier = 100;
	come_up(7);
	for (int i = 0; i < 2; i++) {
		p.your_discr = i ? heard.my_discr : 0;
		bfd_packet_encode(&p, data);
		send_from(other, data, sizeof(data), 255);
		DUT_AWAIT(refused(BFD_UNKNOWN_SESSION) == i + 1);
		assert_string_equal(cell("state"), "\"up\"");
		assert_string_equal(cell("remote-discriminator"), "77");
	}
	/* Without our number, as after a restart of his: he is known by his address. */
	p.your_discr = 0;
	bfd_packet_encode(&p, data);
	send_bytes(data, sizeof(data), 255);
	HEAR_UNTIL(n_news == 3);
	assert_int_equal(news[2].news, BFD_NEWS_SIGNALLED);
	assert_string_equal(cell("remote-discriminator"), "78");
	close(other);
}

static const char *other_cell(const char *member)
{
	return dut_cell("{'command': 'bfd'}", "sessions", "peer", "other", member);
}

/* Two over one interface: what ends one leaves the other. */
static void test_two(void **state)
{
	struct msg_bfd_session m = session(8);
	struct wr w = {0};
	int other = open_far(3);

	far_multiplier = 100;
	come_up(7);
	m.remote = addr_of(3);
	strcpy(m.peer, "other");
	m.multiplier = 7;
	want(&m);
	DUT_AWAIT(n_news == 3);
	assert_int_equal(news[2].id, 8);
	assert_int_equal(news[2].news, BFD_NEWS_STARTING);
	DUT_AWAIT(str_eq(other_cell("state"), "\"down\""));
	assert_string_equal(other_cell("multiplier"), "7");
	assert_string_equal(other_cell("detection-ms"), "null");
	assert_string_equal(other_cell("up-seconds"), "null");
	assert_string_equal(cell("multiplier"), "4");
	say(BFD_UP);
	wr_u32(&w, 8);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	DUT_AWAIT(str_eq(other_cell("state"), "-"));
	say(BFD_UP);
	assert_string_equal(cell("state"), "\"up\"");
	/* The last word, and then none; the socket that both had is still read. */
	for (int i = 0; i < 20; i++) {
		say(BFD_UP);
		hear();
		dut_turn();
	}
	assert_string_equal(cell("state"), "\"up\"");
	assert_int_equal(n_news, 3);
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	HEAR_UNTIL(heard.state == BFD_ADMIN_DOWN);
	close(other);
}

/* Sockets of the namespace that are bound to the port of BFD, or to one to speak from. */
static unsigned sockets(void)
{
	static const char *const files[] = {"/proc/self/net/udp", "/proc/self/net/udp6"};
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		FILE *f = fopen(files[i], "r");
		char line[512];

		while (fgets(line, sizeof(line), f)) {
			const char *port = strchr(line + 6, ':');

			n += port && (strtoul(port + 1, NULL, 16) == 3784 ||
				      strtoul(port + 1, NULL, 16) >= 49152);
		}
		fclose(f);
	}
	return n;
}

/* A session has a socket to speak from, and one to hear with shares it with those of its interface
 * and family; with the last session it goes. */
static void test_sockets(void **state)
{
	unsigned before = sockets();
	struct msg_bfd_session m;
	struct wr w = {0};
	int far4 = far_fd, far6;

	far_multiplier = 100;
	come_up(7);
	assert_int_equal(sockets(), before + 2);
	six = true;
	far6 = open_far(2);
	m = session(8);
	strcpy(m.peer, "other");
	want(&m);
	DUT_AWAIT(n_news == 3);
	assert_int_equal(sockets(), before + 5);
	far_fd = far6;
	heard = (struct bfd_packet){0};
	HEAR_UNTIL(heard.state == BFD_DOWN);
	say(BFD_INIT);
	DUT_AWAIT(str_eq(other_cell("state"), "\"up\""));
	six = false;
	m = session(9);
	m.remote = addr_of(3);
	want(&m);
	DUT_AWAIT(sockets() == before + 6);
	for (uint32_t id = 9; id >= 7; id--) {
		static const unsigned left[] = {0, 2, 4};

		wr_u32(&w, id);
		dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
		w = (struct wr){0};
		DUT_AWAIT(sockets() == before + 1 + left[id - 7]);
	}
	close(far6);
	far_fd = far4;
}

/* Another address of ours: a session of its own, the old one ends. */
static void test_moved(void **state)
{
	struct msg_bfd_session m = session(9);
	uint32_t discr;

	far_multiplier = 100;
	come_up(7);
	discr = heard.my_discr;
	m.local = addr_of(3);
	want(&m);
	HEAR_UNTIL(n_news == 3 && heard.my_discr != discr);
	assert_int_equal(news[2].id, 9);
	assert_int_equal(news[2].news, BFD_NEWS_STARTING);
	assert_string_equal(cell("local-address"), "\"10.99.0.3\"");
}

/* A new channel to wgd while the old one is open: that is closed, and what becomes of it then is
 * nothing to the new one. */
static void test_wgd_twice(void **state)
{
	struct msg_bfd_session m = session(9);
	struct ipc *old = wgd;

	far_multiplier = 100;
	come_up(7);
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	want(&m);
	HEAR_UNTIL(n_news == 3);
	assert_int_equal(news[2].id, 9);
	ipc_free(old);
	assert_string_equal(cell("state"), "\"up\""); /* it had its turn */
	m.remote = addr_of(3);
	m.id = 10;
	want(&m);
	DUT_AWAIT(n_news == 4);
	assert_int_equal(news[3].id, 10);
}

/* No port is left to speak from: it says so, and speaks when there is one. */
static void test_no_port(void **state)
{
	static int taken[65536 - 49152];
	struct rlimit limit;
	struct msg_bfd_session m = session(7);

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < ARRAY_SIZE(taken) + 100)
		skip();
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		struct endpoint e = {.addr = m.local, .port = (uint16_t)(49152 + i)};
		struct sockaddr_storage at;
		socklen_t len = endpoint_to_sockaddr(&e, &at);

		taken[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(taken[i], (struct sockaddr *)&at, len), 0);
	}
	want(&m);
	DUT_AWAIT(n_news == 1);
	assert_string_equal(cell("socket-error"), "\"Address already in use\"");
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++)
		close(taken[i]);
	HEAR_UNTIL(n_heard);
	assert_string_equal(cell("socket-error"), "null");
}

/* One that is gone is forgotten when it was said: its number may come again, for another one. */
static void test_number_again(void **state)
{
	struct msg_bfd_session m = session(7);
	unsigned before = sockets();
	struct wr w = {0};
	int old = far_fd;

	far_multiplier = 100;
	come_up(7);
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	DUT_AWAIT(sockets() == before);
	assert_int_equal(n_news, 2);
	heard = (struct bfd_packet){0};
	far_fd = open_far(3);
	m.remote = addr_of(3);
	want(&m);
	HEAR_UNTIL(n_news == 3 && heard.state == BFD_DOWN);
	assert_int_equal(news[2].news, BFD_NEWS_STARTING);
	w = (struct wr){0};
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	HEAR_UNTIL(heard.state == BFD_ADMIN_DOWN);
	DUT_AWAIT(sockets() == before + 1);
	/* Once more, which is nothing to anybody. */
	w = (struct wr){0};
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	assert_string_equal(cell("state"), "-");
	assert_int_equal(n_news, 3);
	close(far_fd);
	far_fd = old;
}

/* What FD has of states, without the time and who says it. */
static const char *said_of_states(int fd)
{
	static char out[4000];
	char text[8000], *save = NULL;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	size_t at = 0;

	text[n > 0 ? n : 0] = '\0';
	out[0] = '\0';
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		const char *event = strstr(l, "bfd-state ");

		if (event)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s\n", event);
	}
	return out;
}

/* A line for each change of the state but those on the way up, and for nothing else that comes. */
static void test_log(void **state)
{
	struct wr w = {0};

	far_multiplier = 100;
	come_up(7);
	for (int i = 1; i <= 3; i++) {
		say(BFD_UP);
		DUT_AWAIT(strtol(cell("packets-received"), NULL, 10) == 2 + i);
	}
	say(BFD_DOWN);
	HEAR_UNTIL(n_news == 3);
	wr_u32(&w, 7);
	dut_say(wgd, MSG_BFD_SESSION_GONE, &w);
	HEAR_UNTIL(heard.state == BFD_ADMIN_DOWN);
#define LINE(from, to, diag) \
	"bfd-state peer=far interface=lo from=" from " to=" to " diag=" diag " remote-diag=none\n"
	assert_string_equal(said_of_states(log_fd),
			    LINE("init", "up", "none") LINE("up", "down", "neighbor-signaled-down")
				    LINE("down", "admin-down", "admin-down"));
#undef LINE
}

static int begin_logged(void **state)
{
	int saved = dup(2);
	FILE *file = tmpfile();

	log_fd = dup(fileno(file));
	fclose(file);
	dup2(log_fd, 2);
	begin_check(state);
	dup2(saved, 2);
	close(saved);
	return 0;
}

static int end_logged(void **state)
{
	end_check(state);
	close(log_fd);
	return 0;
}

/* An interface that is not there yet. */
static void test_interface_later(void **state)
{
	struct msg_bfd_session m = session(7);

	strcpy(m.ifname, "later");
	m.ifindex = 99;
	want(&m);
	DUT_AWAIT(n_news == 1);
	assert_string_equal(cell("socket-error"), "\"No such device\"");
	dut_link("later");
	DUT_AWAIT(str_eq(cell("socket-error"), "null"));
}

/* What happens while there is no wgd is told to nobody, and the next one hears what is. */
static void test_no_wgd(void **state)
{
	struct msg_bfd_session m = session(9);

	far_multiplier = 100;
	come_up(7);
	ipc_free(wgd);
	wgd = NULL;
	say(BFD_DOWN);
	HEAR_UNTIL(heard.state != BFD_UP);
	assert_int_equal(n_news, 2);
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	want(&m);
	HEAR_UNTIL(n_news == 3);
	assert_int_equal(news[2].id, 9);
	assert_int_equal(news[2].news, BFD_NEWS_SIGNALLED);
}

/* What the wire can say at most. */
static void test_slow(void **state)
{
	struct msg_bfd_session m = session(7);

	m.interval_ms = 4294967;
	m.receive_ms = 4294968;
	want(&m);
	DUT_AWAIT(n_news == 1);
	assert_string_equal(cell("interval-ms"), "4294967.0");
	assert_true(strtod(cell("receive-interval-ms"), NULL) * 1000 + 0.5 > UINT32_MAX);
	m.interval_ms = UINT32_MAX;
	m.receive_ms = 1;
	want(&m);
	DUT_AWAIT(n_news == 2);
	assert_true(strtod(cell("interval-ms"), NULL) * 1000 + 0.5 > UINT32_MAX);
	assert_string_equal(cell("receive-interval-ms"), "1.0");
}

/* What could not be sent is counted, and the session goes on when it can. */
static void test_send_errors(void **state)
{
	far_multiplier = 100;
	come_up(7);
	assert_string_equal(cell("send-errors"), "0");
	dut_ip("link set lo down");
	DUT_AWAIT(!str_eq(cell("send-errors"), "0"));
	dut_ip("link set lo up");
	n_heard = 0;
	HEAR_UNTIL(n_heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_session, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_six, begin_six, end_six),
		cmocka_unit_test_setup_teardown(test_show, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_wrong_source, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_two, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_sockets, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_moved, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_wgd_twice, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_no_port, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_number_again, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_log, begin_logged, end_logged),
		cmocka_unit_test_setup_teardown(test_link_local, begin_link_local, end_link_local),
		cmocka_unit_test_setup_teardown(test_interface_later, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_no_wgd, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_slow, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_send_errors, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_refused, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_far_end_says_down, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_wgd_again, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_gone, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_no_interface, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_passive, begin_check, end_check),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
