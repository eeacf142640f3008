/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel back-end against a played kernel: what it is sent is read by libmnl and written down,
 * what it answers is made here. Numbers are those of linux/wireguard.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"
#include "wg.h"

enum { FAMILY = 29, ANSWER_MAX = 1 << 17, SAID_MAX = 1 << 20, MESSAGES = 8 };

static char said[SAID_MAX];
static size_t n_said;
static char answer[MESSAGES][ANSWER_MAX]; /* each is what one recvfrom() gives */
static size_t n_answer[MESSAGES];
static unsigned first, last; /* of them */
static uint32_t seq;	     /* of the last request */
static const void *request;
static size_t request_len;
static unsigned sent;

/* What the played kernel does. */
static bool no_socket, no_bind, no_family, no_number;
static int send_error, ack_error, probe_error;
static unsigned interrupted;		    /* dumps that are cut off by a change */
static void (*fill_dump)(unsigned message); /* puts attributes; NULL: an empty device */
static unsigned dump_messages;

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	n_said += (size_t)vsnprintf(said + n_said, SAID_MAX - n_said, fmt, ap);
	va_end(ap);
	assert_true(n_said < SAID_MAX);
}

static void expect_at(const char *text, int line)
{
	if (strcmp(said, text) != 0) {
		printf("line %d: this was said:\n%s", line, said);
		fail_msg("line %d", line);
	}
	n_said = 0;
	said[0] = '\0';
}
#define expect(text) expect_at(text, __LINE__)

/* --- what it is sent --- */

static const char *key_name(const struct nlattr *a)
{
	static char name[8];
	const uint8_t *key = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) != WG_KEY_BYTES)
		return "short";
	if (!sodium_is_zero(key + 1, WG_KEY_BYTES - 1))
		return "graveyard";
	snprintf(name, sizeof(name), "%c", key[0] ? key[0] : '0');
	return name;
}

static void read_entry(const struct nlattr *nest)
{
	uint16_t family = 0;
	uint32_t flags = 0;
	uint8_t len = 0;
	char addr[64] = "";
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
	{
		if (mnl_attr_get_type(a) == 1)
			family = mnl_attr_get_u16(a);
		else if (mnl_attr_get_type(a) == 2) {
			assert_int_equal(mnl_attr_get_payload_len(a), family_bytes(family));
			inet_ntop(family, mnl_attr_get_payload(a), addr, sizeof(addr));
		} else if (mnl_attr_get_type(a) == 3)
			len = mnl_attr_get_u8(a);
		else if (mnl_attr_get_type(a) == 4)
			flags = mnl_attr_get_u32(a);
	}
	say(" %s%s/%u", flags == 1 ? "-" : flags ? "?" : "+", addr, len);
}

static void read_endpoint(const struct nlattr *a)
{
	struct endpoint e;

	endpoint_from_sockaddr(mnl_attr_get_payload(a), &e);
	say(" at %s", ENDPOINT_STR(&e));
	assert_int_equal(mnl_attr_get_payload_len(a), e.addr.family == AF_INET
							      ? sizeof(struct sockaddr_in)
							      : sizeof(struct sockaddr_in6));
}

static void read_peer(const struct nlattr *nest)
{
	const struct nlattr *a, *entry;

	mnl_attr_for_each_nested(a, nest)
	{
		switch (mnl_attr_get_type(a)) {
		case 1:
			say("  peer %s", key_name(a));
			break;
		case 2:
			say(" psk %s", key_name(a));
			break;
		case 3:
			say(" flags %u", mnl_attr_get_u32(a));
			break;
		case 4:
			read_endpoint(a);
			break;
		case 5:
			say(" keepalive %u", mnl_attr_get_u16(a));
			break;
		case 9:
			mnl_attr_for_each_nested(entry, a) read_entry(entry);
			break;
		default:
			say(" ?%u", mnl_attr_get_type(a));
		}
	}
	say("\n");
}

static void read_request(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *peer;

	say("%s%s version %u", genl->cmd ? "set" : "get",
	    nlh->nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP)  ? " dump"
	    : nlh->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK) ? " ack"
							      : " ?",
	    genl->version);
	mnl_attr_for_each(a, nlh, sizeof(*genl))
	{
		switch (mnl_attr_get_type(a)) {
		case 2:
			say(" %s", mnl_attr_get_str(a));
			break;
		case 3:
			say(" key %s", key_name(a));
			break;
		case 6:
			say(" port %u", mnl_attr_get_u16(a));
			break;
		case 7:
			say(" mark %u", mnl_attr_get_u32(a));
			break;
		case 8:
			say("\n");
			mnl_attr_for_each_nested(peer, a) read_peer(peer);
			break;
		default:
			say(" ?%u", mnl_attr_get_type(a));
		}
	}
	if (said[n_said - 1] != '\n')
		say("\n");
}

