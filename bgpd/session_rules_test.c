/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions by tables: each wrong header and what is answered; each way in which a session ends,
 * what people are told of it, and whether its paths are kept; what each change of the configuration
 * does to a session that is up; that every message is counted. The clock stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "rib.h"
#include "rig.h"
#include "rig_clock.h"
#include "session.h"
#include "util.h"

#define PEER 13
#define BGP "'as': 65000, 'router-id': '10.0.0.5'"
#define OPTIONS "'address': '10.9.0.13', 'remote-as': 65013, 'passive': true, 'import': ['all'], "

static void configure(const char *bgp_part, const char *options)
{
	char *config = xasprintf("{'bgp': {%s, 'neighbor': [{%s}]}}", bgp_part, options);

	rig_config(config);
	rig_settle();
	free(config);
}

static void start(const char *options)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	configure(BGP, options);
	rig_pass(200 * 1000); /* we have not just restarted */
}

static int setup(void **state)
{
	start(OPTIONS "'export': ['all']");
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
}

static void again(void)
{
	teardown(NULL);
	setup(NULL);
}

static struct far *up(bool gr)
{
	struct far *f = far_up(PEER, &(struct far_open){.as = 65013, .gr = gr});

	assert_false(f->ended);
	return f;
}

static void say_bytes(struct far *f, const void *bytes, size_t len)
{
	far_say(f, &(struct wr){.data = (uint8_t *)bytes, .len = len}, 0);
	rig_settle();
}

/* RFC 4271 section 6.1. */
static void test_headers(void **state)
{
	static const struct {
		uint16_t len;
		uint8_t type;
		uint8_t subcode; /* 0: fine so far */
	} rows[] = {
		{29, 1, 0},   {28, 1, 2},   {23, 2, 0},	  {22, 2, 2},	{21, 3, 0},   {20, 3, 2},
		{19, 4, 0},   {18, 4, 2},   {20, 4, 2},	  {23, 5, 0},	{22, 5, 2},   {19, 0, 3},
		{19, 6, 3},   {19, 255, 3}, {4096, 2, 0}, {4097, 2, 2}, {4096, 1, 0}, {65535, 2, 2},
		{4096, 4, 2}, {0, 4, 2},    {0, 0, 3},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f = far_connect(PEER);
		uint8_t m[19];

		memset(m, 0xff, 16);
		m[16] = rows[i].len >> 8;
		m[17] = rows[i].len;
		m[18] = rows[i].type;
		if (rows[i].type == 4 && rows[i].len == 19) {
			far_open(f, &(struct far_open){.as = 65013}); /* where it is legal */
			rig_settle();
		}
		say_bytes(f, m, sizeof(m));
		if (f->ended != (rows[i].subcode != 0) ||
		    f->error.code != (rows[i].subcode ? 1 : 0) ||
		    f->error.subcode != rows[i].subcode)
			fail_msg("row %u: %d %u/%u", i, f->ended, f->error.code, f->error.subcode);
		if (rows[i].subcode == 2) {
			assert_int_equal(f->error.len, 2);
			assert_memory_equal(f->error.data, m + 16, 2);
		} else if (rows[i].subcode == 3) {
			assert_int_equal(f->error.len, 1);
			assert_int_equal(f->error.data[0], rows[i].type);
		}
		again();
	}
	for (unsigned i = 0; i < 16; i++) {
		struct far *f = far_connect(PEER);
		uint8_t m[19] = {[17] = 19, [18] = 4};

		memset(m, 0xff, 16);
		m[i] = 0xfe;
		say_bytes(f, m, sizeof(m));
		assert_true(f->ended);
		assert_int_equal(f->error.code, 1);
		assert_int_equal(f->error.subcode, 1);
		assert_int_equal(f->error.len, 0);
		again();
	}
}

