/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sets of planes, in the nftables of a namespace: what is in them follows what the RIB and wgd
 * know, and nothing else in the table is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disjoint.h"
#include "dut.h"
#include "fib.h"
#include "ifaddr.h"
#include "log.h"
#include "loop.h"
#include "news.h"
#include "nft.h"
#include "nftset.h"
#include "out.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

enum { WG0 = 10, WG1, ETH = 20 };

/* --- the linker puts these in front of the real ones --- */

static bool lose_next;	    /* of what the loop receives */
static bool timers_held;    /* those that start now end in an hour */
static uint64_t ms_gone_by; /* beside the clock's */

ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);
uint64_t __real_now_ms(void);
uint64_t __wrap_now_ms(void);

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n = __real_recv(fd, buf, len, flags);

	if (n <= 0 || !lose_next || gettid() != getpid())
		return n;
	lose_next = false;
	errno = ENOBUFS;
	return -1;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, timers_held ? 3600000 : ms);
}

uint64_t __wrap_now_ms(void)
{
	return __real_now_ms() + ms_gone_by;
}

static char rundir[] = "/tmp/nftset-XXXXXX";
static uint32_t pending[256], n_pending;

/* --- the world --- */

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
}

static uint32_t on_flush(void)
{
	return 0;
}

static bool on_done(uint32_t flush, bool wait)
{
	return true;
}

static void on_allowed(const struct msg_allowed *m)
{
	pending[n_pending++] = m->batch;
}

static void on_sync(uint32_t batch)
{
	pending[n_pending++] = batch;
}

static void on_resync(const char *why)
{
}

static bool turn(void)
{
	for (int i = 0; i < 20; i++) {
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
		while (n_pending) {
			struct msg_allowed_ack ack = {.batch = pending[0]};

			memmove(pending, pending + 1, --n_pending * sizeof(pending[0]));
			fib_acked(&ack);
		}
	}
	return true;
}

#define AWAIT(cond) DUT_AWAIT(turn() && (cond))

static struct addr adr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void tell_if(uint32_t ifindex, const char *name)
{
	struct msg_tunnel_if m = {.ifindex = ifindex, .up = true};

	str_copy(m.name, name, sizeof(m.name));
	tunnel_if_told(&m);
}

static void tell_peer(uint32_t id, uint32_t ifindex, const char *first, const char *second)
{
	struct msg_tunnel_peer m = {.id = id, .ifindex = ifindex, .state = TUNNEL_UP};

	m.addrs = xcalloc(2, sizeof(*m.addrs));
	m.addrs[m.n_addrs++] = adr(first);
	if (second)
		m.addrs[m.n_addrs++] = adr(second);
	snprintf(m.name, sizeof(m.name), "p%u", id);
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
}

static void tell_addr(uint32_t ifindex, const char *address, bool present)
{
	struct kaddr a = {.ifindex = ifindex, .local = adr(address)};

	a.subnet = prefix_of_addr(&a.local);
	ifaddr_told(&a, present);
}

static void route_in(uint8_t plane, const char *prefix, const char *hop)
{
	struct prefix p;
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};

	assert_int_equal(prefix_parse(prefix, &p), 0);
	p.plane = plane;
	if (hop) {
		m.hops.n = 1;
		m.hops.hop[0].addr = adr(hop);
		m.hops.hop[0].addr.plane = plane;
	}
	rib_bgp_routes(&m, 1);
}

static void route(const char *prefix, const char *hop)
{
	route_in(0, prefix, hop);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name: elements" of the set whose declaration begins at TEXT, elements in order. */
static char *set_line(char *text)
{
	char *all[64], *save = NULL, *list, *end = strstr(text, "\n\t}"), *line;
	size_t n = 0;

	*end = '\0';
	list = strstr(text, "elements = {");
	line = xasprintf("%.*s:", (int)strcspn(text, " "), text);
	for (char *t = list ? strtok_r(list + 12, ", \n\t\"}", &save) : NULL; t && n < 64;
	     t = strtok_r(NULL, ", \n\t\"}", &save))
		all[n++] = t;
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s %s", line, all[i]);

		free(line);
		line = longer;
	}
	return line;
}

