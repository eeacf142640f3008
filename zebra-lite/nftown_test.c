/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table that keeps planes' tunnels from other planes' own addresses, in the nftables of a
 * namespace: what it says follows the configuration and the addresses, and it comes back when
 * somebody removes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dut.h"
#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "news.h"
#include "nft.h"
#include "nftown.h"
#include "planes.h"
#include "util.h"
#include "zconfig.h"

enum { WG1 = 10, WG2, WG3, LAN1 = 20, LAN3, ETH0 };

static bool refuse_context;  /* of libnftables */
static const char *meddling; /* done between the writing of a table and its listing */

struct nft_ctx *__real_nft_ctx_new(uint32_t flags);
struct nft_ctx *__wrap_nft_ctx_new(uint32_t flags);

struct nft_ctx *__wrap_nft_ctx_new(uint32_t flags)
{
	static unsigned asked;

	if (meddling && ++asked == 2) { /* the first one writes */
		if (system(meddling) != 0)
			abort();
		meddling = NULL;
	}
	return refuse_context ? NULL : __real_nft_ctx_new(flags);
}

static char rundir[] = "/tmp/nftown-XXXXXX";

static void configure(const char *more)
{
	char *text = xasprintf(
		"{\"plane\": [{\"name\": \"red\", \"number\": 1, \"table\": 101, \"interface\": "
		"[\"lan1\"]%s}, {\"name\": \"blue\", \"number\": 3, \"table\": 103, \"interface\": "
		"[\"lan3\"]}, {\"name\": \"lans\", \"number\": 4, \"table\": 104, \"interface\": "
		"[\"lan4\"]}], \"wireguard\": {\"interface\": [{\"name\": \"wg1\", \"plane\": "
		"\"red\"}, "
		"{\"name\": \"wg2\", \"plane\": \"red\"}, {\"name\": \"wg3\", \"plane\": "
		"\"blue\"}, "
		"{\"name\": \"wg0\"}]}}",
		more);
	json_t *config = json_loads(text, 0, NULL);
	char why[200];

	assert_non_null(config);
	zconfig_free(&zconfig);
	assert_int_equal(zconfig_read(config, &zconfig, why, sizeof(why)), 0);
	planes_read(config);
	json_decref(config);
	free(text);
	nftown_changed();
}

static void configure_nothing(void)
{
	json_t *config = json_object();
	char why[200];

	zconfig_free(&zconfig);
	assert_int_equal(zconfig_read(config, &zconfig, why, sizeof(why)), 0);
	planes_read(config);
	json_decref(config);
	nftown_changed();
}

static void address(uint32_t ifindex, const char *text, bool present)
{
	struct kaddr a = {.ifindex = ifindex};
	uint8_t len;

	assert_int_equal(addr_parse_with_len(text, &a.local, &len), 0);
	a.subnet = prefix_make(a.local.family, a.local.b, len);
	ifaddr_told(&a, present);
}

static void links(void)
{
	static const struct {
		uint32_t ifindex;
		const char *name;
	} rows[] = {{WG1, "wg1"},   {WG2, "wg2"},   {WG3, "wg3"},
		    {LAN1, "lan1"}, {LAN3, "lan3"}, {ETH0, "eth0"}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct klink k = {.ifindex = rows[i].ifindex, .up = true};

		str_copy(k.name, rows[i].name, sizeof(k.name));
		kernel_link_told(&k, true);
	}
	address(WG1, "10.78.0.1/24", true);
	address(WG2, "10.88.0.1/24", true);
	address(WG3, "10.80.0.1/24", true);
	address(LAN1, "10.78.1.1/24", true);
	address(LAN1, "fd78:1::1/64", true);
	address(LAN3, "10.80.1.1/24", true);
	address(ETH0, "198.51.100.2/30", true);
}

static void on_addrs(uint32_t ifindex)
{
	nftown_changed();
}

static int setup(void **state)
{
	dut_namespace();
	refuse_context = false;
	strcpy(rundir, "/tmp/nftown-XXXXXX");
	assert_non_null(mkdtemp(rundir));
	links();
	ifaddr_open(on_addrs);
	nftown_open(rundir);
	return 0;
}

static int teardown(void **state)
{
	char *file = xasprintf("%s/nft-planes", rundir);

	nft_stop();
	nftown_close();
	unlink(file);
	rmdir(rundir);
	free(file);
	ifaddr_reset();
	kernel_links_reset();
	zconfig_free(&zconfig);
	return 0;
}

