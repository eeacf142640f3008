/* SPDX-License-Identifier: BSD-2-Clause */
#include "uapi.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define LINE_MAX_BYTES 512 /* longer ones are malformed */

struct reader {
	struct wg_dump *dump;
	struct wg_peer *peer; /* whose lines these are; NULL: the device's */
	int error;	      /* the answer's errno */
	bool ended;	      /* errno= was seen */
};

static int read_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EBADMSG;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return *end || errno || *out > max ? -EBADMSG : 0;
}

static int read_key(const char *text, uint8_t key[WG_KEY_BYTES])
{
	size_t len;

	if (strlen(text) != WG_KEY_BYTES * 2 ||
	    sodium_hex2bin(key, WG_KEY_BYTES, text, WG_KEY_BYTES * 2, NULL, &len, NULL) < 0 ||
	    len != WG_KEY_BYTES)
		return -EBADMSG;
	return 0;
}

static int on_private_key(struct reader *r, const char *value)
{
	uint8_t key[WG_KEY_BYTES];
	int err = read_key(value, key);

	if (err == 0 && crypto_scalarmult_base(r->dump->public_key, key) < 0)
		err = -EBADMSG;
	if (err == 0 && r->dump->secret && !sodium_is_zero(key, sizeof(key)))
		r->dump->secret(r->dump->secret_arg, NULL, key);
	sodium_memzero(key, sizeof(key));
	return err;
}

static int on_listen_port(struct reader *r, const char *value)
{
	uint64_t v;

	if (read_number(value, UINT16_MAX, &v) < 0)
		return -EBADMSG;
	r->dump->listen_port = v;
	return 0;
}

static int on_fwmark(struct reader *r, const char *value)
{
	uint64_t v;

	if (read_number(value, UINT32_MAX, &v) < 0)
		return -EBADMSG;
	r->dump->fwmark = v;
	return 0;
}

static int on_public_key(struct reader *r, const char *value)
{
	r->peer = wg_dump_add_peer(r->dump);
	return read_key(value, r->peer->key);
}

static int on_preshared_key(struct reader *r, const char *value)
{
	uint8_t key[WG_KEY_BYTES];
	int err = read_key(value, key);

	r->peer->has_psk = err == 0 && !sodium_is_zero(key, sizeof(key));
	if (r->peer->has_psk && r->dump->secret)
		r->dump->secret(r->dump->secret_arg, r->peer->key, key);
	sodium_memzero(key, sizeof(key));
	return err;
}

static int on_endpoint(struct reader *r, const char *value)
{
	/* An address with a zone that is not known here is no reason to refuse the whole answer. */
	if (endpoint_parse(value, &r->peer->endpoint) < 0)
		r->peer->endpoint = (struct endpoint){0};
	return 0;
}

static int on_keepalive(struct reader *r, const char *value)
{
	uint64_t v;

	if (read_number(value, UINT16_MAX, &v) < 0)
		return -EBADMSG;
	r->peer->keepalive = v;
	return 0;
}

static int on_handshake_sec(struct reader *r, const char *value)
{
	uint64_t v;

	if (read_number(value, INT64_MAX, &v) < 0)
		return -EBADMSG;
	r->peer->handshake_sec = v;
	return 0;
}

static int on_handshake_nsec(struct reader *r, const char *value)
{
	uint64_t v;

	if (read_number(value, 999999999, &v) < 0)
		return -EBADMSG;
	r->peer->handshake_nsec = v;
	return 0;
}

static int on_rx_bytes(struct reader *r, const char *value)
{
	return read_number(value, UINT64_MAX, &r->peer->rx_bytes);
}

static int on_tx_bytes(struct reader *r, const char *value)
{
	return read_number(value, UINT64_MAX, &r->peer->tx_bytes);
}

static int on_allowed_ip(struct reader *r, const char *value)
{
	struct prefix p;

	if (prefix_parse(value, &p) < 0)
		return -EBADMSG;
	wg_dump_add_entry(r->dump, &p);
	return 0;
}

static int on_errno(struct reader *r, const char *value)
{
	bool negative = value[0] == '-';
	uint64_t v;

	if (read_number(value + negative, 4095, &v) < 0)
		return -EBADMSG;
	r->error = -(int)v;
	r->ended = true;
	return 0;
}

static const struct {
	const char *key;
	bool of_peer;
	int (*read)(struct reader *r, const char *value);
} rows[] = {
	{"allowed_ip", true, on_allowed_ip}, /* first: there are most of these */
	{"public_key", false, on_public_key},
	{"preshared_key", true, on_preshared_key},
	{"endpoint", true, on_endpoint},
	{"persistent_keepalive_interval", true, on_keepalive},
	{"last_handshake_time_sec", true, on_handshake_sec},
	{"last_handshake_time_nsec", true, on_handshake_nsec},
	{"rx_bytes", true, on_rx_bytes},
	{"tx_bytes", true, on_tx_bytes},
	{"private_key", false, on_private_key},
	{"listen_port", false, on_listen_port},
	{"fwmark", false, on_fwmark},
	{"errno", false, on_errno},
};

