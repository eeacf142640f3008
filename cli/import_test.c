/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: files of wg-quick, value by value, whole, and at random: what is said of them, and that
 * whatever is taken is a configuration of ours in which each prefix belongs to whom WireGuard gives
 * it. No key is ever said, and none but in files of mode 0600.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "conf_load.h"
#include "conf_schema.h"
#include "import.h"
#include "import_keys.h"
#include "import_live.h"
#include "import_quick.h"
#include "import_text.h"
#include "kernel_route.h"
#include "machine.h"
#include "testing.h"
#include "uapi.h"
#include "util.h"

#define KEY_A "YAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=" /* private */
#define KEY_B "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_C "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define KEY_D "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
#define PSK "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="

#define HEAD "[Interface]\nPrivateKey = " KEY_A "\n"
#define PEER "[Peer]\nPublicKey = " KEY_B "\n"

static struct ly_ctx *schema;
static char dir[] = "/tmp/wgbgp-import-XXXXXX";

static char *at(const char *name)
{
	static char paths[4][80];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void read_text(struct import *im, const char *text, size_t len)
{
	FILE *file = fmemopen((void *)text, len, "r");

	assert_non_null(file);
	import_add_interface(im, "wg0.conf", "wg0");
	import_quick_read(im, "wg0.conf", file);
	fclose(file);
}

static char *notes_of(const struct import *im)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	import_notes_print(im, out);
	fclose(out);
	return text;
}

static bool is_configuration(const char *text)
{
	struct conf_errors errs = {0};
	struct conf_loaded loaded = {0};
	bool ok = conf_load_text(schema, "import", text, strlen(text), 0, &loaded, &errs);

	if (!ok)
		conf_errors_print(&errs, stderr);
	conf_errors_free(&errs);
	conf_loaded_free(&loaded);
	return ok;
}

/* ---- value by value */

#define LEFT "Not carried over:\n    wg0.conf:"
#define WRONG "% Not imported:\n    wg0.conf:"
#define REMARK "Remarks:\n    wg0.conf:"