/* All of the sets, a line each, in the order of names. */
static const char *all_sets(void)
{
	static char text[1 << 20], lines[8192];
	FILE *f = popen("nft list table inet wgbgp 2>/dev/null", "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f), count = 0;
	char *at = text, *next, *all[64];

	pclose(f);
	text[n] = '\0';
	lines[0] = '\0';
	while ((at = strstr(at, "\tset ")) && count < 64) {
		next = strstr(at, "\n\t}") + 3;
		all[count++] = set_line(at + 5);
		at = next;
	}
	qsort(all, count, sizeof(*all), by_text);
	for (size_t i = 0; i < count; i++) {
		strcat(lines, all[i]);
		strcat(lines, "\n");
		free(all[i]);
	}
	return lines;
}

static bool sets_are(const char *text)
{
	return str_eq(nftset_state(), "installed") && str_eq(all_sets(), text);
}

#define SETS(text)                                                                               \
	do {                                                                                     \
		for (uint64_t until_ = now_ms() + test_patience_ms(); turn() && !sets_are(text); \
		     dut_turn())                                                                 \
			if (now_ms() > until_)                                                   \
				fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, nftset_state(),    \
					 all_sets());                                            \
	} while (0)

/* The file is there, and nobody else's to read. */
static bool marked(void)
{
	char *path = xasprintf("%s/nft-sets", rundir);
	struct stat st;
	bool is = stat(path, &st) == 0;

	assert_true(!is || (st.st_mode & 0777) == 0600);
	free(path);
	return is;
}

static void mode(enum conf_rib_nftables_sets m)
{
	zconfig.nftables = m;
	nftset_config_changed();
}

static void planes(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	planes_read(j);
	json_decref(j);
	zconfig.plane_table[1] = 101;
}

static void begin(void)
{
	fib_kernel_ready();
	tunnel_begin();
	tell_if(WG0, "wg0");
	tell_if(WG1, "wg1");
	tell_peer(1, WG0, "10.9.0.1", "fd00::1");
	tell_peer(2, WG0, "10.9.0.2", NULL);
	tell_peer(3, WG1, "10.9.1.3", NULL);
	tunnel_synced();
	fib_wgd_synced();
	rib_bgp_begin();
	rib_bgp_synced();
}

static int setup(void **state)
{
	if (system("nft list tables >/dev/null 2>&1") != 0)
		skip();
	dut_namespace();
	assert_non_null(mkdtemp(rundir));
	out = (struct out){.route = on_route,
			   .route_flush = on_flush,
			   .route_done = on_done,
			   .allowed = on_allowed,
			   .allowed_sync = on_sync,
			   .resync = on_resync};
	news_open(NULL);
	planes("{\"plane\": [{\"name\": \"blue\", \"number\": 1, \"table\": 101, \"interface\": "
	       "[\"eth1\"]}], \"wireguard\": {\"interface\": [{\"name\": \"wg1\", \"plane\": "
	       "\"blue\"}]}}");
	tell_addr(WG0, "10.9.0.254", true);
	tell_addr(WG0, "fd00::fe", true);
	tell_addr(WG1, "10.9.1.254", true);
	tell_addr(ETH, "192.0.2.1", true);
	nftset_open(rundir);
	return 0;
}

static int teardown(void **state)
{
	char *line = xasprintf("rm -rf %s", rundir);

	nftset_close();
	assert_int_equal(system(line), 0);
	free(line);
	return 0;
}

#define ADDRESSES                        \
	"far4-blue: 10.9.1.3\n"          \
	"far4-main: 10.9.0.1 10.9.0.2\n" \
	"far6-blue:\n"                   \
	"far6-main: fd00::1\n"           \
	"interfaces-blue: eth1 wg1\n"    \
	"interfaces-main: wg0\n"