static bool marked(void)
{
	char *file = xasprintf("%s/nft-planes", rundir);
	bool is = access(file, F_OK) == 0;

	free(file);
	return is;
}

/* What the table says, blanks and line ends as one blank; "" where there is none. */
static const char *table(void)
{
	static char text[4096];
	FILE *f =
		popen("nft -s list table inet wgbgp-planes 2>/dev/null | tr -s ' \\t\\n' ' '", "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	pclose(f);
	return text;
}

static bool says(const char *text)
{
	return strstr(table(), text);
}

#define INSTALLED str_eq(nftown_state(), "installed")

#define RED                                                                                        \
	"chain plane-1 { fib daddr type != local return fib daddr . iif type local return "        \
	"ip daddr 10.78.1.1 return ip6 daddr fd78:1::1 return ip daddr 10.78.0.1 return ip daddr " \
	"10.88.0.1 return counter drop comment \"own addresses of other planes\" }"
#define BLUE                                                                                \
	"chain plane-3 { fib daddr type != local return fib daddr . iif type local return " \
	"ip daddr 10.80.1.1 return ip daddr 10.80.0.1 return counter drop comment "         \
	"\"own addresses of other planes\" }"

static void test_content(void **state)
{
	assert_string_equal(nftown_state(), "off");
	configure("");
	nftown_kernel_ready();
	DUT_AWAIT(INSTALLED);
	assert_true(says(RED) && says(BLUE) && marked());
	assert_true(says("iifname \"wg1\" jump plane-1 iifname \"wg2\" jump plane-1 iifname "
			 "\"wg3\" jump plane-3 }"));
	assert_true(says("hook input priority filter - 10; policy accept;"));
	assert_false(says("\"lan") || says("eth0") || says("wg0") || says("plane-4"));
	address(LAN3, "10.80.2.1/24", true);
	DUT_AWAIT(says("ip daddr 10.80.2.1 return"));
	address(LAN3, "10.80.2.1/24", false);
	DUT_AWAIT(!says("ip daddr 10.80.2.1 return"));
	configure(", \"own-addresses\": \"shared\"");
	DUT_AWAIT(!says("plane-1") && says(BLUE));
	configure("");
	DUT_AWAIT(says(RED));
	configure_nothing();
	DUT_AWAIT(!*table() && !marked());
	assert_string_equal(nftown_state(), "off");
}

/* Somebody takes it away, with all others or alone, or changes it; what changes elsewhere is
 * nothing to it. */
static void test_drift(void **state)
{
	static const char *const commands[] = {
		"nft flush ruleset",
		"nft delete table inet wgbgp-planes",
		"nft insert rule inet wgbgp-planes input accept",
	};
	char before[4096];

	configure("");
	nftown_kernel_ready();
	DUT_AWAIT(INSTALLED);
	strcpy(before, table());
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_int_equal(system(commands[i]), 0);
		DUT_AWAIT(str_eq(table(), before));
	}
}

/* What somebody changes before the table was listed is not taken for what was written. */
static void test_meddled(void **state)
{
	meddling = "nft insert rule inet wgbgp-planes input accept";
	configure("");
	nftown_kernel_ready();
	DUT_AWAIT(!meddling);
	DUT_AWAIT(INSTALLED && !says("policy accept; accept"));
}

/* What an earlier life left stays until all addresses are known, or goes when nobody wants it. */
static void test_again(void **state)
{
	configure("");
	nftown_kernel_ready();
	DUT_AWAIT(INSTALLED);
	teardown(NULL);
	assert_true(says(RED));
	assert_non_null(mkdtemp(strcpy(rundir, "/tmp/nftown-XXXXXX")));
	{
		char *file = xasprintf("%s/nft-planes", rundir);
		FILE *f = fopen(file, "w");

		fclose(f);
		free(file);
	}
	ifaddr_open(on_addrs);
	nftown_open(rundir);
	configure_nothing();
	nftown_kernel_ready();
	DUT_AWAIT(!*table() && !marked());
}

static void test_refused(void **state)
{
	refuse_context = true;
	configure("");
	nftown_kernel_ready();
	DUT_AWAIT(str_eq(nftown_state(), "refused"));
	assert_true(*nftown_error());
	refuse_context = false;
	nftown_changed(); /* something came that may help */
	DUT_AWAIT(INSTALLED);
	assert_string_equal(nftown_error(), "");
	nft_stop();
	nftown_teardown();
	assert_true(!*table() && !marked());
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_content),
		T(test_drift),
		T(test_meddled),
		T(test_again),
		T(test_refused),
	};

	if (geteuid() != 0)
		return 77;
	log_init("nftown_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