static void test_values(void **state)
{
	static const struct {
		const char *text, *notes;
	} rows[] = {
		{HEAD PEER, ""},
		{"[interface]\nprivatekey=" KEY_A "\r\n\r\n[PEER]\npublickey = " KEY_B "\r\n", ""},
		{"  [Interface]  # x\n\tListenPort\t=\t51820\t# y\n", ""},
		{HEAD "ListenPort = 65536\n",
		 WRONG "3: ListenPort = 65536; expected a number from 0 to 65535\n"},
		{HEAD "ListenPort = 5l820\n",
		 WRONG "3: ListenPort = 5l820; expected a number from 0 to 65535\n"},
		{HEAD "FwMark = 0xCA6C\n", ""},
		{HEAD "FwMark = off\n", ""},
		{HEAD "FwMark = 0x1ffffffff\n",
		 WRONG "3: FwMark = 0x1ffffffff; expected a number of 32 bits, also as 0x1234, or "
		       "off\n"},
		{HEAD "Address = 10.9.0.1/24, fd09::1/64\nAddress=10.8.0.1\n", ""},
		{HEAD "Address = 10.9.0.1/33\n",
		 WRONG "3: Address = 10.9.0.1/33; expected an address with its length, such as "
		       "10.9.0.1/24\n"},
		{HEAD "MTU = 1380\n", ""},
		{HEAD "MTU = 100\n", WRONG "3: MTU = 100; expected a number from 576 to 65535\n"},
		{HEAD "Table = off\n", ""},
		{HEAD "Table = auto\n", ""},
		{HEAD "Table = 1234\n",
		 LEFT "3: Table = 1234: no routes are made in another table than the main one; see "
		      "`plane` and `rib { rule }`\n"},
		{HEAD "DNS = 10.9.0.1, example.net\n",
		 LEFT "3: DNS = 10.9.0.1, example.net: wgbgp sets no name servers\n"},
		{HEAD "PreUp = a\nPostUp = b -i %i; c\nPreDown = d\nPostDown = e\n",
		 LEFT "3: PreUp = a: wgbgp runs no commands; a unit of systemd can\n"
		      "    wg0.conf:4: PostUp = b -i %i; c: wgbgp runs no commands; a unit of "
		      "systemd can\n"
		      "    wg0.conf:5: PreDown = d: wgbgp runs no commands; a unit of systemd can\n"
		      "    wg0.conf:6: PostDown = e: wgbgp runs no commands; a unit of systemd "
		      "can\n"},
		{HEAD "SaveConfig = true\n",
		 LEFT "3: SaveConfig = true: the configuration is written by `configure` alone\n"},
		{HEAD "Jc = 4\n", LEFT "3: Jc is no key of wg(8) or wg-quick(8)\n"},
		{HEAD "ListenPort = 1\nListenPort = 2\n",
		 REMARK "4: ListenPort is given twice: this one counts\n"},
		{HEAD "[Peer]\nAllowedIPs = 10.0.0.0/8\n",
		 WRONG "3: [Peer] without a PublicKey; expected one\n"},
		{HEAD "[Peer]\nPublicKey = short\n",
		 WRONG "4: PublicKey is no key; expected 44 characters of base64\n"},
		{HEAD PEER "[Peer]\nPublicKey = " KEY_B "\n",
		 WRONG "6: PublicKey is that of the peer in line 3, too; expected another one\n"},
		{HEAD PEER "AllowedIPs =\n", ""},
		{HEAD PEER "AllowedIPs = 10.0.0.0/8 , fd00::/8,1.2.3.4\n", ""},
		{HEAD PEER "AllowedIPs = 10.0.0.0/8 fd00::/8\n",
		 WRONG "5: AllowedIPs = 10.0.0.0/8 fd00::/8; expected a prefix, such as "
		       "192.168.2.0/24\n"},
		{HEAD PEER "AllowedIPs = -10.0.0.0/8\n",
		 WRONG "5: AllowedIPs = -10.0.0.0/8; expected a prefix, such as "
		       "192.168.2.0/24\n"},
		{HEAD PEER "Endpoint = vpn.example.net:51820\n", ""},
		{HEAD PEER "Endpoint = [2001:db8::1]:51820\n", ""},
		{HEAD PEER "Endpoint = 2001:db8::1:51820\n",
		 WRONG "5: Endpoint = 2001:db8::1:51820; expected HOST:PORT, with an IPv6 address "
		       "in brackets\n"},
		{HEAD PEER "Endpoint = 192.0.2.1\n",
		 WRONG "5: Endpoint = 192.0.2.1; expected HOST:PORT, with an IPv6 address in "
		       "brackets\n"},
		{HEAD PEER "Endpoint = []:51820\n",
		 WRONG "5: Endpoint = []:51820; expected HOST:PORT, with an IPv6 address in "
		       "brackets\n"},
		{HEAD PEER "PersistentKeepalive = 25\nPresharedKey = " PSK "\n", ""},
		{HEAD PEER "PersistentKeepalive = off\n", ""},
		{HEAD PEER "PersistentKeepalive = -1\n",
		 WRONG "5: PersistentKeepalive = -1; expected seconds, up to 65535, or off\n"},
		{HEAD "PublicKey = " KEY_B "\n",
		 WRONG "3: PublicKey stands in no [Peer] section; expected it in one\n"},
		{"ListenPort = 1\n" HEAD,
		 WRONG "1: ListenPort stands in no section; expected [Interface] in front\n"},
		{HEAD "[Peers]\nPublicKey = x\n",
		 WRONG "3: [Peers]; expected [Interface] or [Peer]\n"},
		{HEAD "ListenPort 1\n",
		 WRONG "3: ListenPort 1; expected KEY = VALUE, [Interface] or [Peer]\n"},
		{"# nothing\n",
		 "% Not imported:\n    wg0.conf: there is no [Interface]; expected a "
		 "file of wg-quick\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct import im = {0};
		char *notes;

		read_text(&im, rows[i].text, strlen(rows[i].text));
		import_finish(&im);
		notes = notes_of(&im);
		assert_string_equal(notes, rows[i].notes);
		free(notes);
		import_free(&im);
	}
}

/* A key is not said wherever it is: not in commands, nor where it is out of place. */
static void test_keys_are_masked(void **state)
{
	static const char *const rows[] = {
		HEAD "PostUp = wg set %i peer x preshared-key <(echo " PSK ")\n",
		HEAD "PrivateKey: " PSK "\n",
		HEAD PSK "\n",
		"PrivateKey = " PSK "\n",
		HEAD "PrivateKey = x" PSK "\n",
		HEAD "ListenPort = " PSK "\n",
		HEAD PEER "PresharedKey = " PSK PSK "\n",
		HEAD PEER "Endpoint = " PSK "\n",
		HEAD "[" PSK "]\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct import im = {0};
		char *notes;

		read_text(&im, rows[i], strlen(rows[i]));
		notes = notes_of(&im);
		assert_true(im.n_notes > 0);
		assert_null(strstr(notes, "D9Y3tcS1"));
		free(notes);
		import_free(&im);
	}
}

/* ---- whole */

static const char hub_file[] = "# The hub's\n"
			       "[Interface]\n"
			       "PrivateKey = " KEY_A "\n"
			       "ListenPort = 51820\n"
			       "Address = 10.9.0.1/24\n"
			       "Address = fd09::1/64\n"
			       "PostUp = iptables -A FORWARD -i %i -j ACCEPT\n"
			       "\n"
			       "# site b\n"
			       "[Peer]\n"
			       "PublicKey = " KEY_B "\n"
			       "PresharedKey = " PSK "\n"
			       "AllowedIPs = 10.9.0.2/32, 192.168.2.7/24\n"
			       "AllowedIPs = fd09::2/128\n"
			       "Endpoint = [2001:db8::2]:51820\n"
			       "PersistentKeepalive = 25\n"
			       "\n"
			       "[Peer]\n"
			       "# Name = laptop\n"
			       "PublicKey = " KEY_C "\n"
			       "AllowedIPs = 10.9.0.3/32, 192.168.3.0/24\n"
			       "#PresharedKey = " PSK "\n"
			       "\n"
			       "[Peer]\n"
			       "PublicKey = " KEY_D "\n"
			       "AllowedIPs = 192.168.3.0/24, 0.0.0.0/0, 172.16.0.1/32\n";

static const char hub_text[] =
	"# Written by `wgbgp-cli import`. Each interface is taken over where it runs.\n"
	"wireguard {\n"
	"    interface wg0 {\n"
	"        adopt true;    # where it runs already it is taken as it is\n"
	"        private-key-file /keys/wg0.key;\n"
	"        listen-port 51820;\n"
	"        address [ 10.9.0.1/24 fd09::1/64 ];\n"
	"        peer site-b {\n"
	"            description \"site b\";\n"
	"            public-key \"" KEY_B "\";\n"
	"            preshared-key-file /keys/wg0-site-b.psk;\n"
	"            endpoint [2001:db8::2]:51820;\n"
	"            persistent-keepalive 25;\n"
	"            tunnel-address [ 10.9.0.2 fd09::2 ];\n"
	"            imported [ 192.168.2.0/24 ];\n"
	"            permit [ 192.168.2.0/24 ];\n"
	"        }\n"
	"        peer laptop {\n"
	"            public-key \"" KEY_C "\";\n"
	"            tunnel-address [ 10.9.0.3 ];\n"
	"        }\n"
	"        peer peer-3 {\n"
	"            public-key \"" KEY_D "\";\n"
	"            imported [ 192.168.3.0/24 0.0.0.0/0 172.16.0.1/32 ];\n"
	"            permit [ 192.168.3.0/24 172.16.0.1/32 ];\n"
	"        }\n"
	"    }\n"
	"}\n"
	"\n"
	"rib {\n"
	"    static 172.16.0.1/32 { interface wg0; distance 240; }\n"
	"    static 192.168.2.0/24 { interface wg0; distance 240; }\n"
	"    static 192.168.3.0/24 { interface wg0; distance 240; }\n"
	"}\n";

static void test_text(void **state)
{
	struct import im = {0};
	char *text, *notes;

	read_text(&im, hub_file, strlen(hub_file));
	import_finish(&im);
	text = import_text(&im, "/keys");
	assert_string_equal(text, hub_text);
	assert_true(is_configuration(text));
	notes = notes_of(&im);
	assert_string_equal(
		notes,
		"Not carried over:\n"
		"    wg0.conf:7: PostUp = iptables -A FORWARD -i %i -j ACCEPT: wgbgp runs no "
		"commands; a unit of systemd can\n"
		"    wg0.conf:24: 0.0.0.0/0: no route is made for it. A default route comes "
		"by BGP, where the peer's permit has it and `rib { distance { kernel 250; } }` "
		"prefers it to that of the underlay\n"
		"Remarks:\n"
		"    wg0.conf:18: 192.168.3.0/24: the peer in line 24 has it, too: WireGuard "
		"gives it to the last one\n"
		"    wg0.conf:24: peer peer-3: no tunnel-address is known, by which BGP could "
		"reach it\n");
	free(notes);
	free(text);
	import_free(&im);
}

/* Without a network of its own the first host is the peer's address; Table = off wants no routes.
 */
static void test_hosts(void **state)
{
	static const char file[] =
		HEAD "Address = 10.9.0.1/32\nTable = off\n" PEER
		     "AllowedIPs = 192.168.2.0/24, 10.9.0.2, 10.7.0.1, 10.9.0.1\n";
	struct import im = {0};
	char *text;

	read_text(&im, file, strlen(file));
	import_finish(&im);
	text = import_text(&im, "/keys");
	assert_non_null(strstr(text, "tunnel-address [ 10.9.0.2 ];"));
	assert_non_null(strstr(text, "imported [ 192.168.2.0/24 10.7.0.1/32 10.9.0.1/32 ];"));
	assert_null(strstr(text, "static"));
	free(text);
	import_free(&im);
}

/* The interface's own network leads there already, as wg-quick knows. */
static void test_connected(void **state)
{
	static const char file[] = HEAD "Address = 10.9.0.2/24\n" PEER
					"AllowedIPs = 10.9.0.0/24, 10.9.0.128/25, 10.8.0.0/15\n";
	struct import im = {0};
	char *text;

	read_text(&im, file, strlen(file));
	import_finish(&im);
	text = import_text(&im, "/keys");
	assert_non_null(strstr(text, "imported [ 10.9.0.0/24 10.9.0.128/25 10.8.0.0/15 ];"));
	assert_non_null(strstr(text, "rib {\n    static 10.8.0.0/15 { interface wg0; distance "
				     "240; }\n}\n"));
	assert_true(is_configuration(text));
	free(text);
	import_free(&im);
}

/* Names from comments, of letters that names have, and never twice. */
static void test_names(void **state)
{
	static const struct {
		const char *label, *name;
	} rows[] = {
		{"site-a", "site-a"},	{"Site A (Köln)", "Site-A-K-ln"},
		{NULL, "peer-3"},	{"--..--", "peer-4"},
		{"site-a", "site-a-5"}, {"site-a-5", "site-a-5-6"},
		{"peer-3", "peer-3-7"},
	};
	struct import im = {0};
	struct import_interface *f = import_add_interface(&im, NULL, "wg0");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct import_peer *p = import_add_peer(f, 0);

		p->label = rows[i].label ? xstrdup(rows[i].label) : NULL;
	}
	import_finish(&im);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(f->peers[i].name, rows[i].name);
	import_free(&im);
}

