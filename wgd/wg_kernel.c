/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel back-end: generic netlink, family "wireguard", by libmnl.
 *
 * The numbers of the kernel's interface are carried here: the headers of older systems lack the
 * newer ones. Large sets are cut into messages of less than 64 KiB (the length of a nest has 16
 * bits). WGPEER_F_UPDATE_ONLY is always set where a peer should exist, or a vanished one would come
 * back as a ghost.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "util.h"
#include "wg.h"

enum { CMD_GET_DEVICE, CMD_SET_DEVICE };
enum {
	DEVICE_IFINDEX = 1,
	DEVICE_IFNAME,
	DEVICE_PRIVATE_KEY,
	DEVICE_PUBLIC_KEY,
	DEVICE_FLAGS,
	DEVICE_LISTEN_PORT,
	DEVICE_FWMARK,
	DEVICE_PEERS,
	DEVICE_MAX = DEVICE_PEERS
};
enum {
	PEER_PUBLIC_KEY = 1,
	PEER_PRESHARED_KEY,
	PEER_FLAGS,
	PEER_ENDPOINT,
	PEER_KEEPALIVE,
	PEER_LAST_HANDSHAKE,
	PEER_RX_BYTES,
	PEER_TX_BYTES,
	PEER_ALLOWEDIPS,
	PEER_VERSION,
	PEER_MAX = PEER_VERSION
};
enum { PEER_F_REMOVE_ME = 1, PEER_F_REPLACE_ALLOWEDIPS = 2, PEER_F_UPDATE_ONLY = 4 };
enum {
	ALLOWEDIP_FAMILY = 1,
	ALLOWEDIP_IPADDR,
	ALLOWEDIP_CIDR,
	ALLOWEDIP_FLAGS, /* since Linux 6.16 */
	ALLOWEDIP_MAX = ALLOWEDIP_FLAGS
};
enum { ALLOWEDIP_F_REMOVE_ME = 1 };

#define MESSAGE_BYTES 65536
#define MESSAGE_FULL 60000 /* no further entry behind this */
#define DUMP_BYTES 65536
#define DUMP_TRIES 4

struct kernel {
	struct wg wg;
	struct mnl_socket *sock;
	uint16_t family; /* generic netlink's number of "wireguard" */
	uint32_t seq;
	char *buf; /* MESSAGE_BYTES */
};

/* What the running kernel can do, found out once. */
static enum { REMOVAL_UNKNOWN, REMOVAL_SINGLE, REMOVAL_GRAVEYARD } removal;

static struct kernel *kernel_of(struct wg *wg)
{
	return container_of(wg, struct kernel, wg);
}

static int family_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)arg = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int family_message(const struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, arg);
	return MNL_CB_OK;
}

/* Receives until the message with our number is answered or acknowledged. */
static int kernel_receive(struct mnl_socket *sock, uint32_t seq, mnl_cb_t cb, void *arg)
{
	char buf[DUMP_BYTES];
	int got;

	do {
		ssize_t n = mnl_socket_recvfrom(sock, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		got = mnl_cb_run(buf, n, seq, mnl_socket_get_portid(sock), cb, arg);
		sodium_memzero(buf, n);
	} while (got > MNL_CB_STOP);
	return got < 0 ? -errno : 0;
}

static int find_family(struct mnl_socket *sock, uint16_t *out)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "wireguard");
	*out = 0;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	if (kernel_receive(sock, 1, family_message, out) < 0 || !*out)
		return -EOPNOTSUPP;
	return 0;
}

static struct mnl_socket *kernel_open_socket(void)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);

	if (sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(sock);
		sock = NULL;
	}
	return sock;
}

bool wg_kernel_present(void)
{
	struct mnl_socket *sock = kernel_open_socket();
	uint16_t family;
	bool present = sock && find_family(sock, &family) == 0;

	if (sock)
		mnl_socket_close(sock);
	return present;
}