#define OWN                       \
	"own4-blue: 10.9.1.254\n" \
	"own4-main: 10.9.0.254\n" \
	"own6-blue:\n"            \
	"own6-main: fd00::fe\n"

/* Nobody writes while nothing happens, our own writing is not taken for somebody else's. */
static void assert_calm(void)
{
	uint32_t generation = nft_generation();

	for (uint64_t until = now_ms() + 1300; now_ms() < until; dut_turn())
		turn();
	assert_int_equal(nft_generation(), generation);
}

/* Intervals of every length. */
static void test_lengths(void **state)
{
	static const char *const all[] = {"0.0.0.0/1",	    "128.0.0.0/2",	"192.0.0.0/9",
					  "192.160.0.0/11", "192.250.0.0/15",	"193.0.0.0/17",
					  "193.0.130.0/23", "193.0.200.128/25", "193.1.0.2/31",
					  "193.1.0.4/30",   "193.1.0.255/32",	"224.0.0.0/3"};
	char want[1024] = "learned4-main:";
	const char *line;

	mode(RIB_NFTABLES_SETS_ALL);
	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		route(all[i], "10.9.0.1");
	AWAIT(disjoint_count(0, AF_INET) == ARRAY_SIZE(all) && str_eq(nftset_state(), "installed"));
	strcat(want,
	       " 0.0.0.0/1 128.0.0.0/2 192.0.0.0/9 192.160.0.0/11 192.250.0.0/15 193.0.0.0/17 "
	       "193.0.130.0/23 193.0.200.128/25 193.1.0.2/31 193.1.0.255 193.1.0.4/30 "
	       "224.0.0.0/3");
	line = strstr(all_sets(), "learned4-main:");
	assert_non_null(line);
	if (strncmp(line, want, strlen(want)) != 0)
		fail_msg("%s", line);
}

/* What follows what. */
static void test_content(void **state)
{
	assert_string_equal(nftset_state(), "off");
	mode(RIB_NFTABLES_SETS_ALL);
	assert_string_equal(nftset_state(), "pending");
	for (int i = 0; i < 20; i++)
		dut_turn();
	turn();
	assert_string_equal(all_sets(), ""); /* nothing before all is known */
	begin();
	SETS(ADDRESSES "learned4-blue:\nlearned4-main:\nlearned6-blue:\nlearned6-main:\n" OWN);
	assert_true(marked());
	route("192.168.0.0/16", "10.9.0.1");
	route("192.168.7.0/24", "10.9.0.2");
	route("172.16.0.0/12", "10.9.0.2");
	route("255.255.255.255/32", "10.9.0.2");
	route("2001:db8::/32", "10.9.0.1");
	route_in(1, "10.77.0.0/16", "10.9.1.3");
	route("10.88.0.0/16", "10.99.0.1"); /* nowhere */
	SETS(ADDRESSES "learned4-blue: 10.77.0.0/16\n"
		       "learned4-main: 172.16.0.0/12 192.168.0.0/16 255.255.255.255\n"
		       "learned6-blue:\nlearned6-main: 2001:db8::/32\n" OWN);
	assert_calm();
	mode(RIB_NFTABLES_SETS_ADDRESSES);
	SETS(ADDRESSES OWN);
	mode(RIB_NFTABLES_SETS_ALL);
	SETS(ADDRESSES "learned4-blue: 10.77.0.0/16\n"
		       "learned4-main: 172.16.0.0/12 192.168.0.0/16 255.255.255.255\n"
		       "learned6-blue:\nlearned6-main: 2001:db8::/32\n" OWN);
	route("192.168.0.0/16", NULL);
	route("172.16.0.0/12", NULL);
	tell_peer(2, WG0, "10.9.0.22", "fd00::22");
	tell_addr(WG1, "10.9.1.254", false);
	tell_addr(WG1, "10.9.1.253", true);
	SETS("far4-blue: 10.9.1.3\nfar4-main: 10.9.0.1 10.9.0.22\nfar6-blue:\n"
	     "far6-main: fd00::1 fd00::22\ninterfaces-blue: eth1 wg1\ninterfaces-main: wg0\n"
	     "learned4-blue: 10.77.0.0/16\nlearned4-main:\nlearned6-blue:\n"
	     "learned6-main: 2001:db8::/32\n"
	     "own4-blue: 10.9.1.253\nown4-main: 10.9.0.254\nown6-blue:\nown6-main: fd00::fe\n");
	tunnel_if_gone(WG0);
	route_in(1, "10.77.0.0/16", NULL);
	planes("{\"plane\": [{\"name\": \"blue\", \"number\": 1, \"table\": 101}], \"wireguard\": "
	       "{\"interface\": [{\"name\": \"wg1\", \"plane\": \"blue\"}]}}");
	nftset_config_changed();
	SETS("far4-blue: 10.9.1.3\nfar4-main:\nfar6-blue:\nfar6-main:\ninterfaces-blue: wg1\n"
	     "interfaces-main:\nlearned4-blue:\nlearned4-main:\nlearned6-blue:\nlearned6-main:\n"
	     "own4-blue: 10.9.1.253\nown4-main:\nown6-blue:\nown6-main:\n");
}

