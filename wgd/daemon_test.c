/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgd as a process, with wireguard-go in a namespace of its own. The test plays the parent and
 * zebra-lite, and looks at the device with wg(8); the far end is a second device on the loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dut.h"
#include "userspace.h"

int wgd_main(int argc, char **argv);
#define main wgd_main
#include "main.c"
#undef main

static struct ipc *zebra;
static json_t *interfaces, *tunnels; /* name: what was told of it */
static uint32_t ids[2];		     /* of the peers a and b */
static unsigned syncs;
static struct msg_allowed_ack ack;
static bool acked;
static uint32_t batches_sent;
static json_t *held;
static char dir[] = "/tmp/wgbgp-wgd-XXXXXX";
static uint8_t our_key[KEY_BYTES] = {[0] = 8, [31] = 0x41},
	       far_key[KEY_BYTES] = {[0] = 16, [31] = 0x42};

static void on_peer(const struct ipc_frame *f)
{
	struct msg_tunnel_peer m;
	char text[256];

	assert_int_equal(msg_get_tunnel_peer(f->body, f->len, &m), 0);
	snprintf(text, sizeof(text), "%s %s cost %u addrs %u fixed %u", tunnel_state_name(m.state),
		 reason_name(m.reason), m.cost, m.n_addrs, m.n_fixed);
	json_object_set_new(tunnels, m.name, json_string(text));
	if (m.name[1] == '\0' && (m.name[0] == 'a' || m.name[0] == 'b'))
		ids[m.name[0] - 'a'] = m.id;
	msg_free_tunnel_peer(&m);
}

static void on_if(const struct ipc_frame *f)
{
	struct msg_tunnel_if m;
	char text[256];

	assert_int_equal(msg_get_tunnel_if(f->body, f->len, &m), 0);
	snprintf(text, sizeof(text), "%s%s%s mark %u addrs %u", m.up ? "up" : "down",
		 m.adopted ? " adopted" : "", m.any ? " any" : "", m.fwmark, m.n_addrs);
	json_object_set_new(interfaces, m.name, json_string(text));
	msg_free_tunnel_if(&m);
}

static void on_held(const struct ipc_frame *f)
{
	struct msg_allowed m;

	assert_int_equal(msg_get_allowed(f->body, f->len, &m), 0);
	for (uint32_t i = 0; i < m.n; i++)
		json_object_set_new(held, PREFIX_STR(&m.changes[i].prefix),
				    json_integer(m.changes[i].peer_id));
	msg_free_allowed(&m);
}

static void on_zebra(void *arg, const struct ipc_frame *f)
{
	uint32_t id;

	switch (f->type) {
	case MSG_TUNNEL_IF:
		on_if(f);
		break;
	case MSG_TUNNEL_PEER:
		on_peer(f);
		break;
	case MSG_TUNNEL_PEER_GONE:
		assert_int_equal(msg_get_u32(f->body, f->len, &id), 0);
		json_object_del(tunnels, id == ids[0] ? "a" : "b");
		break;
	case MSG_TUNNEL_IF_GONE:
		json_object_clear(interfaces);
		break;
	case MSG_TUNNEL_SYNC:
		syncs++;
		break;
	case MSG_ALLOWED_HELD:
		on_held(f);
		break;
	case MSG_ALLOWED_ACK:
		msg_free_allowed_ack(&ack);
		assert_int_equal(msg_get_allowed_ack(f->body, f->len, &ack), 0);
		acked = true;
		break;
	case MSG_ALLOWED_REFUSED:
		break;
	default:
		fail_msg("unexpected %s", msg_name(f->type));
	}
}

static const char *told(const json_t *book, const char *name)
{
	const char *t = json_string_value(json_object_get(book, name));

	return t ? t : "-";
}

