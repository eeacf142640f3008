/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgloop: the bare loop that wgd is measured against: the same AllowedIPs over the same seam from a
 * program that does nothing else. The UAPI socket where there is one (wireguard-go), else generic
 * netlink.
 *
 *   wgloop IF COUNT KEY1 KEY2           steps as of wgdrive.c, without unload
 *   wgloop IF COUNT KEY1 KEY2 FILE      the file's prefixes for KEY1, then all of them to KEY2:
 * "move"
 *   wgloop IF read SECONDS              reads the whole device each second: "share" of a core in
 * percent
 *
 * Keys in base64. Prints one JSON object of seconds.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <sodium.h>

#include "generate.h"
#include "loop.h"
#include "util.h"

enum { SINGLES = 1001, NETLINK_ENTRIES = 1500, KEY_LEN = 32 };

static const char *ifname;
static int uapi = -1;
static struct mnl_socket *nl;
static uint16_t family;
static uint32_t sequence;
static struct routes *table;
static uint8_t keys[2][KEY_LEN];

/* ---- the UAPI socket */

static void uapi_open(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/run/wireguard/%s.sock", ifname);
	uapi = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(uapi, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(uapi);
		uapi = -1;
	}
}

static void uapi_write(const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(uapi, at, len);

		if (n < 0)
			fatal("UAPI: %s", strerror(errno));
		at += n;
		len -= n;
	}
}

static void uapi_set(unsigned key, size_t begin, size_t end)
{
	char *text = xmalloc(256 + (end - begin) * 48), hex[2 * KEY_LEN + 1], answer[64];
	size_t len;
	ssize_t n;

	sodium_bin2hex(hex, sizeof(hex), keys[key], KEY_LEN);
	len = sprintf(text, "set=1\npublic_key=%s\nupdate_only=true\n", hex);
	for (size_t i = begin; i < end; i++) {
		const struct prefix *p = &table->list[i].prefix;

		len += sprintf(text + len, "allowed_ip=%u.%u.%u.%u/%u\n", p->b[0], p->b[1], p->b[2],
			       p->b[3], p->len);
	}
	text[len++] = '\n';
	uapi_write(text, len);
	free(text);
	n = read(uapi, answer, sizeof(answer) - 1);
	answer[n > 0 ? n : 0] = '\0';
	if (strncmp(answer, "errno=0\n", 8) != 0)
		fatal("UAPI: %s", answer);
}

/* ---- generic netlink */

static void netlink_transact(char *buffer, size_t size, struct nlmsghdr *h, mnl_cb_t cb)
{
	int n;

	h->nlmsg_seq = ++sequence;
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		fatal("netlink: %s", strerror(errno));
	do {
		n = mnl_socket_recvfrom(nl, buffer, size);
		n = n < 0 ? n
			  : mnl_cb_run(buffer, n, sequence, mnl_socket_get_portid(nl), cb, NULL);
	} while (n > 0);
	if (n < 0)
		fatal("netlink: %s", strerror(errno));
}

static struct nlmsghdr *message(char *buffer, uint16_t type, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *g;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->cmd = command;
	g->version = 1;
	return h;
}

static int take_family(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(a);
	}
	return MNL_CB_OK;
}

static void netlink_open(void)
{
	static char buffer[1 << 16];
	struct nlmsghdr *h;

	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		fatal("netlink: %s", strerror(errno));
	h = message(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	netlink_transact(buffer, sizeof(buffer), h, take_family);
	if (!family)
		fatal("no WireGuard in this kernel, and no socket for %s", ifname);
}

static void put_entry(struct nlmsghdr *h, const struct prefix *p)
{
	struct nlattr *entry = mnl_attr_nest_start(h, 0);

	mnl_attr_put_u16(h, WGALLOWEDIP_A_FAMILY, AF_INET);
	mnl_attr_put(h, WGALLOWEDIP_A_IPADDR, 4, p->b);
	mnl_attr_put_u8(h, WGALLOWEDIP_A_CIDR_MASK, p->len);
	mnl_attr_nest_end(h, entry);
}

static void netlink_set_some(unsigned key, size_t begin, size_t end)
{
	static char buffer[1 << 17];
	struct nlmsghdr *h = message(buffer, family, WG_CMD_SET_DEVICE, NLM_F_ACK);
	struct nlattr *peers, *peer, *list;

	mnl_attr_put_strz(h, WGDEVICE_A_IFNAME, ifname);
	peers = mnl_attr_nest_start(h, WGDEVICE_A_PEERS);
	peer = mnl_attr_nest_start(h, 0);
	mnl_attr_put(h, WGPEER_A_PUBLIC_KEY, KEY_LEN, keys[key]);
	mnl_attr_put_u32(h, WGPEER_A_FLAGS, WGPEER_F_UPDATE_ONLY);
	list = mnl_attr_nest_start(h, WGPEER_A_ALLOWEDIPS);
	for (size_t i = begin; i < end; i++)
		put_entry(h, &table->list[i].prefix);
	mnl_attr_nest_end(h, list);
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, peers);
	netlink_transact(buffer, sizeof(buffer), h, NULL);
}