static int uapi_read_line(struct reader *r, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_eq(rows[i].key, line))
			continue;
		if (rows[i].of_peer && !r->peer)
			return -EBADMSG;
		return rows[i].read(r, value);
	}
	return 0;
}

/* An entry that nobody asked for: a program says all of them at each reading. */
static bool is_passed_over(const struct reader *r, const char *line, size_t len)
{
	static const char key[] = "allowed_ip=";

	return !r->dump->with_entries && r->peer && len >= sizeof(key) - 1 &&
	       memcmp(line, key, sizeof(key) - 1) == 0;
}

/* Reads lines until the empty one that ends the answer. */
static int read_answer(const char *text, size_t len, struct reader *r)
{
	const char *at = text, *end = text + len;
	char line[LINE_MAX_BYTES];
	int err = 0;

	while (err == 0) {
		const char *nl = memchr(at, '\n', end - at);
		size_t n = nl ? (size_t)(nl - at) : 0;

		if (nl && is_passed_over(r, at, n)) {
			at = nl + 1;
			continue;
		}
		if (!nl || n >= sizeof(line) || memchr(at, '\0', n)) {
			err = -EBADMSG;
			break;
		}
		if (n == 0)
			break;
		memcpy(line, at, n);
		line[n] = '\0';
		err = uapi_read_line(r, line);
		at = nl + 1;
	}
	sodium_memzero(line, sizeof(line));
	if (err == 0 && !r->ended)
		err = -EBADMSG;
	return err;
}

bool uapi_complete(const char *text, size_t len)
{
	return (len >= 2 && text[len - 1] == '\n' && text[len - 2] == '\n') ||
	       (len == 1 && text[0] == '\n');
}

int uapi_read_get(const char *text, size_t len, struct wg_dump *dump)
{
	struct reader r = {.dump = dump};
	int err = read_answer(text, len, &r);

	return err < 0 ? err : r.error;
}

int uapi_read_set(const char *text, size_t len)
{
	struct wg_dump dump = {0};
	int err = uapi_read_get(text, len, &dump);

	wg_dump_free(&dump);
	return err;
}

static void uapi_put(struct wr *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void uapi_put(struct wr *w, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ensure(n >= 0 && (size_t)n < sizeof(line));
	wr_bytes(w, line, n);
}

static void put_key(struct wr *w, const char *name, const uint8_t *key)
{
	char hex[WG_KEY_BYTES * 2 + 1];

	wr_bytes(w, name, strlen(name));
	wr_u8(w, '=');
	sodium_bin2hex(hex, sizeof(hex), key, WG_KEY_BYTES);
	wr_bytes(w, hex, WG_KEY_BYTES * 2);
	wr_u8(w, '\n');
	sodium_memzero(hex, sizeof(hex));
}

void uapi_put_set(struct wr *w)
{
	uapi_put(w, "set=1\n");
}

void uapi_put_device(struct wr *w, const struct wg_device_set *set)
{
	if (set->private_key)
		put_key(w, "private_key", set->private_key);
	if (set->set_port)
		uapi_put(w, "listen_port=%u\n", set->listen_port);
	if (set->set_fwmark)
		uapi_put(w, "fwmark=%u\n", set->fwmark);
}

void uapi_put_peer(struct wr *w, const struct wg_peer_set *set)
{
	put_key(w, "public_key", set->key);
	if (!set->create)
		uapi_put(w, "update_only=true\n");
	if (set->psk)
		put_key(w, "preshared_key", set->psk);
	if (set->endpoint.addr.family)
		uapi_put(w, "endpoint=%s\n", ENDPOINT_STR(&set->endpoint));
	if (set->set_keepalive)
		uapi_put(w, "persistent_keepalive_interval=%u\n", set->keepalive);
}

void uapi_put_remove_peer(struct wr *w, const uint8_t *key)
{
	put_key(w, "public_key", key);
	uapi_put(w, "update_only=true\nremove=true\n");
}

/* There may be 100,000 of these in a row: no printf. */
static void put_allowed_ip(struct wr *w, const struct prefix *p)
{
	static const char name[] = "allowed_ip=";
	char line[sizeof(name) + PREFIX_STRLEN], *at = line + sizeof(name) - 1;

	memcpy(line, name, sizeof(name) - 1);
	prefix_str(p, at);
	at += strlen(at);
	*at++ = '\n';
	wr_bytes(w, line, at - line);
}

void uapi_put_changes(struct wr *w, const struct wg_change *changes, size_t n,
		      const uint8_t *graveyard)
{
	const uint8_t *at = NULL;
	bool buried = false;

	for (size_t i = 0; i < n; i++) {
		const struct wg_change *c = &changes[i];
		const uint8_t *to = c->remove ? graveyard : c->key;

		if (to != at) {
			put_key(w, "public_key", to);
			if (!c->remove)
				uapi_put(w, "update_only=true\n");
			else if (!buried)
				uapi_put(w, "replace_allowed_ips=true\n");
			buried |= c->remove;
			at = to;
		}
		put_allowed_ip(w, &c->prefix);
	}
	if (buried)
		uapi_put_remove_peer(w, graveyard);
}

void uapi_put_end(struct wr *w)
{
	wr_u8(w, '\n');
}