static struct nlmsghdr *kernel_begin(struct kernel *k, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(k->buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = k->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++k->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	mnl_attr_put_strz(nlh, DEVICE_IFNAME, k->wg.ifname);
	return nlh;
}

/* Sends what was built and waits for the acknowledgement. */
static int kernel_finish(struct kernel *k, struct nlmsghdr *nlh)
{
	if (mnl_socket_sendto(k->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return kernel_receive(k->sock, k->seq, NULL, NULL);
}

struct table {
	const struct nlattr **attrs;
	uint16_t max;
};

static int table_attr(const struct nlattr *attr, void *arg)
{
	struct table *t = arg;

	if (mnl_attr_get_type(attr) <= t->max)
		t->attrs[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static uint64_t get_u64(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 8 ? mnl_attr_get_u64(attr) : 0;
}

/* Entries are many: read and written without a call for each attribute. */
static void read_entry(const struct nlattr *nest, struct wg_dump *dump)
{
	const char *at = (const char *)nest + MNL_ATTR_HDRLEN,
		   *end = (const char *)nest + nest->nla_len;
	const char *value[ALLOWEDIP_MAX + 1] = {0};
	size_t bytes[ALLOWEDIP_MAX + 1] = {0};
	struct prefix p;
	uint16_t family;
	uint8_t len;

	while (end - at >= (ptrdiff_t)MNL_ATTR_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)at;
		unsigned type = attr->nla_type & NLA_TYPE_MASK;

		if (attr->nla_len < MNL_ATTR_HDRLEN || attr->nla_len > end - at)
			break;
		if (type <= ALLOWEDIP_MAX) {
			value[type] = at + MNL_ATTR_HDRLEN;
			bytes[type] = attr->nla_len - MNL_ATTR_HDRLEN;
		}
		at += MNL_ALIGN(attr->nla_len);
	}
	if (bytes[ALLOWEDIP_FAMILY] < sizeof(family) || bytes[ALLOWEDIP_CIDR] < sizeof(len))
		return;
	memcpy(&family, value[ALLOWEDIP_FAMILY], sizeof(family));
	memcpy(&len, value[ALLOWEDIP_CIDR], sizeof(len));
	if (!family_bytes(family) || len > family_bits(family) ||
	    bytes[ALLOWEDIP_IPADDR] != family_bytes(family))
		return;
	p = prefix_make(family, value[ALLOWEDIP_IPADDR], len);
	wg_dump_add_entry(dump, &p);
}

/* A key that is not all zero; NULL: there is none. */
static const uint8_t *kernel_key(const struct nlattr *attr)
{
	if (!attr || mnl_attr_get_payload_len(attr) != WG_KEY_BYTES ||
	    sodium_is_zero(mnl_attr_get_payload(attr), WG_KEY_BYTES))
		return NULL;
	return mnl_attr_get_payload(attr);
}

static void read_peer_values(const struct nlattr **attrs, struct wg_peer *peer,
			     const struct wg_dump *dump)
{
	const uint8_t *psk = kernel_key(attrs[PEER_PRESHARED_KEY]);

	peer->has_psk = psk;
	if (psk && dump->secret)
		dump->secret(dump->secret_arg, peer->key, psk);
	if (attrs[PEER_ENDPOINT] &&
	    mnl_attr_get_payload_len(attrs[PEER_ENDPOINT]) >= sizeof(struct sockaddr_in))
		endpoint_from_sockaddr(mnl_attr_get_payload(attrs[PEER_ENDPOINT]), &peer->endpoint);
	if (attrs[PEER_KEEPALIVE])
		peer->keepalive = mnl_attr_get_u16(attrs[PEER_KEEPALIVE]);
	peer->rx_bytes = get_u64(attrs[PEER_RX_BYTES]);
	peer->tx_bytes = get_u64(attrs[PEER_TX_BYTES]);
	if (attrs[PEER_LAST_HANDSHAKE] &&
	    mnl_attr_get_payload_len(attrs[PEER_LAST_HANDSHAKE]) >= 16) {
		int64_t ts[2];

		memcpy(ts, mnl_attr_get_payload(attrs[PEER_LAST_HANDSHAKE]), sizeof(ts));
		peer->handshake_sec = ts[0];
		peer->handshake_nsec = ts[1];
	}
}

static void kernel_read_peer(const struct nlattr *nest, struct wg_dump *dump)
{
	const struct nlattr *attrs[PEER_MAX + 1] = {0}, *entry;
	struct table t = {attrs, PEER_MAX};
	const uint8_t *key;

	mnl_attr_parse_nested(nest, table_attr, &t);
	if (!attrs[PEER_PUBLIC_KEY] ||
	    mnl_attr_get_payload_len(attrs[PEER_PUBLIC_KEY]) != WG_KEY_BYTES)
		return;
	key = mnl_attr_get_payload(attrs[PEER_PUBLIC_KEY]);
	/* A peer whose entries did not fit goes on in the next message. */
	if (!dump->n_peers || memcmp(dump->peers[dump->n_peers - 1].key, key, WG_KEY_BYTES) != 0) {
		struct wg_peer *peer = wg_dump_add_peer(dump);

		memcpy(peer->key, key, WG_KEY_BYTES);
		read_peer_values(attrs, peer, dump);
	}
	if (!attrs[PEER_ALLOWEDIPS] || !dump->with_entries)
		return;
	mnl_attr_for_each_nested(entry, attrs[PEER_ALLOWEDIPS]) read_entry(entry, dump);
}

static int kernel_read_device(const struct nlmsghdr *nlh, void *arg)
{
	struct wg_dump *dump = arg;
	const struct nlattr *attrs[DEVICE_MAX + 1] = {0}, *peer;
	struct table t = {attrs, DEVICE_MAX};
	const uint8_t *key;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), table_attr, &t);
	if (attrs[DEVICE_PUBLIC_KEY] &&
	    mnl_attr_get_payload_len(attrs[DEVICE_PUBLIC_KEY]) == WG_KEY_BYTES)
		memcpy(dump->public_key, mnl_attr_get_payload(attrs[DEVICE_PUBLIC_KEY]),
		       WG_KEY_BYTES);
	key = kernel_key(attrs[DEVICE_PRIVATE_KEY]);
	if (key && dump->secret)
		dump->secret(dump->secret_arg, NULL, key);
	if (attrs[DEVICE_LISTEN_PORT])
		dump->listen_port = mnl_attr_get_u16(attrs[DEVICE_LISTEN_PORT]);
	if (attrs[DEVICE_FWMARK])
		dump->fwmark = mnl_attr_get_u32(attrs[DEVICE_FWMARK]);
	if (attrs[DEVICE_PEERS])
		mnl_attr_for_each_nested(peer, attrs[DEVICE_PEERS]) kernel_read_peer(peer, dump);
	return MNL_CB_OK;
}

static int kernel_get(struct wg *wg, struct wg_dump *dump)
{
	struct kernel *k = kernel_of(wg);
	int err = -EINTR;

	/* The table changed under the dump: read again, but not for ever. */
	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		struct nlmsghdr *nlh = kernel_begin(k, CMD_GET_DEVICE, NLM_F_DUMP);

		dump->n_peers = dump->n_entries = 0;
		if (mnl_socket_sendto(k->sock, nlh, nlh->nlmsg_len) < 0)
			return -errno;
		err = kernel_receive(k->sock, k->seq, kernel_read_device, dump);
	}
	return err;
}

static int kernel_set_device(struct wg *wg, const struct wg_device_set *set)
{
	struct kernel *k = kernel_of(wg);
	struct nlmsghdr *nlh = kernel_begin(k, CMD_SET_DEVICE, NLM_F_ACK);
	size_t len;
	int err;

	if (set->private_key)
		mnl_attr_put(nlh, DEVICE_PRIVATE_KEY, WG_KEY_BYTES, set->private_key);
	if (set->set_port)
		mnl_attr_put_u16(nlh, DEVICE_LISTEN_PORT, set->listen_port);
	if (set->set_fwmark)
		mnl_attr_put_u32(nlh, DEVICE_FWMARK, set->fwmark);
	len = nlh->nlmsg_len;
	err = kernel_finish(k, nlh);
	sodium_memzero(k->buf, len);
	return err;
}

static struct nlattr *begin_peer(struct nlmsghdr *nlh, const uint8_t *key, uint32_t flags)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, 0);

	mnl_attr_put(nlh, PEER_PUBLIC_KEY, WG_KEY_BYTES, key);
	if (flags)
		mnl_attr_put_u32(nlh, PEER_FLAGS, flags);
	return nest;
}