/* What is shown of them. */
static void test_rows(void **state)
{
	static const char *const rows[] = {"interfaces-main main interfaces 1 1",
					   "own4-main main own4 1 1",
					   "own6-main main own6 1 1",
					   "far4-main main far4 2 1",
					   "far6-main main far6 1 1",
					   "learned4-main main learned4 2 1",
					   "learned6-main main learned6 1 1",
					   "interfaces-blue blue interfaces 2 1",
					   "own4-blue blue own4 1 1",
					   "own6-blue blue own6 0 1",
					   "far4-blue blue far4 1 1",
					   "far6-blue blue far6 0 1",
					   "learned4-blue blue learned4 0 1",
					   "learned6-blue blue learned6 0 1"};
	json_t *list = nftset_rows(), *row;
	size_t i;

	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	mode(RIB_NFTABLES_SETS_ALL);
	list = nftset_rows();
	assert_int_equal(json_array_size(list), ARRAY_SIZE(rows));
	json_array_foreach (list, i, row)
		assert_true(json_is_false(json_object_get(row, "filled")) &&
			    json_integer_value(json_object_get(row, "elements")) == 0);
	json_decref(list);
	begin();
	route("192.168.0.0/16", "10.9.0.1");
	route("172.16.0.0/12", "10.9.0.2");
	route("2001:db8::/32", "10.9.0.1");
	AWAIT(str_eq(nftset_state(), "installed") && disjoint_count(0, AF_INET) == 2);
	list = nftset_rows();
	json_array_foreach (list, i, row) {
		char text[128];

		snprintf(text, sizeof(text), "%s %s %s %d %d",
			 json_string_value(json_object_get(row, "set")),
			 json_string_value(json_object_get(row, "plane")),
			 json_string_value(json_object_get(row, "kind")),
			 (int)json_integer_value(json_object_get(row, "elements")),
			 json_is_true(json_object_get(row, "filled")));
		assert_string_equal(text, rows[i]);
	}
	json_decref(list);
	mode(RIB_NFTABLES_SETS_ADDRESSES);
	list = nftset_rows();
	assert_int_equal(json_array_size(list), 10);
	json_decref(list);
	assert_string_equal(nftset_error(), "");
}