/* --- what it answers --- */

static struct nlmsghdr *begin_answer(uint16_t type, uint16_t flags)
{
	char *at = answer[last % MESSAGES] + n_answer[last % MESSAGES];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	return nlh;
}

static void end_answer(const struct nlmsghdr *nlh, bool datagram)
{
	n_answer[last % MESSAGES] += MNL_ALIGN(nlh->nlmsg_len);
	if (!datagram)
		return;
	last++;
	n_answer[last % MESSAGES] = 0;
}

static void answer_error(int err)
{
	struct nlmsghdr *nlh = begin_answer(NLMSG_ERROR, 0);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	e->error = err;
	end_answer(nlh, true);
}

static void answer_family(void)
{
	struct nlmsghdr *nlh = begin_answer(GENL_ID_CTRL, 0);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "wireguard");
	if (!no_number)
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	mnl_attr_put_u32(nlh, CTRL_ATTR_VERSION, 1);
	end_answer(nlh, true);
	answer_error(0);
}

static struct nlmsghdr *filling;

static void answer_dump(void)
{
	uint16_t flags = NLM_F_MULTI | (interrupted ? NLM_F_DUMP_INTR : 0);
	struct nlmsghdr *nlh;
	int *zero;

	interrupted -= interrupted > 0;
	if (ack_error) {
		answer_error(ack_error);
		return;
	}
	for (unsigned i = 0; i < dump_messages; i++) {
		filling = begin_answer(FAMILY, flags);
		mnl_nlmsg_put_extra_header(filling, sizeof(struct genlmsghdr));
		fill_dump(i);
		end_answer(filling, i % 2);
	}
	nlh = begin_answer(NLMSG_DONE, flags);
	zero = mnl_nlmsg_put_extra_header(nlh, sizeof(*zero));
	*zero = 0;
	end_answer(nlh, true);
}

/* --- libmnl's socket --- */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(bus, NETLINK_GENERIC);
	return no_socket ? NULL : (struct mnl_socket *)&seq;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	return no_bind ? -1 : 0;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	say("close\n");
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return 0;
}

static bool asks_for_removal(const char *text)
{
	return strstr(text, " flags 2 -192.0.2.1/32");
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	const struct nlmsghdr *nlh = req;
	size_t before = n_said;

	assert_true(size < 65536);
	assert_int_equal(size, nlh->nlmsg_len);
	if (send_error) {
		errno = send_error;
		return -1;
	}
	sent++;
	request = req;
	request_len = size;
	seq = nlh->nlmsg_seq;
	first = last = 0;
	n_answer[0] = 0;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		if (no_family)
			answer_error(-ENOENT);
		else
			answer_family();
		return (ssize_t)size;
	}
	assert_int_equal(nlh->nlmsg_type, FAMILY);
	read_request(nlh);
	if (nlh->nlmsg_flags & NLM_F_DUMP & ~NLM_F_ACK)
		answer_dump();
	else
		answer_error(asks_for_removal(said + before) ? probe_error : ack_error);
	return (ssize_t)size;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	size_t n;

	if (first == last) {
		errno = ENOBUFS;
		return -1;
	}
	n = n_answer[first % MESSAGES];
	assert_true(n <= size);
	memcpy(buf, answer[first++ % MESSAGES], n);
	return (ssize_t)n;
}

/* --- the checks --- */

static const uint8_t a[WG_KEY_BYTES] = {'a'}, b[WG_KEY_BYTES] = {'b'}, p[WG_KEY_BYTES] = {'p'};

static struct wg *open_it(void)
{
	struct wg *wg;

	assert_int_equal(wg_kernel_open("wg0", &wg), 0);
	n_said = 0;
	said[0] = '\0';
	return wg;
}