static int kernel_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	struct kernel *k = kernel_of(wg);
	struct nlmsghdr *nlh = kernel_begin(k, CMD_SET_DEVICE, NLM_F_ACK);
	struct nlattr *peers = mnl_attr_nest_start(nlh, DEVICE_PEERS);
	struct nlattr *peer = begin_peer(nlh, set->key, set->create ? 0 : PEER_F_UPDATE_ONLY);
	size_t len;
	int err;

	if (set->psk)
		mnl_attr_put(nlh, PEER_PRESHARED_KEY, WG_KEY_BYTES, set->psk);
	if (set->endpoint.addr.family) {
		struct sockaddr_storage sa;
		socklen_t salen = endpoint_to_sockaddr(&set->endpoint, &sa);

		mnl_attr_put(nlh, PEER_ENDPOINT, salen, &sa);
	}
	if (set->set_keepalive)
		mnl_attr_put_u16(nlh, PEER_KEEPALIVE, set->keepalive);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, peers);
	len = nlh->nlmsg_len;
	err = kernel_finish(k, nlh);
	sodium_memzero(k->buf, len);
	return err;
}

static int kernel_remove_peer(struct wg *wg, const uint8_t *key)
{
	struct kernel *k = kernel_of(wg);
	struct nlmsghdr *nlh = kernel_begin(k, CMD_SET_DEVICE, NLM_F_ACK);
	struct nlattr *peers = mnl_attr_nest_start(nlh, DEVICE_PEERS);

	mnl_attr_nest_end(nlh, begin_peer(nlh, key, PEER_F_REMOVE_ME | PEER_F_UPDATE_ONLY));
	mnl_attr_nest_end(nlh, peers);
	return kernel_finish(k, nlh);
}