/* RFC 6608: a message that is not legal in a state, with that state and its type. */
static void test_unexpected(void **state)
{
	static const uint8_t legal[3][5] = {{1, 3}, {3, 4}, {2, 3, 4, 5}};

	for (unsigned n = 0; n < 15; n++) {
		unsigned in = n / 5;
		uint8_t type = n % 5 + 1, m[64] = {[17] = 29, [18] = type};
		bool ok = memchr(legal[in], type, sizeof(legal[in]));
		struct far *f = far_connect(PEER);

		if (in > 0)
			far_open(f, &(struct far_open){.as = 65013});
		rig_settle();
		if (in > 1)
			far_keepalive(f);
		rig_settle();
		assert_int_equal(far_peer(f)->state, PEER_OPENSENT + in);
		memset(m, 0xff, 16);
		m[17] = type == 4 ? 19 : 29;
		if (!ok) {
			say_bytes(f, m, m[17]);
			assert_true(f->ended);
			assert_int_equal(f->error.code, 5);
			assert_int_equal(f->error.subcode, in + 1);
			assert_int_equal(f->error.len, 1);
			assert_int_equal(f->error.data[0], type);
			assert_string_equal(strchr(far_peer(f)->last_error, ':'),
					    ": message not expected in this state");
		}
		again();
	}
}

/* ---- ends */

static void by_closing(struct far *f)
{
	shutdown(f->fd, SHUT_RDWR);
}

static void by_reset(struct far *f)
{
	struct linger hard = {.l_onoff = 1};

	setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(f->fd);
	f->fd = -1;
	f->ended = true;
}

#define MARKER "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

static void by_notification(struct far *f)
{
	say_bytes(f, MARKER "\0\x19\3\6\2\3bye", 25);
}

static void by_rejection(struct far *f)
{
	say_bytes(f, MARKER "\0\x15\3\6\5", 21);
}

static void by_short_word(struct far *f)
{
	say_bytes(f, MARKER "\0\x17\3\6\4\1x", 23);
}

static void by_collision(struct far *f)
{
	say_bytes(f, MARKER "\0\x15\3\6\7", 21);
}

static void by_strange_notification(struct far *f)
{
	say_bytes(f, MARKER "\0\x15\3\x63\1", 21);
}

static void by_garbage(struct far *f)
{
	say_bytes(f, "0123456789abcdef012", 19);
}

static void by_update(struct far *f)
{
	say_bytes(f, MARKER "\0\x1d\2\0\0\0\0\x21\1\2\3\4\5", 29);
}

static void by_silence(struct far *f)
{
	rig_pass(90 * 1000);
}

static void by_clear(struct far *f)
{
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.13'}");
}

static void by_disabling(struct far *f)
{
	configure(BGP, OPTIONS "'export': ['all'], 'disabled': true");
}

static void by_another_as(struct far *f)
{
	configure("'as': 65001, 'router-id': '10.0.0.5'", OPTIONS "'export': ['all']");
}

static void by_restart(struct far *f)
{
	rig_pass(3000);
	far_up(PEER, &(struct far_open){.as = 65013, .gr = true, .restarting = true});
}