/* ---- reading */

static void uapi_read_all(void)
{
	static char buffer[1 << 16];
	char end[2] = "";
	ssize_t n;

	uapi_write("get=1\n\n", 7);
	do {
		n = read(uapi, buffer, sizeof(buffer));
		if (n <= 0)
			fatal("UAPI: the answer broke off");
		end[0] = n > 1 ? buffer[n - 2] : end[1];
		end[1] = buffer[n - 1];
	} while (end[0] != '\n' || end[1] != '\n');
}

static void netlink_read_all(void)
{
	static char buffer[1 << 16];
	struct nlmsghdr *h = message(buffer, family, WG_CMD_GET_DEVICE, NLM_F_DUMP);

	mnl_attr_put_strz(h, WGDEVICE_A_IFNAME, ifname);
	netlink_transact(buffer, sizeof(buffer), h, NULL);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void read_each_second(unsigned seconds)
{
	uint64_t start = now_us();
	double cpu = cpu_seconds();

	for (unsigned i = 1; i <= seconds; i++) {
		uint64_t due = start + i * 1000000ull, now;

		if (uapi >= 0)
			uapi_read_all();
		else
			netlink_read_all();
		now = now_us();
		if (now < due)
			usleep((useconds_t)(due - now));
	}
	printf("{\"share\": %.6f}\n", (cpu_seconds() - cpu) / (now_us() - start) * 1e8);
}

/* ---- the steps */

/* Returns the seconds. */
static double set(unsigned key, size_t begin, size_t end)
{
	uint64_t start = now_us();

	if (uapi >= 0) {
		uapi_set(key, begin, end);
	} else {
		for (; begin < end; begin += NETLINK_ENTRIES)
			netlink_set_some(key, begin,
					 end - begin < NETLINK_ENTRIES ? end
								       : begin + NETLINK_ENTRIES);
	}
	return (now_us() - start) / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of those that were loaded last, so that each is at the first peer; where they are few there and
 * back. */
static double single(size_t begin, size_t end)
{
	double seconds[SINGLES];

	for (size_t i = 0; i < SINGLES; i++) {
		size_t at = begin + i * 37 % (end - begin);

		seconds[i] = set(i / (end - begin) % 2 ? 0 : 1, at, at + 1);
	}
	qsort(seconds, SINGLES, sizeof(seconds[0]), by_value);
	return seconds[SINGLES / 2];
}

/* Each step in an interface of its own size: what is there is taken away by hand. */
static void clear(void)
{
	char command[512], base64[2][64];

	for (unsigned i = 0; i < 2; i++)
		sodium_bin2base64(base64[i], sizeof(base64[i]), keys[i], KEY_LEN,
				  sodium_base64_VARIANT_ORIGINAL);
	snprintf(command, sizeof(command),
		 "wg set %s peer %s allowed-ips '' peer %s allowed-ips ''", ifname, base64[0],
		 base64[1]);
	if (system(command) != 0)
		fatal("wg set failed");
}

static void all_steps(size_t count)
{
	size_t loaded = 0;

	printf("{\"bulk\": %.6f", set(0, 0, count));
	printf(", \"move\": %.6f", set(1, 0, (count + 9) / 10));
	clear();
	for (size_t n = 100; n <= count; loaded = n, n *= 10) {
		set(0, loaded, n);
		printf(", \"single-%zu\": %.6f", n, single(loaded, n));
	}
	printf("}\n");
}

static void open_device(const char *name)
{
	ifname = name;
	uapi_open();
	if (uapi < 0)
		netlink_open();
}

int main(int argc, char **argv)
{
	struct attrs_pool pool = {0};
	size_t count;

	if (argc == 4 && str_eq(argv[2], "read")) {
		open_device(argv[1]);
		read_each_second(strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (argc < 5)
		fatal("usage: wgloop IF COUNT KEY1 KEY2 [FILE], or wgloop IF read SECONDS");
	for (unsigned i = 0; i < 2; i++) {
		if (sodium_base642bin(keys[i], KEY_LEN, argv[3 + i], strlen(argv[3 + i]), NULL,
				      NULL, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
			fatal("not a key: %s", argv[3 + i]);
	}
	open_device(argv[1]);
	table = xcalloc(1, sizeof(*table));
	table->pool = &pool;
	count = strtoul(argv[2], NULL, 10);
	if (argc == 5) {
		generate_ipv4(table, count, 1);
		all_steps(table->count);
	} else {
		if (generate_real_ipv4(table, argv[5], count, 1) < 0)
			fatal("%s: cannot be read", argv[5]);
		set(0, 0, table->count);
		printf("{\"move\": %.6f}\n", set(1, 0, table->count));
	}
	routes_free(table);
	attrs_pool_free(&pool);
	return 0;
}