static void test_open(void **state)
{
	struct wg *wg;

	no_socket = true;
	assert_false(wg_kernel_present());
	assert_int_equal(wg_kernel_open("wg0", &wg), -EOPNOTSUPP);
	expect("");
	no_socket = false;
	no_bind = true;
	assert_false(wg_kernel_present());
	assert_int_equal(wg_kernel_open("wg0", &wg), -EOPNOTSUPP);
	expect("close\nclose\n");
	no_bind = false;
	no_family = true;
	assert_false(wg_kernel_present());
	assert_int_equal(wg_kernel_open("wg0", &wg), -EOPNOTSUPP);
	expect("close\nclose\n");
	no_family = false;
	send_error = EPERM;
	assert_int_equal(wg_kernel_open("wg0", &wg), -EPERM);
	send_error = 0;
	assert_true(wg_kernel_present());
	expect("close\nclose\n");
	ack_error = -ENODEV;
	assert_int_equal(wg_kernel_open("wg0", &wg), -ENODEV);
	expect("get dump version 1 wg0\nclose\n");
	ack_error = 0;
	assert_int_equal(wg_kernel_open("wg0", &wg), 0);
	assert_true(wg->single_removal);
	assert_string_equal(wg->backend->name, "kernel");
	expect("get dump version 1 wg0\n"
	       "set ack version 1 wg0\n"
	       "  peer graveyard flags 2 -192.0.2.1/32\n"
	       "set ack version 1 wg0\n"
	       "  peer graveyard flags 5\n");
	wg_close(wg);
	expect("close\n");
	/* Found out once. */
	probe_error = -EINVAL;
	wg = open_it();
	assert_true(wg->single_removal);
	wg_close(wg);
}

/* What was on the stack before is no number. */
static void soil_stack(void)
{
	volatile uint8_t bytes[1 << 18];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xaa;
}

static void test_no_number(void **state)
{
	struct wg *wg;

	no_number = true;
	soil_stack();
	assert_false(wg_kernel_present());
	assert_int_equal(wg_kernel_open("wg0", &wg), -EOPNOTSUPP);
	expect("close\nclose\n");
}

static void test_old_kernel(void **state)
{
	struct wg *wg;

	probe_error = -EINVAL;
	wg = open_it();
	assert_false(wg->single_removal);
	wg_close(wg);
}

static bool wiped(void)
{
	return sodium_is_zero(request, request_len);
}

static void test_device(void **state)
{
	struct wg *wg = open_it();
	struct wg_device_set set = {0};

	assert_int_equal(wg_set_device(wg, &set), 0);
	expect("set ack version 1 wg0\n");
	set = (struct wg_device_set){
		.private_key = p, .set_port = true, .set_fwmark = true, .fwmark = 9};
	assert_int_equal(wg_set_device(wg, &set), 0);
	assert_true(wiped());
	expect("set ack version 1 wg0 key p port 0 mark 9\n");
	set = (struct wg_device_set){.set_port = true, .listen_port = 51820, .fwmark = 7};
	ack_error = -EADDRINUSE;
	assert_int_equal(wg_set_device(wg, &set), -EADDRINUSE);
	expect("set ack version 1 wg0 port 51820\n");
	send_error = ENOBUFS;
	assert_int_equal(wg_set_device(wg, &set), -ENOBUFS);
	expect("");
	wg_close(wg);
}

static void test_peer(void **state)
{
	struct wg *wg = open_it();
	struct wg_peer_set set = {.key = a};

	assert_int_equal(wg_set_peer(wg, &set), 0);
	expect("set ack version 1 wg0\n  peer a flags 4\n");
	set = (struct wg_peer_set){
		.key = a, .create = true, .psk = p, .set_keepalive = true, .keepalive = 25};
	assert_int_equal(endpoint_parse("192.0.2.1:5", &set.endpoint), 0);
	assert_int_equal(wg_set_peer(wg, &set), 0);
	assert_true(wiped());
	expect("set ack version 1 wg0\n  peer a psk p at 192.0.2.1:5 keepalive 25\n");
	set = (struct wg_peer_set){.key = b};
	assert_int_equal(endpoint_parse("[2001:db8::1]:6", &set.endpoint), 0);
	ack_error = -EINVAL;
	assert_int_equal(wg_set_peer(wg, &set), -EINVAL);
	expect("set ack version 1 wg0\n  peer b flags 4 at [2001:db8::1]:6\n");
	assert_int_equal(wg_remove_peer(wg, b), -EINVAL);
	ack_error = 0;
	assert_int_equal(wg_remove_peer(wg, b), 0);
	expect("set ack version 1 wg0\n  peer b flags 5\n"
	       "set ack version 1 wg0\n  peer b flags 5\n");
	wg_close(wg);
}

