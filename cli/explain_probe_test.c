/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_probe: how large the second look is where large packets are lost, with played pingers:
 * what they send is answered if it is small enough, else somebody may say so. And as whose packets
 * they are sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>

#include "client.h"
#include "explain_gather.h"
#include "explain_probe.h"
#include "machine.h"
#include "members.h"
#include "pinger.h"
#include "session.h"
#include "util.h"

#define SILENCE 0

static unsigned passes;	  /* bytes */
static uint32_t says_mtu; /* of what does not; SILENCE: nobody says so */
static unsigned n_open, open_max;
static unsigned n_passed, tunnel; /* opened for a source behind this machine; the interface */
static struct addr source;

int pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		void (*answered)(void *arg, uint32_t number), void *arg)
{
	*p = (struct pinger){.fd = -1};
	if (n_open == open_max)
		return -EMFILE;
	n_open++;
	*p = (struct pinger){
		.fd = 1, .out = 1, .family = to->family, .answered = answered, .arg = arg};
	source = *from;
	return 0;
}

int pinger_open_passed(struct pinger *p, unsigned by, const struct addr *to,
		       const struct addr *from, void (*answered)(void *arg, uint32_t number),
		       void *arg)
{
	int err = pinger_open(p, to, from, answered, arg);

	n_passed++;
	tunnel = by;
	p->answered_by = 1; /* lo */
	return err;
}

int pinger_tune(struct pinger *p, unsigned size, unsigned hops, pinger_error_fn failed)
{
	p->size = size < 65535 ? size : 65535;
	p->failed = failed;
	return 0;
}

int pinger_send(struct pinger *p, uint32_t number)
{
	struct pinger_error e = {.number = number, .mtu = says_mtu};

	e.type = p->family == AF_INET ? ICMP_DEST_UNREACH : ICMP6_PACKET_TOO_BIG;
	e.code = p->family == AF_INET ? ICMP_FRAG_NEEDED : 0;
	if (p->size <= passes)
		p->answered(p->arg, number);
	else if (says_mtu != SILENCE)
		p->failed(p->arg, &e);
	return 0;
}

void pinger_close(struct pinger *p)
{
	n_open -= p->fd >= 0;
	p->fd = -1;
}

bool client_wait(struct client *c, unsigned ms)
{
	return true;
}

uint64_t machine_tcp_count(const char *name)
{
	return 0;
}

static const struct {
	bool six;
	unsigned mtu, passes;
	uint32_t says_mtu;
	unsigned whole, fits; /* their sizes; fits 0: it is not sent */
} rows[] = {
	{false, 1420, 1420, SILENCE, 1420, 0},
	{false, 1420, 1300, SILENCE, 1420, 1280},
	{false, 1420, 1300, 1300, 1420, 1300},
	/* what cannot be */
	{false, 1420, 1300, 20, 1420, 1280},
	{false, 1420, 1300, 575, 1420, 1280},
	{false, 1420, 1300, 576, 1420, 576},
	{true, 1420, 1300, 1279, 1420, 1280},
	{true, 1420, 1300, 1281, 1420, 1281},
	{false, 1420, 1300, 1420, 1420, 1280},
	{false, 1420, 1300, 0xffffffff, 1420, 1280},
	/* nothing below the least one, and nothing that fits no packet */
	{false, 1280, 1000, SILENCE, 1280, 576},
	{true, 1280, 1000, SILENCE, 1280, 0},
	{false, 65536, 1300, SILENCE, 65535, 1280},
	{false, 65536, 65535, SILENCE, 65535, 0},
};

static struct explain probed(size_t i)
{
	static struct cli_session s;
	struct explain g = {.plane = "main"};
	char why[PROBE_WHY_MAX] = "";

	assert_int_equal(prefix_parse(rows[i].six ? "fd00:2::7/128" : "192.168.2.7/32", &g.dst), 0);
	g.facts = json_pack("{s:{s:b, s:s}, s:{s:s, s:i}}", "source", "local", true, "probe-from",
			    rows[i].six ? "fd00:1::1" : "192.168.1.1", "kernel", "interface", "u0",
			    "mtu", (int)rows[i].mtu);
	passes = rows[i].passes;
	says_mtu = rows[i].says_mtu;
	assert_true(explain_probe(&s, &g, why));
	assert_string_equal(why, "");
	assert_int_equal(n_open, 0);
	return g;
}

static void test_sizes(void **state)
{
	open_max = 8;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct explain g = probed(i);
		const json_t *probe = json_object_get(g.facts, "probe");
		const json_t *whole = json_object_get(probe, "whole");
		const json_t *fits = json_object_get(probe, "fits");

		if (int_of(whole, "size") != rows[i].whole || int_of(fits, "size") != rows[i].fits)
			fail_msg("row %zu: whole %lld, fits %lld", i,
				 (long long)int_of(whole, "size"), (long long)int_of(fits, "size"));
		json_decref(g.facts);
	}
}

/* The verdict that there is already stays. */
static void test_no_second_look(void **state)
{
	open_max = 2;
	for (size_t i = 1; i < 3; i++) {
		struct explain g = probed(i);

		assert_null(json_object_get(json_object_get(g.facts, "probe"), "fits"));
		json_decref(g.facts);
	}
}

/* An own source, one behind this machine by a tunnel, and by another interface. */
static void test_whose(void **state)
{
	static const struct {
		bool local;
		const char *interface, *from, *in; /* in: of the answer */
		unsigned tunnel;
	} whose[] = {{true, "lo", "192.168.1.1", "", 0},
		     {false, "lo", "192.168.1.9", "lo", 1},
		     {false, "u0", "192.168.1.1", "lo", 0}};
	static struct cli_session s;

	open_max = 8;
	passes = 1420;
	for (size_t i = 0; i < ARRAY_SIZE(whose); i++) {
		struct explain g = {.plane = "main"};
		char why[PROBE_WHY_MAX] = "";
		const json_t *probe;

		n_passed = tunnel = 0;
		assert_int_equal(prefix_parse("192.168.2.7/32", &g.dst), 0);
		g.facts = json_pack("{s:{s:s, s:b, s:s}, s:{s:s, s:i}, s:[{s:s}]}", "source",
				    "address", whose[i].local ? "192.168.1.1" : "192.168.1.9",
				    "local", whose[i].local, "probe-from", "192.168.1.1", "kernel",
				    "interface", whose[i].interface, "mtu", 1420, "interfaces",
				    "name", "lo");
		assert_true(explain_probe(&s, &g, why));
		probe = json_object_get(g.facts, "probe");
		assert_string_equal(str_of(probe, "from"), whose[i].from);
		assert_string_equal(ADDR_STR(&source), whose[i].from);
		assert_string_equal(str_of(json_object_get(probe, "answer"), "in"), whose[i].in);
		assert_int_equal(n_passed > 0, !whose[i].local);
		assert_int_equal(tunnel, whose[i].tunnel);
		json_decref(g.facts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_second_look),
		cmocka_unit_test(test_whose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