/* ---- the command, and files */

static char *out_text, *err_text;

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static char *file_text(const char *name)
{
	static char text[4096];
	FILE *f = fopen(at(name), "re");
	size_t len;

	if (!f)
		return "(none)";
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

static int run(const char *fmt, ...)
{
	struct cli_session s = {.grammar = &cli_commands};
	size_t out_len, err_len;
	char line[512];
	va_list ap;
	int err;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	free(out_text);
	free(err_text);
	s.out = open_memstream(&out_text, &out_len);
	s.err = open_memstream(&err_text, &err_len);
	assert_true(s.out && s.err);
	err = session_run(&s, line);
	fclose(s.out);
	fclose(s.err);
	assert_null(strstr(out_text, KEY_A));
	assert_null(strstr(err_text, KEY_A));
	assert_null(strstr(out_text, PSK));
	assert_null(strstr(err_text, PSK));
	return err;
}

static void test_command(void **state)
{
	struct stat st;

	put("wg0.conf", hub_file);
	assert_int_equal(run("import wg-quick %s", at("wg0.conf")), 0);
	assert_non_null(strstr(out_text, "interface wg0 {"));
	assert_non_null(strstr(err_text, "Not carried over:\n"));
	assert_string_equal(file_text("wg0.key"), KEY_A "\n");
	assert_string_equal(file_text("wg0-site-b.psk"), PSK "\n");
	assert_int_equal(stat(at("wg0.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	/* The same keys may be there already; a file for the text not, unless that is said. */
	assert_int_equal(run("import wg-quick %s output %s", at("wg0.conf"), at("out")), 0);
	assert_string_equal(out_text, "");
	assert_non_null(strstr(file_text("out"), "interface wg0 {"));
	assert_true(is_configuration(file_text("out")));
	put("out", "mine\n");
	assert_int_equal(run("import wg-quick %s --output %s", at("wg0.conf"), at("out")), -1);
	assert_non_null(strstr(err_text, "out: is there; --overwrite replaces it\n"));
	assert_string_equal(file_text("out"), "mine\n");
	assert_int_equal(run("import wg-quick %s output %s overwrite", at("wg0.conf"), at("out")),
			 0);
	assert_non_null(strstr(file_text("out"), "interface wg0 {"));
}

/* Where anything is wrong nothing is written, no key either. */
static void test_whole_or_not_at_all(void **state)
{
	static const char *const files[] = {
		HEAD "ListenPort = x\n" PEER "PresharedKey = " PSK "\n",
		/* No configuration of ours: an IPv6 address and an MTU below 1280. */
		HEAD "Address = fd09::1/64\nMTU = 600\n" PEER "PresharedKey = " PSK "\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put("wg1.conf", files[i]);
		assert_int_equal(run("import wg-quick %s", at("wg1.conf")), -1);
		assert_string_equal(out_text, "");
		assert_true(*err_text);
		assert_string_equal(file_text("wg1.key"), "(none)");
	}
	put("wg1.conf", hub_file);
	put("wg1.key", KEY_B "\n");
	assert_int_equal(run("import wg-quick %s output %s", at("wg1.conf"), at("out1")), -1);
	assert_non_null(strstr(err_text, "wg1.key: is there, with another key"));
	assert_string_equal(file_text("wg1.key"), KEY_B "\n");
	assert_string_equal(file_text("wg1-site-b.psk"), "(none)");
	assert_string_equal(file_text("out1"), "(none)");
	assert_int_equal(run("import wg-quick %s", at("none.conf")), -1);
	assert_non_null(strstr(err_text, "none.conf: No such file"));
	assert_int_equal(run("import wg-quick %s", at("wg1.key")), -1);
	assert_non_null(strstr(err_text, "expected a file INTERFACE.conf"));
}

/* ---- what runs */

static const char *uapi_answer; /* of wg0's program; NULL: there is none */
static unsigned late;		/* so many calls come back without an answer */

int __wrap_wg_kernel_look(const char *ifname, struct wg **out);
int __wrap_wg_userspace_open(const char *ifname, struct wg **out);
json_t *__wrap_machine_interfaces(void);
int __wrap_kernel_route_get(const struct addr *to, struct kernel_route *out);

static int played_get(struct wg *wg, struct wg_dump *dump)
{
	if (late && late--)
		return -ETIMEDOUT;
	return uapi_read_get(uapi_answer, strlen(uapi_answer), dump);
}

static void played_close(struct wg *wg)
{
	free(wg);
}

int __wrap_wg_kernel_look(const char *ifname, struct wg **out)
{
	return str_eq(ifname, "secret0") ? -EPERM : -EOPNOTSUPP;
}

int __wrap_wg_userspace_open(const char *ifname, struct wg **out)
{
	static const struct wg_backend backend = {.get = played_get, .close = played_close};

	if (!uapi_answer || !str_eq(ifname, "wg0"))
		return -ENODEV;
	*out = xcalloc(1, sizeof(**out));
	wg_init(*out, &backend, ifname);
	return 0;
}

static json_t *links;

json_t *__wrap_machine_interfaces(void)
{
	return json_incref(links);
}

/* 192.168.0.0/16 leads by wg0. */
int __wrap_kernel_route_get(const struct addr *to, struct kernel_route *out)
{
	*out = (struct kernel_route){0};
	str_copy(out->interface, to->b[0] == 192 && to->b[1] == 168 ? "wg0" : "eth0",
		 sizeof(out->interface));
	return 0;
}

#define HEX_A "6009f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669"

static void test_live(void **state)
{
	static const char answer[] =
		"private_key=0100000000000000000000000000000000000000000000000000000000000040\n"
		"listen_port=51820\nfwmark=51820\n"
		"public_key=" HEX_A "\nendpoint=[2001:db8::2]:51820\n"
		"persistent_keepalive_interval=25\n"
		"allowed_ip=10.9.0.2/32\nallowed_ip=192.168.2.0/24\nallowed_ip=172.16.0.0/12\n"
		"public_key=0200000000000000000000000000000000000000000000000000000000000000\n"
		"preshared_key=0300000000000000000000000000000000000000000000000000000000000000\n"
		"allowed_ip=0.0.0.0/0\nerrno=0\n\n";
	static const char *const want[] = {
		"private-key-file /keys/wg0.key;\n",
		"listen-port 51820;\n",
		"fwmark 51820;\n",
		"address [ 10.9.0.1/24 169.254.9.1/30 ];\n",
		"mtu 1380;\n",
		"public-key \"" KEY_A,
		"endpoint [2001:db8::2]:51820;\n",
		"persistent-keepalive 25;\n",
		"tunnel-address [ 10.9.0.2 ];\n",
		"192.168.2.0/24 172.16.0.0/12 ];\n",
		"preshared-key-file /keys/wg0-peer-2.psk;\n",
		"static 192.168.2.0/24 { interface wg0; distance 240; }\n",
	};
	char *other[] = {"wg7"}, *text, *notes;
	struct import im = {0};

	links = json_loads("[{\"name\": \"lo\", \"mtu\": 65536, \"addresses\": [\"127.0.0.1/8\"]},"
			   "{\"name\": \"wg0\", \"mtu\": 1380, \"addresses\": [\"10.9.0.1/24\","
			   "\"169.254.9.1/30\", \"fe80::1/64\"]}]",
			   0, NULL);
	uapi_answer = answer;
	late = 3;
	import_live(&im, NULL, 0);
	import_finish(&im);
	assert_int_equal(im.errors, 0);
	assert_int_equal(im.n_ifs, 1);
	assert_string_equal(im.ifs[0].private_key, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=");
	assert_string_equal(im.ifs[0].peers[0].psk, "");
	assert_string_equal(im.ifs[0].peers[1].psk, "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	text = import_text(&im, "/keys");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (!strstr(text, want[i]))
			fail_msg("no %s in %s", want[i], text);
	assert_null(strstr(text, "static 172."));
	assert_true(is_configuration(text));
	free(text);
	import_free(&im);

	import_live(&im, other, 1);
	notes = notes_of(&im);
	assert_non_null(strstr(notes, "wg7: no WireGuard interface of this name runs here"));
	free(notes);
	import_free(&im);
	uapi_answer = NULL;
	import_live(&im, NULL, 0);
	notes = notes_of(&im);
	assert_non_null(strstr(notes, "no WireGuard interface runs here"));
	free(notes);
	import_free(&im);
	json_array_append_new(links, json_pack("{s:s}", "name", "secret0"));
	import_live(&im, NULL, 0);
	notes = notes_of(&im);
	assert_non_null(strstr(notes, "secret0: Operation not permitted"));
	free(notes);
	import_free(&im);
	json_decref(links);
}

/* ---- at random */

static unsigned any(unsigned n)
{
	return (unsigned)random() % n;
}

/* Words that files are made of, in an order that they never have; and bytes. */
static size_t junk(char *out, size_t size)
{
	static const char *const words[] = {
		"[Interface]\n",
		"[Peer]\n",
		"\n",
		"=",
		" = ",
		",",
		"#",
		"# name = x\n",
		"\t",
		"PrivateKey",
		"PublicKey = " KEY_B "\n",
		"PublicKey = " KEY_C "\n",
		"PresharedKey",
		"AllowedIPs = ",
		"Endpoint = ",
		"Address = ",
		"DNS = ",
		"MTU = ",
		"Table = ",
		"FwMark = ",
		"SaveConfig",
		"PostUp = ",
		"PersistentKeepalive = ",
		"ListenPort = ",
		"10.9.0.1/24",
		"10.9.0.2/32",
		"192.168.2.0/24",
		"::/0",
		"0.0.0.0/0",
		"fd00::1",
		"off",
		"auto",
		"0x10",
		"1420",
		"51820",
		"a.b:1",
		"[::1]:1",
		"[",
		"]",
		KEY_A,
		PSK,
		"\r\n",
		"\x01",
		"\xff",
	};
	size_t len = 0, n = any(40);

	while (n--) {
		const char *word = words[any(ARRAY_SIZE(words))];
		size_t step = strlen(word);

		if (len + step + 1 >= size)
			break;
		memcpy(out + len, word, step);
		len += step;
		if (any(20) == 0)
			out[len++] = (char)any(256);
	}
	return len;
}

static void test_junk(void **state)
{
	unsigned taken = 0;

	srandom(test_seed());
	for (unsigned i = 0; i < 3000; i++) {
		char text[4096];
		size_t len = any(3) ? 0 : strlen(strcpy(text, HEAD));
		struct import im = {0};
		char *made;

		len += junk(text + len, sizeof(text) - len);
		if (!len)
			continue;
		read_text(&im, text, len);
		import_finish(&im);
		made = im.errors ? NULL : import_text(&im, "/keys");
		if (made) {
			assert_null(strstr(made, PSK));
			taken++;
		}
		free(made);
		import_free(&im);
	}
	assert_true(taken > 20);
}

#define PEERS 4
#define PREFIXES 12

static const char *head_of(const char *text, int peer)
{
	char head[32];

	snprintf(head, sizeof(head), "peer p%d {", peer);
	return strstr(text, head);
}

/* Peers that share prefixes: the effective one belongs to the last that has it, and to nobody else;
 * and all that comes of it is a configuration. */
static void test_owners(void **state)
{
	static const char *const keys[PEERS] = {KEY_A, KEY_B, KEY_C, KEY_D};

	srandom(test_seed());
	for (unsigned round = 0; round < 100; round++) {
		int last[PREFIXES];
		char text[4096] = "[Interface]\nAddress = 10.9.0.1/24\n", mark[64], *made, *at_peer;
		struct import im = {0};

		memset(last, -1, sizeof(last));
		for (int p = 0; p < PEERS; p++) {
			char *end = text + strlen(text);

			end += sprintf(end, "[Peer]\n# p%d\nPublicKey = %s\n", p, keys[p]);
			for (unsigned n = any(6); n--;) {
				unsigned k = any(PREFIXES);

				last[k] = p;
				end += sprintf(end, "AllowedIPs = %s%u%s\n",
					       k % 2 ? "10.9.0." : "192.168.", k + 2,
					       k % 2 ? "/32" : ".0/24");
			}
		}
		read_text(&im, text, strlen(text));
		import_finish(&im);
		assert_int_equal(im.errors, 0);
		made = import_text(&im, "/keys");
		assert_true(is_configuration(made));
		for (unsigned k = 0; k < PREFIXES; k++) {
			snprintf(mark, sizeof(mark), " %s%u%s ", k % 2 ? "10.9.0." : "192.168.",
				 k + 2, k % 2 ? "" : ".0/24");
			at_peer = strstr(made, mark);
			if (last[k] < 0) {
				assert_null(at_peer);
				continue;
			}
			/* Behind the head of the last one, and in front of the next. */
			assert_true(at_peer && at_peer > head_of(made, last[k]));
			if (last[k] + 1 < PEERS)
				assert_true(at_peer < head_of(made, last[k] + 1));
		}
		free(made);
		import_free(&im);
	}
}

static int begin(void **state)
{
	struct conf_errors errs = {0};

	schema = conf_schema_load(conf_schema_dir(), &errs);
	conf_errors_free(&errs);
	return schema && mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	free(out_text);
	free(err_text);
	ly_ctx_destroy(schema);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *yang = xasprintf("%s/yang", srcdir);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	  cmocka_unit_test(test_keys_are_masked),
		cmocka_unit_test(test_text),	  cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_connected), cmocka_unit_test(test_names),
		cmocka_unit_test(test_command),	  cmocka_unit_test(test_junk),
		cmocka_unit_test(test_owners),	  cmocka_unit_test(test_whole_or_not_at_all),
		cmocka_unit_test(test_live),
	};

	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	return cmocka_run_group_tests(tests, begin, end);
}