/* "+a 10.0.0.0/8 -b 10.1.0.0/16" */
static size_t read_changes(const char *text, struct wg_change *out)
{
	char op, key, prefix[64];
	size_t count = 0;
	int n;

	for (; sscanf(text, " %c%c %63s%n", &op, &key, prefix, &n) == 3; text += n) {
		out[count] = (struct wg_change){.remove = op == '-', .key = key == 'a' ? a : b};
		assert_int_equal(prefix_parse(prefix, &out[count++].prefix), 0);
	}
	return count;
}

#define CHANGES                                                                        \
	"+a 10.0.0.0/8 +a 2001:db8::/32 -a 10.2.0.0/16 +b 10.3.0.0/16 -a 10.4.0.0/16 " \
	"-b ::/0 +b 0.0.0.0/0"

static void test_changes(void **state)
{
	struct wg *wg = open_it();
	struct wg_change list[8];
	size_t n = read_changes(CHANGES, list);

	assert_int_equal(wg_change(wg, list, n), 0);
	expect("set ack version 1 wg0\n"
	       "  peer a flags 4 +10.0.0.0/8 +2001:db8::/32 -10.2.0.0/16\n"
	       "  peer b flags 4 +10.3.0.0/16\n"
	       "  peer a flags 4 -10.4.0.0/16\n"
	       "  peer b flags 4 -::/0 +0.0.0.0/0\n");
	wg->single_removal = false;
	assert_int_equal(wg_change(wg, list, n), 0);
	expect("set ack version 1 wg0\n"
	       "  peer a flags 4 +10.0.0.0/8 +2001:db8::/32\n"
	       "  peer graveyard flags 2 +10.2.0.0/16\n"
	       "  peer b flags 4 +10.3.0.0/16\n"
	       "  peer graveyard +10.4.0.0/16 +::/0\n"
	       "  peer b flags 4 +0.0.0.0/0\n"
	       "  peer graveyard flags 5\n");
	assert_int_equal(wg_change(wg, list, 1), 0);
	expect("set ack version 1 wg0\n  peer a flags 4 +10.0.0.0/8\n");
	assert_int_equal(wg_change(wg, list, 0), 0);
	expect("");
	wg_close(wg);
}

/* Many are cut into messages; an error ends them. */
static void test_many(void **state)
{
	enum { MANY = 5000 };
	struct wg_change *list = xcalloc(MANY, sizeof(*list));
	struct wg *wg = open_it();
	char *want = xcalloc(1, SAID_MAX), *at = want, *words = said, *save;
	size_t n = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t bytes[16] = {10, i >> 8, i, 0};

		list[i] = (struct wg_change){.key = a, .prefix = prefix_make(AF_INET, bytes, 24)};
		at += sprintf(at, "+10.%u.%u.0/24 ", i >> 8, i & 255);
	}
	sent = 0;
	assert_int_equal(wg_change(wg, list, MANY), 0);
	assert_int_equal(sent, 3);
	for (char *w = strtok_r(words, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		if (w[0] != '+')
			continue;
		assert_int_equal(strncmp(want + n, w, strlen(w)), 0);
		n += strlen(w) + 1;
	}
	assert_int_equal(n, strlen(want));
	n_said = 0;
	ack_error = -ENOMEM;
	sent = 0;
	assert_int_equal(wg_change(wg, list, MANY), -ENOMEM);
	assert_int_equal(sent, 1);
	wg_close(wg);
	free(list);
	free(want);
}

/* --- reading --- */

static void put_entry(uint16_t family, const char *addr, uint8_t len, size_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(filling, 0);
	uint8_t binary[16] = {0};

	inet_pton(family == AF_INET6 ? AF_INET6 : AF_INET, addr, binary);
	mnl_attr_put_u16(filling, 1, family);
	if (bytes)
		mnl_attr_put(filling, 2, bytes, binary);
	mnl_attr_put_u8(filling, 3, len);
	mnl_attr_put_u32(filling, 77, 1); /* of a later kernel */
	mnl_attr_nest_end(filling, nest);
}

static void put_peer_head(const uint8_t *key, bool all)
{
	struct sockaddr_in6 sa = {
		.sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_addr = {{{0x20, 1}}}};
	int64_t stamp[2] = {1700000000, 5000000};

	mnl_attr_put(filling, 1, WG_KEY_BYTES, key);
	if (!all)
		return;
	mnl_attr_put(filling, 2, WG_KEY_BYTES, p);
	mnl_attr_put(filling, 4, sizeof(sa), &sa);
	mnl_attr_put_u16(filling, 5, 25);
	mnl_attr_put(filling, 6, sizeof(stamp), stamp);
	mnl_attr_put_u64(filling, 7, 1234);
	mnl_attr_put_u64(filling, 8, 5678);
}