static void by_tunnel(struct far *f)
{
	rig_tunnel("10.9.0.13", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.13", "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
}

/* Who had enough of a neighbour's errors rejects its calls: both ends still say what was wrong. */
static void test_rejected(void **state)
{
	static const char bad_as[] =
		"sent OPEN Message Error/Bad Peer AS: AS 65099 is not the configured one";
	struct far *f = far_connect(PEER);
	char wanted[160];

	far_open(f, &(struct far_open){.as = 65099});
	rig_settle();
	assert_string_equal(far_peer(f)->last_error, bad_as);
	snprintf(wanted, sizeof(wanted), "received Cease/Connection Rejected, after: %s", bad_as);
	for (int i = 0; i < 2; i++) {
		far_close(f);
		f = far_connect(PEER);
		by_rejection(f);
		assert_string_equal(far_peer(f)->last_error, wanted);
	}
	far_close(f);
	f = up(false);
	by_rejection(f);
	assert_string_equal(far_peer(f)->last_error, "received Cease/Connection Rejected");
	again();
}

/* How a session ended, what is said of it, and whether paths of a neighbour with graceful restart
 * are kept; of one without none are. */
static void test_ends(void **state)
{
	static const struct {
		void (*end)(struct far *f);
		const char *error, *notification; /* NULL: none */
		bool kept;
		uint8_t code, subcode; /* heard */
		bool asked;
	} rows[] = {
		{by_closing, "connection lost: closed by the neighbour", NULL, true, 0, 0, false},
		{by_reset, "connection lost: Connection reset by peer", NULL, true, 0, 0, false},
		{by_notification, "received Cease/Administrative Shutdown: bye",
		 "received Cease/Administrative Shutdown: bye", false, 0, 0, true},
		{by_short_word, "received Cease/Administrative Reset: x",
		 "received Cease/Administrative Reset: x", false, 0, 0, true},
		{by_collision, "received Cease/Connection Collision Resolution",
		 "received Cease/Connection Collision Resolution", true, 0, 0, false},
		{by_strange_notification, "received code 99/1", "received code 99/1", false, 0, 0,
		 false},
		{by_garbage,
		 "sent Message Header Error/Connection Not Synchronized: no marker in front of a "
		 "message",
		 "sent Message Header Error/Connection Not Synchronized: no marker in front of a "
		 "message",
		 false, 1, 1, false},
		{by_update, "sent UPDATE Message Error/Invalid Network Field: malformed prefix",
		 "sent UPDATE Message Error/Invalid Network Field: malformed prefix", false, 3, 10,
		 false},
		{by_silence, "sent Hold Timer Expired: nothing heard within the hold time",
		 "sent Hold Timer Expired: nothing heard within the hold time", false, 4, 0, false},
		{by_clear, "sent Cease/Administrative Reset: cleared by the operator",
		 "sent Cease/Administrative Reset: cleared by the operator", false, 6, 4, true},
		{by_disabling, "sent Cease/Administrative Shutdown: disabled by configuration",
		 "sent Cease/Administrative Shutdown: disabled by configuration", false, 6, 2,
		 false},
		{by_another_as,
		 "sent Cease/Other Configuration Change: our AS, identifier or graceful restart "
		 "changed",
		 "sent Cease/Other Configuration Change: our AS, identifier or graceful restart "
		 "changed",
		 false, 6, 6, false},
		{by_restart, "the neighbour restarted", NULL, true, 0, 0, false},
		{by_tunnel, NULL, NULL, false, 6, 10, false},
	};

	for (unsigned n = 0; n < ARRAY_SIZE(rows) * 2; n++) {
		unsigned i = n / 2;
		bool gr = n % 2, kept = gr && rows[i].kept;
		struct peer *p;
		struct far *f;
		const json_t *r, *path;

		if (rows[i].end == by_restart && !gr)
			continue;
		f = up(gr);
		p = far_peer(f);
		far_announce(f, &(struct news){.prefix = "10.1.0.0/16",
					       .nexthop = "10.9.0.99",
					       .path = {65013}});
		assert_non_null(rig_path("10.1.0.0/16", PEER));
		rows[i].end(f);
		rig_settle();
		RIG_AWAIT((far_hear(f), f->ended)); /* he may have another one */
		rig_settle();
		path = rig_path("10.1.0.0/16", PEER);
		if ((path != NULL) != kept || (path && !rig_bool(path, "stale")))
			fail_msg("row %u, gr %d: path %d", i, gr, path != NULL);
		if (rows[i].error && !str_eq(p->last_error, rows[i].error))
			fail_msg("row %u: %s", i, p->last_error);
		r = rig_ask("{'command': 'bgp-summary'}");
		r = json_array_get(json_object_get(r, "neighbors"), 0);
		if (rows[i].error) {
			assert_string_equal(rig_str(r, "last-error"), rows[i].error);
			assert_int_equal(json_is_null(json_object_get(r, "last-notification")),
					 !rows[i].notification);
		}
		if (rows[i].notification)
			assert_string_equal(rig_str(r, "last-notification"), rows[i].notification);
		if (rows[i].end != by_reset &&
		    (f->error.code != rows[i].code || f->error.subcode != rows[i].subcode))
			fail_msg("row %u: heard %u/%u", i, f->error.code, f->error.subcode);
		assert_int_equal(p->end_asked, rows[i].asked);
		assert_int_equal(p->end_silent, rows[i].end == by_silence ? 90 : 0);
		assert_int_equal(p->count.dropped, 1);
		assert_int_equal(p->count.established, rows[i].end == by_restart ? 2 : 1);
		if (rows[i].end == by_restart)
			far_close(f); /* the other one ends with the rig */
		again();
	}
}

/* ---- changes of the configuration */

static void test_changes(void **state)
{
	static const struct {
		const char *bgp_part, *options;
		uint8_t subcode; /* of Cease; 0: nothing ends */
	} rows[] = {
		{BGP, OPTIONS "'export': ['all']", 0},
		{BGP, OPTIONS "'export': ['none'], 'description': 'x', 'max-prefix': 7", 0},
		{BGP, OPTIONS "'export': ['all'], 'port': 1790, 'connect-retry': 9", 0},
		{BGP, OPTIONS "'export': ['all'], 'keepalive': 9, 'send-hold-time': 500", 0},
		{BGP, OPTIONS "'export': ['all'], 'next-hop-self': true, 'allowas-in': 3", 0},
		{BGP, OPTIONS "'export': ['all'], 'hold-time': 9", 6},
		{BGP, OPTIONS "'export': ['all'], 'multihop': 9", 6},
		{BGP, OPTIONS "'export': ['all'], 'ipv6-unicast': false", 6},
		{BGP, OPTIONS "'export': ['all'], 'disabled': true", 2},
		{BGP, "'address': '10.9.0.14', 'remote-as': 65014", 3},
		{BGP, OPTIONS "'export': ['all'], 'plane': 'blue'", 0}, /* there is no such plane */
		{"'as': 65001, 'router-id': '10.0.0.5'", OPTIONS "'export': ['all']", 6},
		{"'as': 65000, 'router-id': '10.0.0.6'", OPTIONS "'export': ['all']", 6},
		{BGP ", 'graceful-restart': {'enabled': false}", OPTIONS "'export': ['all']", 6},
		{BGP ", 'graceful-restart': {'restart-time': 7}", OPTIONS "'export': ['all']", 6},
		{BGP ", 'graceful-restart': {'stale-time': 7}", OPTIONS "'export': ['all']", 0},
		{BGP ", 'cluster-id': '1.1.1.1'", OPTIONS "'export': ['all']", 0},
		{BGP ", 'default-local-pref': 7", OPTIONS "'export': ['all']", 0},
		{BGP ", 'last-path': 'keep'", OPTIONS "'export': ['all']", 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f = up(false);

		configure(rows[i].bgp_part, rows[i].options);
		if (f->ended != (rows[i].subcode != 0) ||
		    f->error.code != (rows[i].subcode ? 6 : 0) ||
		    f->error.subcode != rows[i].subcode)
			fail_msg("row %u: %u/%u", i, f->error.code, f->error.subcode);
		if (rows[i].subcode == 2)
			assert_string_equal(
				rig_str(json_array_get(json_object_get(rig_ask("{'command': "
									       "'bgp-summary'}"),
								       "neighbors"),
						       0),
					"state"),
				"disabled");
		else if (rows[i].subcode == 6)
			assert_int_equal(far_peer(f)->state, PEER_ACTIVE);
		again();
	}
}

/* A peer that may not be up yet: each state, and its name. */
static const char *state_of(void)
{
	const json_t *all = rig_ask("{'command': 'bgp-summary'}");

	return rig_str(json_array_get(json_object_get(all, "neighbors"), 0), "state");
}

static void test_states(void **state)
{
	struct far *f;

	assert_string_equal(state_of(), "active");
	f = far_connect(PEER);
	assert_string_equal(state_of(), "opensent");
	far_open(f, &(struct far_open){.as = 65013});
	rig_settle();
	assert_string_equal(state_of(), "openconfirm");
	far_keepalive(f);
	rig_settle();
	assert_string_equal(state_of(), "established");
	by_garbage(f);
	assert_string_equal(state_of(), "idle"); /* an error: for a second */
	rig_pass(1000);
	assert_string_equal(state_of(), "active");
	far_close(f);
	f = far_connect(PEER);
	assert_string_equal(state_of(), "opensent");
	configure(BGP, OPTIONS "'disabled': true");
	assert_string_equal(state_of(), "disabled");
	assert_int_equal(far_peer(f)->state, PEER_IDLE);
}

static void ask(struct far *f, uint8_t afi, uint8_t subtype, uint8_t safi)
{
	uint8_t m[23] = {[17] = 23, [18] = 5, [20] = afi, [21] = subtype, [22] = safi};

	memset(m, 0xff, 16);
	say_bytes(f, m, sizeof(m));
}

/* RFC 2918: of a family that both speak everything comes again, of another one nothing does. */
static void test_refresh(void **state)
{
	struct far *f;
	unsigned before;

	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist("2001:db8:1::/48", REDIST_CONNECTED, true);
	for (int only4 = 0; only4 < 2; only4++) {
		configure(BGP ", 'network': ['172.16.1.0/24', '2001:db8:1::/48']",
			  OPTIONS "'export': ['all']");
		f = far_up(PEER, &(struct far_open){.as = 65013, .only4 = only4});
		rig_settle();
		assert_int_equal(json_object_size(f->rib), only4 ? 1 : 2);
		before = f->updates;
		ask(f, 3, 0, 1);
		ask(f, 1, 1, 1);
		ask(f, 1, 0, 2);
		ask(f, 0, 0, 1);
		assert_int_equal(f->updates, before);
		ask(f, 1, 0, 1);
		assert_int_equal(f->updates, before + 1);
		ask(f, 2, 0, 1);
		assert_int_equal(f->updates, before + (only4 ? 1 : 2));
		assert_false(f->ended);
		far_close(f);
		rig_settle();
	}
}

/* Nobody is asked for what he does not know. */
static void test_no_refresh(void **state)
{
	for (int no = 0; no < 2; no++) {
		struct far *f = far_up(PEER, &(struct far_open){.as = 65013, .no_refresh = no});

		rig_ask("{'command': 'clear', 'neighbor': '10.9.0.13', 'soft': 'in'}");
		rig_settle();
		assert_int_equal(f->refreshes, no ? 0 : 2);
		assert_false(f->ended);
		again();
	}
}

/* Of one that is not up the configuration says what it is, at once. */
static void test_type(void **state)
{
	static const char *const rows[][2] = {{"65000", "internal"},
					      {"65001", "external"},
					      {"'internal'", "internal"},
					      {"'external'", "external"},
					      {"65000", "internal"}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *options = xasprintf(
			"'address': '10.9.0.13', 'passive': true, 'remote-as': %s", rows[i][0]);
		const json_t *all;

		configure(BGP, options);
		all = rig_ask("{'command': 'bgp-neighbors'}");
		assert_string_equal(
			rig_str(json_array_get(json_object_get(all, "neighbors"), 0), "type"),
			rows[i][1]);
		free(options);
	}
}

/* RFC 5492: where no family is common, those that we speak are named. */
static void test_no_common_family(void **state)
{
	static const struct {
		const char *options;
		bool four, six;
		uint8_t len;
		const char *data;
	} rows[] = {
		{"", false, false, 12, "\1\4\0\1\0\1\1\4\0\2\0\1"},
		{", 'ipv6-unicast': false", false, true, 6, "\1\4\0\1\0\1"},
		{", 'ipv4-unicast': false", true, false, 6, "\1\4\0\2\0\1"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct open o = {.as = 65013,
				 .router_id = 1,
				 .hold_time = 90,
				 .mp = true,
				 .family = {rows[i].four, rows[i].six},
				 .four_octet = true};
		char *options = xasprintf("%s'export': ['all']%s", OPTIONS, rows[i].options);
		struct wr w = {0};
		struct far *f;

		configure(BGP, options);
		f = far_connect(PEER);
		open_put(&w, &o);
		if (i == 0) { /* multicast alone: a parameter more */
			wr_bytes(&w, "\2\6\1\4\0\1\0\2", 8);
			w.data[17] += 8;
			w.data[28] += 8;
		}
		far_say(f, &w, 1);
		rig_settle();
		assert_true(f->ended);
		assert_int_equal(f->error.code, 2);
		assert_int_equal(f->error.subcode, 7);
		assert_int_equal(f->error.len, rows[i].len);
		assert_memory_equal(f->error.data, rows[i].data, rows[i].len);
		wr_free(&w);
		free(options);
		again();
	}
}

/* RFC 9687: 8 minutes or twice the hold time, what is longer; or what is configured; never without
 * a hold time. */
static void test_send_hold(void **state)
{
	static const struct {
		uint16_t hold;
		const char *configured;
		uint32_t send_hold;
	} rows[] = {{90, "", 480},
		    {200, "", 480},
		    {240, "", 480},
		    {241, "", 482},
		    {400, "", 800},
		    {65535, "", 131070},
		    {90, ", 'send-hold-time': 7", 7},
		    {400, ", 'send-hold-time': 0", 0}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *options = xasprintf("%s'export': ['all'], 'hold-time': 65535%s", OPTIONS,
					  rows[i].configured);
		struct far *f;

		configure(BGP, options);
		f = far_up(PEER, &(struct far_open){.as = 65013, .hold_time = rows[i].hold});
		assert_int_equal(far_peer(f)->hold_time, rows[i].hold);
		assert_int_equal(far_peer(f)->send_hold, rows[i].send_hold);
		assert_int_equal(far_peer(f)->keepalive,
				 rows[i].hold / 3 < 30 ? rows[i].hold / 3 : 30);
		free(options);
		again();
	}
}

/* As many bytes as are read at once, and not one more. */
static void test_full_reads(void **state)
{
	static uint8_t m[64 * 1024];
	struct far *f = up(false);

	for (uint8_t *at = m; at < m + sizeof(m); at += 4096) {
		memset(at, 0xff, 16);
		memcpy(at + 16, "\x10\0\2\x0f\xe9", 5); /* 4096 bytes, withdrawals alone */
		for (unsigned i = 0; i < 1018; i++)
			memcpy(at + 21 + i * 4, (uint8_t[]){24, 10, i >> 8, i}, 4);
		memset(at + 21 + 1018 * 4, 0, 3); /* a default route, no attributes */
	}
	for (unsigned n = 1; n < 4; n++) {
		uint64_t before = far_peer(f)->count.updates_in;

		conn_hold_reading(far_peer(f), true);
		for (unsigned i = 0; i < n; i++)
			far_say(f, &(struct wr){.data = m, .len = sizeof(m)}, 16);
		rig_turn();
		assert_int_equal(far_peer(f)->count.updates_in, before);
		conn_hold_reading(far_peer(f), false);
		rig_settle();
		assert_int_equal(far_peer(f)->count.updates_in, before + 16 * n);
		assert_false(f->ended);
	}
}

/* What we said and what he heard are the same number, whatever it was. */
static void test_counts(void **state)
{
	uint64_t heard = 0, said = 0;
	struct far *f;
	struct peer *p;

	f = far_connect(PEER);
	p = far_peer(f);
	far_open(f, &(struct far_open){.as = 65099});
	rig_settle();
	assert_true(f->ended);
	heard += f->heard;
	said += f->said;
	assert_int_equal(p->count.messages_out, heard); /* OPEN and NOTIFICATION */
	assert_int_equal(heard, 2);
	far_close(f);
	rig_pass(1000);
	f = far_connect(PEER);
	far_open(f, &(struct far_open){.as = 65013});
	rig_settle();
	far_keepalive(f);
	rig_settle();
	far_announce(f, &(struct news){
				.prefix = "10.1.0.0/16", .nexthop = "10.9.0.99", .path = {65013}});
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.13', 'soft': 'in'}");
	rig_settle();
	assert_int_equal(f->refreshes, 2);
	rig_pass(31 * 1000); /* a KEEPALIVE or two */
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.13'}");
	rig_settle();
	assert_true(f->ended);
	assert_true(f->keepalives >= 2 && f->updates == 2);
	heard += f->heard;
	said += f->said;
	assert_int_equal(p->count.messages_out, heard);
	assert_int_equal(p->count.updates_out, 2); /* the End-of-RIBs */
	assert_int_equal(p->count.messages_in, said);
	assert_int_equal(p->count.updates_in, 1);
	assert_int_equal(p->count.established, 1);
	assert_int_equal(p->count.dropped, 1);
	far_close(f);
	configure(BGP, OPTIONS "'disabled': true");
	f = far_connect(PEER);
	rig_settle();
	assert_true(f->ended);
	assert_int_equal(f->error.subcode, 5);
	assert_string_equal(f->error.text, "");
	assert_int_equal(p->count.messages_out, heard + f->heard);
	assert_int_equal(f->heard, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_headers),   T(test_unexpected), T(test_ends),
		T(test_changes),   T(test_rejected),   T(test_states),
		T(test_type),	   T(test_no_refresh), T(test_no_common_family),
		T(test_send_hold), T(test_full_reads), T(test_refresh),
		T(test_counts),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