/* The answer of a shell command, its last newline cut. */
static const char *sh(const char *fmt, ...)
{
	static char text[4096];
	char *line = NULL;
	va_list ap;
	FILE *f;
	size_t n;

	va_start(ap, fmt);
	assert_true(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	f = popen(line, "r");
	n = fread(text, 1, sizeof(text) - 1, f);
	pclose(f);
	free(line);
	text[n && text[n - 1] == '\n' ? n - 1 : n] = '\0';
	return text;
}

static void give_key(const char *path, const uint8_t key[KEY_BYTES])
{
	struct msg_secret m = {0};

	str_copy(m.path, path, sizeof(m.path));
	memcpy(m.key, key, KEY_BYTES);
	dut_secret(&m);
}

static char far_public[64], other_public[64];

/* PEER_A, PEERS: what else is in peer a, and behind it. */
static void configure(const char *iface, const char *peer_a, const char *peers)
{
	char *config = xasprintf(
		"{'wireguard': {'interface': [{'name': 'wg0', 'private-key-file': '/k', "
		"'listen-port': 51820, 'address': ['10.99.0.1/24', 'fd09::1/64'], 'backend': "
		"'userspace', 'liveness': {'poll-interval': 100, 'up-hold': 0} %s, 'peer': "
		"[{'name': 'a', "
		"'public-key': '%s', 'endpoint': ['127.0.0.1:51821'], 'tunnel-address': "
		"['10.99.0.2'], 'permit': ['192.168.0.0/16', '2001:db8::/32'] %s}%s]}]}}",
		iface, far_public, peer_a, peers);

	dut_apply(config);
	free(config);
}

#define PEER_B                                                                           \
	", {'name': 'b', 'public-key': 'XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=', " \
	"'tunnel-address': ['10.99.0.3'], 'permit': ['192.168.0.0/16'], 'allowed-ips': " \
	"['172.16.0.0/16'], 'cost': 5, 'persistent-keepalive': 21}"

static void forget(void)
{
	json_decref(interfaces);
	json_decref(tunnels);
	json_decref(held);
	interfaces = json_object();
	tunnels = json_object();
	held = json_object();
	syncs = 0;
}

static void begin(void)
{
	forget();
	dut_start(wgd_main, dir);
	give_key("/k", our_key);
	configure("", "", PEER_B);
	zebra = dut_channel(DAEMON_ZEBRA, on_zebra);
	DUT_AWAIT(syncs == 1);
}

static int begin_check(void **state)
{
	dut_namespace();
	mkdir("/run/wireguard", 0755);
	assert_int_equal(mount("none", "/run/wireguard", "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("none", "/tmp", "tmpfs", 0, NULL), 0);
	assert_non_null(mkdtemp(dir));
	assert_true(sodium_init() >= 0);
	{
		uint8_t pub[32];

		crypto_scalarmult_base(pub, far_key);
		sodium_bin2base64(far_public, sizeof(far_public), pub, 32,
				  sodium_base64_VARIANT_ORIGINAL);
		crypto_scalarmult_base(pub, our_key);
		sodium_bin2base64(other_public, sizeof(other_public), pub, 32,
				  sodium_base64_VARIANT_ORIGINAL);
	}
	begin();
	DUT_AWAIT(strncmp(told(interfaces, "wg0"), "up", 2) == 0 && *told(tunnels, "b") != '-');
	return 0;
}

static int end_check(void **state)
{
	dut_stop();
	ipc_free(zebra);
	userspace_stop("wireguard-go", dir, "wg0");
	userspace_stop("wireguard-go", dir, "far0");
	return 0;
}

/* One batch of one change; the reason that comes back. */
static enum reason allowed(enum allowed_op op, unsigned peer, const char *prefix)
{
	struct allowed_change c = {.op = op, .peer_id = ids[peer]};
	struct msg_allowed m = {.batch = ++batches_sent, .n = 1, .changes = &c};
	struct wr w = {0};

	assert_int_equal(prefix_parse(prefix, &c.prefix), 0);
	msg_put_allowed(&w, &m);
	acked = false;
	dut_say(zebra, MSG_ALLOWED, &w);
	DUT_AWAIT(acked);
	assert_int_equal(ack.batch, m.batch);
	return ack.n ? ack.refused[0].reason : REASON_NONE;
}

static void sweep(void)
{
	struct wr w = {0};

	wr_u32(&w, ++batches_sent);
	acked = false;
	dut_say(zebra, MSG_ALLOWED_SYNC, &w);
	DUT_AWAIT(acked);
	assert_int_equal(ack.batch, batches_sent);
}

/* AllowedIPs of the device at the peer whose key begins so, in wg(8)'s order. */
static const char *entries(const char *key)
{
	return sh(
		"wg show wg0 allowed-ips | grep '^%.8s' | cut -f2 | tr ' ' '\\n' | sort | tr '\\n' "
		"' '",
		key);
}

#define B_KEY "XasIfmJK"

static void test_device(void **state)
{
	json_t *all;

	assert_string_equal(sh("wg show wg0 listen-port"), "51820");
	assert_string_equal(sh("wg show wg0 public-key"), other_public);
	assert_string_equal(sh("wg show wg0 fwmark"), "off");
	assert_non_null(strstr(sh("ip -br addr show dev wg0"), "10.99.0.1/24"));
	assert_non_null(strstr(sh("ip -br addr show dev wg0"), "fd09::1/64"));
	assert_non_null(strstr(sh("ip link show dev wg0"), "mtu 1420"));
	assert_string_equal(sh("wg show wg0 endpoints | grep '^%.8s' | cut -f2", far_public),
			    "127.0.0.1:51821");
	assert_string_equal(sh("wg show wg0 persistent-keepalive | grep '^" B_KEY "' | cut -f2"),
			    "21");
	assert_string_equal(entries(far_public), "10.99.0.2/32 ");
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 ");
	assert_string_equal(told(interfaces, "wg0"), "up mark 0 addrs 2");
	assert_non_null(strstr(told(tunnels, "b"), "never handshake-never cost 5 addrs 1"));
	assert_string_equal(dut_cell("{'command': 'wireguard'}", "interfaces", "name", "wg0", "up"),
			    "true");
	assert_string_equal(
		dut_cell("{'command': 'wireguard'}", "interfaces", "name", "wg0", "listen-port"),
		"51820");
	assert_string_equal(
		dut_cell("{'command': 'wireguard'}", "interfaces", "name", "wg0", "addresses"),
		"[\"10.99.0.1/24\",\"fd09::1/64\"]");
	assert_string_equal(
		dut_cell("{'command': 'wireguard'}", "interfaces", "name", "wg0", "adopted"),
		"false");
	assert_string_equal(
		dut_cell("{'command': 'wireguard'}", "interfaces", "name", "wg0", "error"), "null");
	assert_string_equal(dut_cell("{'command': 'tunnels'}", "tunnels", "peer", "b", "interface"),
			    "\"wg0\"");
	assert_string_equal(dut_cell("{'command': 'tunnels'}", "tunnels", "peer", "b", "state"),
			    "\"never\"");
	all = dut_show("{'command': 'wireguard', 'interface': 'x'}");
	assert_string_equal(json_string_value(json_object_get(all, "error")), "no such interface");
	json_decref(all);
	/* Changed by a reload, seen on the device. */
	configure(", 'mtu': 1300, 'fwmark': 7",
		  ", 'persistent-keepalive': 9, 'allowed-ips': "
		  "['172.17.0.0/16']",
		  "");
	DUT_AWAIT(!strstr(sh("wg show wg0 peers"), B_KEY));
	DUT_AWAIT(str_eq(entries(far_public), "10.99.0.2/32 172.17.0.0/16 "));
	assert_string_equal(sh("wg show wg0 persistent-keepalive | cut -f2"), "9");
	assert_string_equal(sh("wg show wg0 fwmark"), "0x7");
	assert_non_null(strstr(sh("ip link show dev wg0"), "mtu 1300"));
	DUT_AWAIT(str_eq(told(tunnels, "b"), "-"));
	DUT_AWAIT(strstr(told(interfaces, "wg0"), "mark 7"));
	/* Somebody takes it away, it is put back. */
	sh("wg set wg0 peer %s remove", far_public);
	DUT_AWAIT(strstr(sh("wg show wg0 peers"), far_public));
	/* No interface any more. */
	dut_apply("{'wireguard': {}}");
	DUT_AWAIT(str_eq(sh("ip -br link show dev wg0 2>/dev/null"), ""));
	DUT_AWAIT(str_eq(told(interfaces, "wg0"), "-"));
}

static void test_entries(void **state)
{
	assert_int_equal(allowed(ALLOWED_SET, 0, "192.168.7.0/24"), REASON_NONE);
	assert_int_equal(allowed(ALLOWED_SET, 0, "2001:db8:7::/48"), REASON_NONE);
	assert_int_equal(allowed(ALLOWED_SET, 1, "192.168.8.0/24"), REASON_NONE);
	assert_string_equal(entries(far_public), "10.99.0.2/32 192.168.7.0/24 2001:db8:7::/48 ");
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 192.168.8.0/24 ");
	/* Moved by one SET; the UNSET at the one that had it changes nothing any more. */
	assert_int_equal(allowed(ALLOWED_SET, 1, "192.168.7.0/24"), REASON_NONE);
	assert_int_equal(allowed(ALLOWED_UNSET, 0, "192.168.7.0/24"), REASON_NONE);
	assert_string_equal(entries(far_public), "10.99.0.2/32 2001:db8:7::/48 ");
	assert_string_equal(entries(B_KEY),
			    "10.99.0.3/32 172.16.0.0/16 192.168.7.0/24 192.168.8.0/24 ");
	assert_int_equal(allowed(ALLOWED_UNSET, 1, "192.168.7.0/24"), REASON_NONE);
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 192.168.8.0/24 ");
	/* What is configured stays where it is. */
	assert_int_not_equal(allowed(ALLOWED_SET, 0, "172.16.0.0/16"), REASON_NONE);
	assert_int_not_equal(allowed(ALLOWED_SET, 0, "10.99.0.3/32"), REASON_NONE);
	assert_int_equal(allowed(ALLOWED_UNSET, 1, "172.16.0.0/16"), REASON_NONE);
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 192.168.8.0/24 ");
	assert_string_equal(dut_cell("{'command': 'allowed-ips', 'interface': 'wg0'}", "entries",
				     "prefix", "192.168.8.0/24", "peer"),
			    "\"b\"");
	/* A zebra-lite that is new is told what stands; what it does not say again goes. */
	ipc_free(zebra);
	forget();
	zebra = dut_channel(DAEMON_ZEBRA, on_zebra);
	DUT_AWAIT(syncs == 1);
	assert_int_equal(json_object_size(held), 2);
	assert_int_equal(json_integer_value(json_object_get(held, "192.168.8.0/24")), ids[1]);
	assert_int_equal(allowed(ALLOWED_SET, 1, "192.168.8.0/24"), REASON_NONE);
	sweep();
	assert_string_equal(entries(far_public), "10.99.0.2/32 ");
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 192.168.8.0/24 ");
	/* A wgd that is new finds them on the device. */
	dut_stop();
	ipc_free(zebra);
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 192.168.8.0/24 ");
	begin();
	assert_int_equal(json_integer_value(json_object_get(held, "192.168.8.0/24")), ids[1]);
	sweep();
	assert_string_equal(entries(B_KEY), "10.99.0.3/32 172.16.0.0/16 ");
	dut_teardown();
	DUT_AWAIT(!strstr(sh("wg show wg0 allowed-ips 2>/dev/null"), "192.168"));
}

/* It sends something each second. */
static void far_end_speaks(void)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "wg set far0 private-key /tmp/far.key listen-port 51821 peer %s allowed-ips "
		 "10.99.0.1/32 endpoint 127.0.0.1:51820 persistent-keepalive 1 2>/dev/null",
		 other_public);
	DUT_AWAIT(system(line) == 0);
}

static void far_end_comes(void)
{
	char hex[65];
	FILE *f;

	assert_int_equal(userspace_start("wireguard-go", dir, "far0"), 0);
	sodium_bin2base64(hex, sizeof(hex), far_key, 32, sodium_base64_VARIANT_ORIGINAL);
	f = fopen("/tmp/far.key", "w");
	fputs(hex, f);
	fclose(f);
	far_end_speaks();
	dut_ip("link set far0 up");
	DUT_AWAIT(strncmp(told(tunnels, "a"), "up ", 3) == 0);
}

/* The far end answers: the tunnel comes up, and goes down with the link. */
static void test_handshake(void **state)
{
	far_end_comes();
	assert_string_equal(dut_cell("{'command': 'tunnels'}", "tunnels", "peer", "a", "state"),
			    "\"up\"");
	assert_string_equal(dut_cell("{'command': 'tunnels'}", "tunnels", "peer", "b", "state"),
			    "\"never\"");
	/* The link goes down: so does the tunnel. */
	dut_ip("link set wg0 down");
	DUT_AWAIT(strstr(told(tunnels, "a"), "down interface-down"));
}

/* bfdd, played by the test. */
static struct ipc *bfdd;
static struct msg_bfd_session wanted;
static unsigned n_wanted, n_unwanted, bfd_syncs;

static void on_bfdd(void *arg, const struct ipc_frame *f)
{
	uint32_t id;

	if (f->type == MSG_BFD_SESSION) {
		assert_int_equal(msg_get_bfd_session(f->body, f->len, &wanted), 0);
		n_wanted++;
	} else if (f->type == MSG_BFD_SESSION_GONE) {
		assert_int_equal(msg_get_u32(f->body, f->len, &id), 0);
		assert_int_equal(id, wanted.id);
		n_unwanted++;
	} else {
		assert_int_equal(f->type, MSG_BFD_SYNC);
		bfd_syncs++;
	}
}

static void bfd_says(enum bfd_news news)
{
	struct msg_bfd_news m = {.id = wanted.id, .news = news};
	struct wr w = {0};

	msg_put_bfd_news(&w, &m);
	dut_say(bfdd, MSG_BFD_NEWS, &w);
}

static void test_bfd(void **state)
{
	static const char with[] = ", 'liveness': {'poll-interval': 100, 'up-hold': 0, 'bfd': "
				   "{'enabled': true, 'interval': 70, 'receive-interval': 80, "
				   "'multiplier': 5, 'passive': true}}";

	bfdd = dut_channel(DAEMON_BFDD, on_bfdd);
	DUT_AWAIT(bfd_syncs == 1);
	assert_int_equal(n_wanted, 0);
	configure("", with, PEER_B);
	DUT_AWAIT(n_wanted == 1);
	assert_string_equal(wanted.ifname, "wg0");
	assert_string_equal(wanted.peer, "a");
	assert_string_equal(ADDR_STR(&wanted.local), "10.99.0.1");
	assert_string_equal(ADDR_STR(&wanted.remote), "10.99.0.2");
	assert_int_equal(wanted.interval_ms, 70);
	assert_int_equal(wanted.receive_ms, 80);
	assert_int_equal(wanted.multiplier, 5);
	assert_true(wanted.passive);
	assert_int_equal(wanted.id, ids[0]);
	far_end_comes();
	bfd_says(BFD_NEWS_STARTING);
	bfd_says(BFD_NEWS_UP);
	DUT_AWAIT(strncmp(told(tunnels, "a"), "up ", 3) == 0);
	/* Its keepalives, one a second, would contradict a silence that takes two polls to find:
	 * so many are needed where the device cannot be read at once, on a busy machine. */
	sh("wg set far0 peer %s remove", other_public);
	bfd_says(BFD_NEWS_EXPIRED);
	DUT_AWAIT(strstr(told(tunnels, "a"), "down bfd-expired"));
	far_end_speaks();
	bfd_says(BFD_NEWS_UP);
	DUT_AWAIT(strncmp(told(tunnels, "a"), "up ", 3) == 0);
	bfd_says(BFD_NEWS_SIGNALLED);
	DUT_AWAIT(strstr(told(tunnels, "a"), "down bfd-signalled"));
	/* A new bfdd is told again; without the statement the session goes. */
	ipc_free(bfdd);
	bfdd = dut_channel(DAEMON_BFDD, on_bfdd);
	DUT_AWAIT(n_wanted == 2 && bfd_syncs == 2);
	configure("", "", PEER_B);
	DUT_AWAIT(n_unwanted == 1);
	DUT_AWAIT(!strstr(told(tunnels, "a"), "bfd"));
	ipc_free(bfdd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_device, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_entries, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_handshake, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_bfd, begin_check, end_check),
	};

	if (geteuid() != 0 || !userspace_present("wireguard-go") ||
	    access("/dev/net/tun", R_OK | W_OK) < 0 || system("wg --version >/dev/null 2>&1") != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