/* a in two messages, then b, of which little is known, and what is none. */
static void fill(unsigned message)
{
	struct nlattr *peers, *peer, *entries;
	static const uint8_t none[WG_KEY_BYTES], c[WG_KEY_BYTES] = {'c'};
	uint32_t short_one = 7;

	if (message == 0) {
		mnl_attr_put_strz(filling, 2, "wg0");
		mnl_attr_put(filling, 3, WG_KEY_BYTES, b);
		mnl_attr_put(filling, 4, WG_KEY_BYTES, p);
		mnl_attr_put_u16(filling, 6, 51820);
		mnl_attr_put_u32(filling, 7, 99);
	}
	peers = mnl_attr_nest_start(filling, 8);
	peer = mnl_attr_nest_start(filling, 0);
	put_peer_head(message == 2 ? b : a, message == 0);
	if (message == 2) {
		mnl_attr_put(filling, 2, WG_KEY_BYTES, none);
		mnl_attr_put(filling, 4, 4, &short_one);
		mnl_attr_put(filling, 6, 4, &short_one);
		mnl_attr_put(filling, 7, 4, &short_one);
	}
	entries = mnl_attr_nest_start(filling, 9);
	put_entry(AF_INET, message == 0 ? "10.1.0.0" : "10.2.0.0", 16, 4);
	put_entry(AF_INET6, "2001:db8::1", 32 + message, 16);
	if (message == 2) {
		put_entry(AF_INET, "10.3.0.0", 33, 4);
		put_entry(AF_INET, "10.3.0.0", 24, 16);
		put_entry(AF_INET6, "2001:db8::", 129, 16);
		put_entry(AF_UNIX, "10.3.0.0", 24, 4);
		put_entry(AF_INET, "10.3.0.0", 24, 0);
		put_entry(AF_INET, "255.255.255.255", 32, 4);
		put_entry(AF_INET6, "::1", 128, 16);
	}
	mnl_attr_nest_end(filling, entries);
	mnl_attr_nest_end(filling, peer);
	if (message == 2) {
		peer = mnl_attr_nest_start(filling, 0);
		mnl_attr_put(filling, 1, 4, &short_one);
		mnl_attr_nest_end(filling, peer);
		peer = mnl_attr_nest_start(filling, 0);
		mnl_attr_nest_end(filling, peer);
		peer = mnl_attr_nest_start(filling, 0);
		put_peer_head(c, false); /* of this one the kernel names no entries */
		mnl_attr_nest_end(filling, peer);
	}
	mnl_attr_nest_end(filling, peers);
}

static void say_dump(const struct wg_dump *d)
{
	say("key %c port %u mark %u\n", d->public_key[0] ? d->public_key[0] : '-', d->listen_port,
	    d->fwmark);
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wg_peer *w = &d->peers[i];

		say("%c%s keepalive %u at %s handshake %lld.%lld rx %llu tx %llu:", w->key[0],
		    w->has_psk ? " psk" : "", w->keepalive,
		    w->endpoint.addr.family ? ENDPOINT_STR(&w->endpoint) : "-",
		    (long long)w->handshake_sec, (long long)w->handshake_nsec,
		    (unsigned long long)w->rx_bytes, (unsigned long long)w->tx_bytes);
		for (size_t j = 0; j < d->n_entries; j++)
			if (d->entries[j].peer == i)
				say(" %s", PREFIX_STR(&d->entries[j].prefix));
		say("\n");
	}
}

static void get(struct wg *wg, bool with_entries, int want)
{
	struct wg_dump dump;

	assert_int_equal(wg_get(wg, with_entries, &dump), want);
	if (want == 0)
		say_dump(&dump);
	wg_dump_free(&dump);
}