/* What somebody does to them is undone, and what is his stays. */
static void test_drift(void **state)
{
	static const char learned[] = "learned4-blue:\nlearned4-main: 10.8.0.0/16 192.168.0.0/16\n"
				      "learned6-blue:\nlearned6-main: 2001:db8::/32\n";
	char *all = xasprintf("%s%s%s", ADDRESSES, learned, OWN);

	mode(RIB_NFTABLES_SETS_ALL);
	begin();
	route("192.168.0.0/16", "10.9.0.1");
	route("10.8.0.0/16", "10.9.0.1");
	route("10.8.1.0/24", "10.9.0.1");
	route("2001:db8::/32", "10.9.0.1");
	SETS(all);
	assert_int_equal(system("nft 'delete set inet wgbgp far4-main; delete set inet wgbgp "
				"learned4-main; delete set inet wgbgp learned6-main'"),
			 0);
	SETS(all);
	assert_int_equal(system("nft 'flush set inet wgbgp far4-blue; flush set inet wgbgp "
				"interfaces-blue; flush set inet wgbgp far4-main; flush set inet "
				"wgbgp learned4-main'"),
			 0);
	SETS(all);
	assert_int_equal(system("nft delete table inet wgbgp"), 0);
	SETS(all);
	assert_int_equal(disjoint_count(0, AF_INET), 2);
	assert_int_equal(disjoint_count(0, AF_INET6), 1);
	assert_calm();
	assert_int_equal(
		system("nft 'add set inet wgbgp far4-red { type ifname; }; add set inet "
		       "wgbgp mine { type ifname; }; add set inet wgbgp far4 { type ifname; "
		       "}'"),
		0);
	AWAIT(!strstr(all_sets(), "far4-red"));
	assert_non_null(strstr(all_sets(), "mine:"));
	assert_non_null(strstr(all_sets(), "far4:"));
	mode(RIB_NFTABLES_SETS_OFF);
	AWAIT(str_eq(all_sets(), "far4:\nmine:\n"));
	assert_string_equal(nftset_state(), "off");
	AWAIT(!marked());
	free(all);
}

static void others_do(const char *text)
{
	char *command = xasprintf("nft '%s'", text);

	assert_int_equal(system(command), 0);
	free(command);
}

/* Where nobody knows what others changed everything is written again; not more often than every ten
 * seconds, whatever they do. */
static void test_lost(void **state)
{
	mode(RIB_NFTABLES_SETS_ADDRESSES);
	begin();
	SETS(ADDRESSES OWN);
	turn();
	lose_next = true;
	others_do("flush set inet wgbgp far4-main; flush set inet wgbgp own6-main");
	SETS(ADDRESSES OWN);
	assert_false(lose_next);
	turn();
	lose_next = true;
	others_do("flush set inet wgbgp own4-main");
	AWAIT(!lose_next);
	others_do("delete set inet wgbgp far4-main"); /* is seen at the next poll */
	AWAIT(strstr(all_sets(), "far4-main: 10.9.0.1 10.9.0.2\n") &&
	      str_eq(nftset_state(), "installed"));
	assert_non_null(strstr(all_sets(), "own4-main:\n"));
	ms_gone_by = 10000;
	SETS(ADDRESSES OWN);
	ms_gone_by = 20000; /* and once for each time */
	assert_calm();
}

/* What is more than one transaction takes follows behind it, not at the next poll. */
static void test_follows(void **state)
{
	enum { MANY = 17000 };
	struct prefix *p = xcalloc(MANY, sizeof(*p));
	struct msg_routes m = {.n_prefixes = MANY, .prefixes = p};

	for (unsigned i = 0; i < MANY; i++) {
		p[i] = (struct prefix){.family = AF_INET, .len = 32, .b = {172}};
		p[i].b[1] = (uint8_t)(i >> 7);
		p[i].b[2] = (uint8_t)(i << 1);
	}
	mode(RIB_NFTABLES_SETS_ALL);
	begin();
	AWAIT(str_eq(nftset_state(), "installed"));
	timers_held = true;
	nftset_config_changed();
	AWAIT(str_eq(nftset_state(), "installed"));
	m.hops.n = 1;
	m.hops.hop[0].addr = adr("10.9.0.1");
	rib_bgp_routes(&m, 1);
	AWAIT(disjoint_queued() == MANY);
	nftset_config_changed();
	AWAIT(str_eq(nftset_state(), "installed"));
	assert_int_equal(system("test $(nft list set inet wgbgp learned4-main | "
				"grep -oE '172(\\.[0-9]+){3}' | wc -l) = 17000"),
			 0);
	free(p);
}

