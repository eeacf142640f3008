/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export: what a client's file says, from what runs here; what is refused, and that no secret gets
 * where others could read it. What a phone sees of the QR code is read back module by module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "conf.h"
#include "config.h"
#include "export_text.h"
#include "played.h"
#include "qr.h"
#include "quoted.h"
#include "scratch.h"
#include "session.h"
#include "util.h"

/* RFC 7748 section 6.1: Alice's, Bob's. */
#define PRIVATE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define PUBLIC "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
#define HUB "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="
#define PSK "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="

static char out_text[65536], err_text[1024];

static void take(FILE *f, char *out, size_t size)
{
	rewind(f);
	out[fread(out, 1, size - 1, f)] = '\0';
	fclose(f);
}

static json_t *json_of(const char *fmt, ...)
{
	char *text;
	json_t *json;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	json = quoted(text);
	free(text);
	return json;
}

#define PEER(name, key, addresses, permit, statics)                                     \
	"{'name': '" name "', 'public-key': '" key "', 'tunnel-addresses': [" addresses \
	"], 'permit': [" permit "], 'allowed-ips': [" statics "], 'persistent-keepalive': 0}"

#define LAPTOP PEER("laptop", PUBLIC, "'10.9.0.3'", "", "'192.168.7.0/24'")
#define NETS "'192.168.2.0/24', '192.168.2.128/25', 'fd00:2::/64'"
#define SITE PEER("site", HUB, "'10.9.0.2'", NETS, "'172.16.0.0/12'")
#define BOTH PEER("both", HUB, "'10.9.0.4', 'fd09::4'", "", "")
#define NOWHERE PEER("nowhere", HUB, "", "", "")
#define NETS2 "'0.0.0.0/0', '192.168.7.0/25', '10.50.0.0/16'"
#define HUB2 PEER("hub2", HUB, "'10.8.0.2'", NETS2, "'any'")
#define LAB PEER("lab", HUB, "'10.7.0.2'", "'10.70.0.0/16'", "")
#define INTERFACE(name, rest, peers) \
	"{'name': '" name "', 'public-key': '" HUB "', " rest ", 'peers': [" peers "]}"
#define WG0 "'listen-port': %d, 'mtu': 1400, 'plane': 'main', 'addresses': " WG0_ADDRESSES
#define WG0_ADDRESSES "['10.9.0.1/24', 'fd09::1/64']"
#define WG0_PEERS LAPTOP ", " SITE ", " BOTH ", " NOWHERE
#define WG1 "'plane': 'main', 'addresses': ['10.8.0.1/30']"
#define WG2 "'plane': 'lab', 'addresses': ['10.7.0.1/24']"
#define WG0_ROW INTERFACE("wg0", WG0, WG0_PEERS)
#define OTHER_ROWS INTERFACE("wg1", WG1, HUB2) ", " INTERFACE("wg2", WG2, LAB)

/* wg0, on PORT, has a client and a site, wg1 another hub, wg2 is in a plane of its own. */
static void hub(int port)
{
	json_t *rows = json_of("[" WG0_ROW ", " OTHER_ROWS "]", port);

	played_answer("wireguard", "interfaces", json_object(), rows, false);
	played_answer("configuration", NULL,
		      json_of("{'wgbgp-bgp:bgp': {'network': ['192.168.1.0/24', 'fd00:1::/64']}, "
			      "'wgbgp-wireguard:wireguard': {'interface': [{'name': 'wg0', 'peer': "
			      "[{'name': 'both', 'preshared-key-file': '%s'}]}]}}",
			      scratch_at("psk")),
		      NULL, false);
}

static int run(const char *fmt, ...)
{
	struct cli_session s = {.grammar = &cli_commands, .client = played_client};
	char *text;
	va_list ap;
	int status;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	s.out = tmpfile();
	s.err = tmpfile();
	assert_int_equal(fchmod(fileno(s.out), 0600), 0);
	status = session_run(&s, text);
	take(s.out, out_text, sizeof(out_text));
	take(s.err, err_text, sizeof(err_text));
	assert_null(strstr(err_text, PRIVATE));
	assert_null(strstr(err_text, PSK));
	free(text);
	return status;
}