static char *put_attr(char *at, uint16_t type, const void *value, size_t bytes)
{
	struct nlattr attr = {.nla_len = MNL_ATTR_HDRLEN + bytes, .nla_type = type};

	memcpy(at, &attr, sizeof(attr));
	memset(at + MNL_ATTR_HDRLEN + bytes, 0, MNL_ALIGN(bytes) - bytes);
	memcpy(at + MNL_ATTR_HDRLEN, value, bytes);
	return at + MNL_ATTR_HDRLEN + MNL_ALIGN(bytes);
}

static void put_entry(struct nlmsghdr *nlh, const struct prefix *p, uint32_t flags)
{
	char *nest = mnl_nlmsg_get_payload_tail(nlh), *at = nest + MNL_ATTR_HDRLEN;
	struct nlattr attr = {.nla_type = NLA_F_NESTED};
	uint16_t family = p->family;

	at = put_attr(at, ALLOWEDIP_FAMILY, &family, sizeof(family));
	at = put_attr(at, ALLOWEDIP_IPADDR, p->b, family_bytes(p->family));
	at = put_attr(at, ALLOWEDIP_CIDR, &p->len, sizeof(p->len));
	if (flags)
		at = put_attr(at, ALLOWEDIP_FLAGS, &flags, sizeof(flags));
	attr.nla_len = at - nest;
	memcpy(nest, &attr, sizeof(attr));
	nlh->nlmsg_len += attr.nla_len;
}

/* A message of changes under construction: a run of entries at one peer is one nest. */
struct run {
	struct nlattr *peers, *peer, *entries;
	const uint8_t *key; /* of the open nest, NULL: none */
};

static void end_run(struct nlmsghdr *nlh, struct run *r)
{
	if (!r->key)
		return;
	mnl_attr_nest_end(nlh, r->entries);
	mnl_attr_nest_end(nlh, r->peer);
	r->key = NULL;
}

static void begin_run(struct nlmsghdr *nlh, struct run *r, const uint8_t *key, uint32_t flags)
{
	r->key = key;
	r->peer = begin_peer(nlh, key, flags);
	r->entries = mnl_attr_nest_start(nlh, PEER_ALLOWEDIPS);
}

/* One message with as many changes as fit; says how many. A graveyard opened in it is emptied at
 * its end. */