/* One of another kind is in our place. */
static void test_refused(void **state)
{
	assert_int_equal(system("nft 'add table inet wgbgp; add set inet wgbgp far4-main { type "
				"ifname; }'"),
			 0);
	mode(RIB_NFTABLES_SETS_ADDRESSES);
	begin();
	AWAIT(str_eq(nftset_state(), "refused"));
	assert_non_null(strstr(nftset_error(), "Error"));
	assert_int_equal(system("nft delete set inet wgbgp far4-main"), 0);
	SETS(ADDRESSES OWN);
	assert_string_equal(nftset_error(), "");
}

/* Those of an earlier life are kept as they are until all is known, and go where none is wanted. */
static void test_again(void **state)
{
	static const char learned[] = "learned4-main: 192.168.0.0/16\n";
	int status;
	pid_t child = fork();

	if (child == 0) {
		mode(RIB_NFTABLES_SETS_ALL);
		begin();
		route("192.168.0.0/16", "10.9.0.1");
		AWAIT(strstr(all_sets(), learned));
		nftset_close();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_non_null(strstr(all_sets(), learned));
	assert_true(marked());
	mode(RIB_NFTABLES_SETS_ALL);
	for (int i = 0; i < 60; i++)
		dut_turn();
	turn();
	assert_non_null(strstr(all_sets(), learned)); /* until as much is known */
	begin();
	route("192.168.8.0/24", "10.9.0.1");
	AWAIT(strstr(all_sets(), "learned4-main: 192.168.8.0/24\n"));
	nftset_teardown();
	assert_string_equal(all_sets(), "");
	assert_false(marked());
	nftset_teardown();
	route("192.168.9.0/24", "10.9.0.1");
	for (int i = 0; i < 60; i++)
		dut_turn();
	turn();
	assert_string_equal(all_sets(), "");
}

/* Switched off while nobody looked. */
static void test_off_again(void **state)
{
	char *path = xasprintf("%s/nft-sets", rundir);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fchmod(fileno(f), 0600);
	fclose(f);
	free(path);
	assert_int_equal(system("nft 'add table inet wgbgp; add set inet wgbgp own4-main { type "
				"ipv4_addr; }; add set inet wgbgp mine { type ifname; }'"),
			 0);
	mode(RIB_NFTABLES_SETS_OFF);
	begin();
	AWAIT(str_eq(all_sets(), "mine:\n") && !marked());
}

/* More than go into a transaction; then single ones. */
static void test_many(void **state)
{
	enum { MANY = 18000 };
	struct prefix *p = xcalloc(MANY, sizeof(*p));
	struct msg_routes m = {.n_prefixes = MANY, .prefixes = p};

	for (unsigned i = 0; i < MANY; i++) {
		p[i] = (struct prefix){.family = AF_INET, .len = 32, .b = {172}};
		p[i].b[1] = (uint8_t)(i >> 7); /* every other one: intervals do not touch */
		p[i].b[2] = (uint8_t)(i << 1);
	}
	mode(RIB_NFTABLES_SETS_ALL);
	begin();
	AWAIT(str_eq(nftset_state(), "installed"));
	m.hops.n = 1;
	m.hops.hop[0].addr = adr("10.9.0.1");
	rib_bgp_routes(&m, 1);
	AWAIT(disjoint_count(0, AF_INET) == MANY && str_eq(nftset_state(), "installed"));
	assert_int_equal(system("test $(nft list set inet wgbgp learned4-main | "
				"grep -oE '172(\\.[0-9]+){3}' | wc -l) = 18000"),
			 0);
	m.hops.n = 0;
	rib_bgp_routes(&m, 1);
	AWAIT(disjoint_count(0, AF_INET) == 0 && str_eq(nftset_state(), "installed"));
	assert_non_null(strstr(all_sets(), "learned4-main:\n"));
	free(p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_content), T(test_lengths),   T(test_rows), T(test_drift), T(test_refused),
		T(test_again),	 T(test_off_again), T(test_many), T(test_lost),	 T(test_follows),
	};

	if (geteuid() != 0)
		return 77;
	log_init("nftset_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