static void test_get(void **state)
{
	struct wg *wg = open_it();

	get(wg, true, 0);
	expect("get dump version 1 wg0\nkey - port 0 mark 0\n");
	fill_dump = fill;
	dump_messages = 3;
	get(wg, true, 0);
	expect("get dump version 1 wg0\n"
	       "key p port 51820 mark 99\n"
	       "a psk keepalive 25 at [2001::]:7 handshake 1700000000.5000000 rx 1234 tx 5678: "
	       "10.1.0.0/16 2001:db8::/32 10.2.0.0/16 2001:db8::/33\n"
	       "b keepalive 0 at - handshake 0.0 rx 0 tx 0: 10.2.0.0/16 2001:db8::/34 "
	       "255.255.255.255/32 ::1/128\n"
	       "c keepalive 0 at - handshake 0.0 rx 0 tx 0:\n");
	get(wg, false, 0);
	expect("get dump version 1 wg0\n"
	       "key p port 51820 mark 99\n"
	       "a psk keepalive 25 at [2001::]:7 handshake 1700000000.5000000 rx 1234 tx 5678:\n"
	       "b keepalive 0 at - handshake 0.0 rx 0 tx 0:\n"
	       "c keepalive 0 at - handshake 0.0 rx 0 tx 0:\n");
	wg_close(wg);
}

static void on_secret(void *arg, const uint8_t *peer, const uint8_t key[WG_KEY_BYTES])
{
	say("secret %c of %c\n", key[0], peer ? peer[0] : '-');
}

/* Who asks is told of the keys; looking makes no peer, not even for a moment. */
static void test_secrets(void **state)
{
	struct wg_dump dump;
	struct wg *wg;

	assert_int_equal(wg_kernel_look("wg0", &wg), 0);
	expect("get dump version 1 wg0\n");
	fill_dump = fill;
	dump_messages = 3;
	assert_int_equal(wg_get_secrets(wg, on_secret, NULL, &dump), 0);
	expect("get dump version 1 wg0\nsecret b of -\nsecret p of a\n");
	assert_int_equal(dump.n_entries, 8);
	wg_dump_free(&dump);
	wg_close(wg);
}

/* The table changed under the dump: read again, but not for ever. */
static void test_interrupted(void **state)
{
	struct wg *wg = open_it();

	fill_dump = fill;
	dump_messages = 1;
	interrupted = 3;
	get(wg, false, 0);
	expect("get dump version 1 wg0\nget dump version 1 wg0\n"
	       "get dump version 1 wg0\nget dump version 1 wg0\n"
	       "key p port 51820 mark 99\n"
	       "a psk keepalive 25 at [2001::]:7 handshake 1700000000.5000000 rx 1234 tx 5678:\n");
	interrupted = 9;
	get(wg, false, -EINTR);
	expect("get dump version 1 wg0\nget dump version 1 wg0\n"
	       "get dump version 1 wg0\nget dump version 1 wg0\n");
	interrupted = 0;
	send_error = ENOBUFS;
	get(wg, false, -ENOBUFS);
	send_error = 0;
	ack_error = -EPERM;
	get(wg, false, -EPERM);
	expect("get dump version 1 wg0\n");
	wg_close(wg);
}

/* Entries that are malformed end the reading of their nest, and nothing more. */
static void fill_malformed(unsigned message)
{
	struct nlattr *peers = mnl_attr_nest_start(filling, 8);
	struct nlattr *peer = mnl_attr_nest_start(filling, 0), *entries, *entry, *one;

	put_peer_head(a, false);
	entries = mnl_attr_nest_start(filling, 9);
	entry = mnl_attr_nest_start(filling, 0);
	one = (struct nlattr *)mnl_nlmsg_get_payload_tail(filling);
	mnl_attr_put_u16(filling, 1, AF_INET);
	one->nla_len = message ? 3 : 200;
	mnl_attr_nest_end(filling, entry);
	put_entry(AF_INET, "10.9.0.0", 16, 4);
	mnl_attr_nest_end(filling, entries);
	mnl_attr_nest_end(filling, peer);
	mnl_attr_nest_end(filling, peers);
}

static void test_malformed(void **state)
{
	struct wg *wg = open_it();

	fill_dump = fill_malformed;
	dump_messages = 2;
	get(wg, true, 0);
	expect("get dump version 1 wg0\n"
	       "key - port 0 mark 0\n"
	       "a keepalive 0 at - handshake 0.0 rx 0 tx 0: 10.9.0.0/16 10.9.0.0/16\n");
	wg_close(wg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	  cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_device),	  cmocka_unit_test(test_peer),
		cmocka_unit_test(test_changes),	  cmocka_unit_test(test_many),
		cmocka_unit_test(test_get),	  cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_secrets),
	};

	log_init("wg_kernel_test");
	log_set_level(LOG_LEVEL_ERROR);
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