/* What the hub leads on, but for a default route, what the client has, and what it cannot speak. */
static void test_file(void **state)
{
	hub(51820);
	assert_int_equal(run("export wg-quick wg0 laptop endpoint hub.example.net private-key %s "
			     "output %s dns 10.9.0.1,example.net",
			     scratch_at("key"), scratch_at("wg0.conf")),
			 0);
	assert_string_equal(out_text, "");
	assert_string_equal(scratch_text("wg0.conf"),
			    "[Interface]\nPrivateKey = " PRIVATE "\nAddress = 10.9.0.3/32\n"
			    "DNS = 10.9.0.1,example.net\nMTU = 1400\n\n[Peer]\nPublicKey = " HUB
			    "\nEndpoint = hub.example.net:51820\nAllowedIPs = 10.9.0.0/24, "
			    "10.50.0.0/16, 172.16.0.0/12, 192.168.1.0/24, 192.168.2.0/24\n"
			    "PersistentKeepalive = 25\n");
	/* It is not written over, and others read it in no way. */
	assert_int_equal(run("export wg-quick wg0 laptop endpoint 192.0.2.1 output %s",
			     scratch_at("wg0.conf")),
			 -1);
	assert_non_null(strstr(err_text, "is there; `overwrite` replaces it"));
	assert_int_equal(
		run("export wg-quick wg0 laptop endpoint 192.0.2.1:7 overwrite allowed-ips "
		    "0.0.0.0/0,::/0 output %s",
		    scratch_at("wg0.conf")),
		0);
	assert_string_equal(scratch_text("wg0.conf"),
			    "[Interface]\nAddress = 10.9.0.3/32\nMTU = 1400\nPostUp = wg set %i "
			    "private-key /etc/wireguard/%i.key\n\n[Peer]\nPublicKey = " HUB
			    "\nEndpoint = 192.0.2.1:7\nAllowedIPs = 0.0.0.0/0, ::/0\n"
			    "PersistentKeepalive = 25\n");
}