static int change_some(struct kernel *k, const struct wg_change *changes, size_t n, size_t *done)
{
	struct nlmsghdr *nlh = kernel_begin(k, CMD_SET_DEVICE, NLM_F_ACK);
	struct run r = {.peers = mnl_attr_nest_start(nlh, DEVICE_PEERS)};
	bool buried = false;
	size_t i;

	for (i = 0; i < n && nlh->nlmsg_len < MESSAGE_FULL; i++) {
		const struct wg_change *c = &changes[i];
		bool bury = c->remove && !k->wg.single_removal;
		const uint8_t *to = bury ? k->wg.graveyard : c->key;

		if (to != r.key) {
			uint32_t flags = bury ? 0 : PEER_F_UPDATE_ONLY;

			end_run(nlh, &r);
			if (bury && !buried)
				flags = PEER_F_REPLACE_ALLOWEDIPS;
			buried |= bury;
			begin_run(nlh, &r, to, flags);
		}
		put_entry(nlh, &c->prefix, c->remove && !bury ? ALLOWEDIP_F_REMOVE_ME : 0);
	}
	end_run(nlh, &r);
	if (buried)
		mnl_attr_nest_end(nlh, begin_peer(nlh, k->wg.graveyard,
						  PEER_F_REMOVE_ME | PEER_F_UPDATE_ONLY));
	mnl_attr_nest_end(nlh, r.peers);
	*done = i;
	return kernel_finish(k, nlh);
}

static int kernel_change(struct wg *wg, const struct wg_change *changes, size_t n,
			 struct wr *request)
{
	size_t done;

	for (size_t at = 0; at < n; at += done) {
		int err = change_some(kernel_of(wg), changes + at, n - at, &done);

		if (err < 0)
			return err;
	}
	return 0;
}

static void kernel_close(struct wg *wg)
{
	struct kernel *k = kernel_of(wg);

	mnl_socket_close(k->sock);
	free(k->buf);
	free(k);
}

static const struct wg_backend kernel_backend = {
	.name = "kernel",
	.open = wg_kernel_open,
	.get = kernel_get,
	.set_device = kernel_set_device,
	.set_peer = kernel_set_peer,
	.remove_peer = kernel_remove_peer,
	.change = kernel_change,
	.close = kernel_close,
};

/* Asks for a removal on a peer made for it: kernels that do not know the attribute refuse it. (Of a
 * peer that does not exist they would not even look at it.) */
static void probe_removal(struct kernel *k)
{
	static const uint8_t discard[4] = {192, 0, 2, 1};
	struct prefix p = prefix_make(AF_INET, discard, 32);
	struct nlmsghdr *nlh = kernel_begin(k, CMD_SET_DEVICE, NLM_F_ACK);
	struct run r = {.peers = mnl_attr_nest_start(nlh, DEVICE_PEERS)};
	int err;

	begin_run(nlh, &r, k->wg.graveyard, PEER_F_REPLACE_ALLOWEDIPS);
	put_entry(nlh, &p, ALLOWEDIP_F_REMOVE_ME);
	end_run(nlh, &r);
	mnl_attr_nest_end(nlh, r.peers);
	err = kernel_finish(k, nlh);
	kernel_remove_peer(&k->wg, k->wg.graveyard);
	removal = err == 0 ? REMOVAL_SINGLE : REMOVAL_GRAVEYARD;
	log_info("wireguard-kernel", "single-removal=%s", err == 0 ? "yes" : "no");
}

int wg_kernel_look(const char *ifname, struct wg **out)
{
	struct kernel *k = xcalloc(1, sizeof(*k));
	struct wg_dump dump;
	int err;

	k->sock = kernel_open_socket();
	if (!k->sock) {
		free(k);
		return -EOPNOTSUPP;
	}
	k->buf = xmalloc(MESSAGE_BYTES + 8192);
	k->seq = time(NULL);
	wg_init(&k->wg, &kernel_backend, ifname);
	err = find_family(k->sock, &k->family);
	if (err == 0)
		err = wg_get(&k->wg, false, &dump);
	if (err < 0) {
		kernel_close(&k->wg);
		return err;
	}
	wg_dump_free(&dump);
	*out = &k->wg;
	return 0;
}

int wg_kernel_open(const char *ifname, struct wg **out)
{
	int err = wg_kernel_look(ifname, out);

	if (err < 0)
		return err;
	if (removal == REMOVAL_UNKNOWN)
		probe_removal(kernel_of(*out));
	(*out)->single_removal = removal == REMOVAL_SINGLE;
	return 0;
}