/* Both families, and a preshared key; an endpoint in each of its forms. */
static void test_standard_output(void **state)
{
	static const char *const rows[][2] = {
		{"192.0.2.1", "192.0.2.1:51820"},	{"192.0.2.1:7", "192.0.2.1:7"},
		{"2001:db8::1", "[2001:db8::1]:51820"}, {"[2001:db8::1]", "[2001:db8::1]:51820"},
		{"[2001:db8::1]:7", "[2001:db8::1]:7"}, {"a.example:7", "a.example:7"}};
	struct stat st;

	hub(51820);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *want = xasprintf("\nPresharedKey = " PSK "\nEndpoint = %s\nAllowedIPs = "
				       "10.9.0.0/24, 10.50.0.0/16, 172.16.0.0/12, 192.168.1.0/24, "
				       "192.168.2.0/24, 192.168.7.0/24, fd00:1::/64, fd00:2::/64, "
				       "fd09::/64\n",
				       rows[i][1]);

		assert_int_equal(run("export wg-quick wg0 both endpoint %s", rows[i][0]), 0);
		assert_non_null(strstr(out_text, "Address = 10.9.0.4/32, fd09::4/128\n"));
		if (!strstr(out_text, want))
			fail_msg("%s", out_text);
		free(want);
	}
	assert_int_equal(
		run("export wg-quick wg2 lab endpoint a.example:7 output %s", scratch_at("lab")),
		0);
	assert_non_null(strstr(scratch_text("lab"), "AllowedIPs = 10.7.0.0/24\n"));
	assert_int_equal(stat(scratch_at("lab"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_refused(void **state)
{
	static const struct {
		const char *rest, *why;
	} rows[] = {
		{"wg9 laptop endpoint h", "wg9: no such interface"},
		{"wg0 nobody endpoint h", "nobody: no such peer of wg0"},
		{"wg0 laptop", "where is this machine reached from outside?"},
		{"wg0 nowhere endpoint h", "peer nowhere has no tunnel-address"},
		{"wg0 laptop endpoint h private-key /none", "/none: No such file"},
		{"wg0 laptop endpoint h qr", "private-key"},
		{"wg0 laptop endpoint h svg /none/x", "private-key"},
		{"wg2 lab endpoint h", "wg2 has no private key"},
		{"wg0 laptop endpoint 'a\nPostUp=b'", "expected"},
		{"wg0 laptop endpoint h dns a;b", "expected"},
		{"wg0 laptop endpoint h allowed-ips 10.0.0.0/8,x", "expected"},
	};

	hub(51820);
	json_object_del(json_array_get(played_rows("wireguard"), 2), "public-key");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(run("export wg-quick %s", rows[i].rest), -1);
		if (!strstr(err_text, rows[i].why) || *out_text)
			fail_msg("%s: %s", rows[i].rest, err_text);
	}
	/* Somebody else's key. */
	assert_int_equal(
		run("export wg-quick wg0 site endpoint h private-key %s", scratch_at("key")), -1);
	assert_non_null(
		strstr(err_text, "is the key of " PUBLIC ", and peer site has public-key " HUB));
	assert_string_equal(out_text, "");
	hub(0);
	assert_int_equal(run("export wg-quick wg0 laptop endpoint h"), -1);
	assert_non_null(strstr(err_text, "wg0 listens on no port of its own: `endpoint h:PORT`"));
	scratch_put("psk", "nonsense\n");
	assert_int_equal(run("export wg-quick wg0 both endpoint h:7"), -1);
	assert_non_null(strstr(err_text, "psk: holds no key"));
	scratch_put("psk", PSK "\n");
	played_error("wireguard", "wgd does not answer");
	assert_int_equal(run("export wg-quick wg0 laptop endpoint h"), -1);
	assert_non_null(strstr(err_text, "wgd does not answer"));
}

#ifdef HAVE_QRENCODE

/* Dark modules of half blocks, row by row, as 'x' and ' '. */
static size_t modules(const char *text, char grid[256][256])
{
	static const char *const blocks[] = {"\u2588", "\u2580", "\u2584", " "};
	size_t rows = 0;

	for (; *text; text++, rows += 2) {
		size_t n = 0;

		for (; *text != '\n'; n++) {
			unsigned k = 0;

			while (strncmp(text, blocks[k], strlen(blocks[k])) != 0)
				assert_in_range(++k, 1, 3);
			text += strlen(blocks[k]);
			grid[rows][n] = k & 2 ? 'x' : ' ';
			grid[rows + 1][n] = k & 1 ? 'x' : ' ';
		}
	}
	return rows;
}

/* The picture has the same modules as the terminal, a finder pattern where one belongs, and
 * colours are around each line only. */
static void test_code(void **state)
{
	static char grid[256][256];
	char *blocks = qr_blocks("hello", false), *svg = qr_svg("hello"), *colours, at_xy[64];
	size_t side = modules(blocks, grid) - 1, n = 0;

	assert_int_equal(side, 21 + 8);
	for (size_t y = 0; y < side; y++)
		for (size_t x = 0; x < side; x++) {
			snprintf(at_xy, sizeof(at_xy), "M%zu %zuh1v1h-1z", x, y);
			assert_int_equal(strstr(svg, at_xy) != NULL, grid[y][x] == 'x');
			n += grid[y][x] == 'x';
		}
	assert_in_range(n, 150, 290);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(grid[4][4 + i], 'x');
		assert_int_equal(grid[3][4 + i], ' ');
		assert_int_equal(grid[5][4 + i], i % 6 ? ' ' : 'x');
	}
	colours = qr_blocks("hello", true);
	assert_int_equal(strncmp(colours, "\033[40;37;1m\u2588", 13), 0);
	assert_int_equal(strlen(colours), strlen(blocks) + (side + 1) / 2 * 14);
	export_text_free(blocks);
	export_text_free(colours);
	export_text_free(svg);
	blocks = xcalloc(1, 3000);
	memset(blocks, 'a', 2999);
	errno = 0;
	assert_null(qr_blocks(blocks, false));
	assert_int_equal(errno, ERANGE);
	free(blocks);
}

/* On standard output the code alone, in a picture nobody else's. */
static void test_code_of_file(void **state)
{
	struct stat st;
	char *code;

	hub(51820);
	assert_int_equal(
		run("export wg-quick wg0 laptop endpoint h private-key %s output %s qr svg %s",
		    scratch_at("key"), scratch_at("c.conf"), scratch_at("c.svg")),
		0);
	code = qr_blocks(scratch_text("c.conf"), false);
	assert_string_equal(out_text, code);
	export_text_free(code);
	code = qr_svg(scratch_text("c.conf"));
	assert_string_equal(scratch_text("c.svg"), code);
	export_text_free(code);
	assert_int_equal(stat(scratch_at("c.svg"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

#else

static void test_code(void **state)
{
	hub(51820);
	assert_int_equal(
		run("export wg-quick wg0 laptop endpoint h private-key %s qr", scratch_at("key")),
		-1);
	assert_non_null(strstr(err_text, "was built without libqrencode"));
}

static void test_code_of_file(void **state)
{
	skip();
}

#endif

static int begin(void **state)
{
	if (!scratch_open() || sodium_init() < 0)
		return -1;
	umask(0);
	scratch_put("key", PRIVATE "\n");
	scratch_put("psk", PSK "\n");
	return 0;
}

static int end(void **state)
{
	return scratch_close();
}

static int setup(void **state)
{
	played_reset();
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	static const struct CMUnitTest tests[] = {
		T(test_file), T(test_standard_output), T(test_refused),
		T(test_code), T(test_code_of_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
