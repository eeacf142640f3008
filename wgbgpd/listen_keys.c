/* SPDX-License-Identifier: BSD-2-Clause */
#include "listen_keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_key.h"
#include "log.h"
#include "tcp_md5.h"
#include "util.h"

struct key {
	struct prefix from;
	char text[CONF_PASSWORD_MAX + 1];
};

struct keys {
	struct key *v; /* owned */
	size_t n;
};
static struct keys prepared, in_force;
static bool pending; /* prepared, and not in force yet */

static void keys_free(struct keys *k)
{
	if (k->v)
		sodium_memzero(k->v, k->n * sizeof(*k->v));
	free(k->v);
	*k = (struct keys){0};
}

static void keys_add(struct keys *k, const struct prefix *from, const char *text)
{
	struct key *grown = xcalloc(k->n + 1, sizeof(*grown));

	if (k->n)
		memcpy(grown, k->v, k->n * sizeof(*grown));
	grown[k->n].from = *from;
	str_copy(grown[k->n].text, text, sizeof(grown->text));
	if (k->v)
		sodium_memzero(k->v, k->n * sizeof(*k->v));
	free(k->v);
	k->v = grown;
	k->n++;
}

/* "fe80::1%wg0" is known to the kernel as fe80::1. False: it is no address. */
static bool address_of(const json_t *neighbor, struct prefix *out)
{
	char text[64], *percent;
	struct addr a;

	if (!str_copy(text, conf_str(neighbor, "address", ""), sizeof(text)))
		return false;
	percent = strchr(text, '%');
	if (percent)
		*percent = '\0';
	if (addr_parse(text, &a) < 0)
		return false;
	*out = prefix_make(a.family, a.b, (uint8_t)family_bits(a.family));
	return true;
}

/* Of a neighbour its address, of a group its ranges. */
static void add_entry(struct keys *k, const json_t *entry, const char *text)
{
	struct prefix whole, *ranges;
	size_t n;

	if (conf_has(entry, "address")) {
		if (address_of(entry, &whole))
			keys_add(k, &whole, text);
		return;
	}
	ranges = conf_prefixes(entry, "listen-range", &n);
	for (size_t i = 0; i < n; i++)
		keys_add(k, &ranges[i], text);
	free(ranges);
}

static int read_all(const json_t *config, struct keys *out, char *error, size_t size)
{
	static const char *const lists[] = {"neighbor", "neighbor-group"};
	const json_t *bgp = conf_get(config, "bgp"), *entry;
	char text[CONF_PASSWORD_MAX + 1] = "", why[256];
	int err = 0;
	size_t i;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		json_array_foreach (conf_list(bgp, lists[l]), i, entry) {
			const char *path = conf_str(entry, "password-file", NULL);

			if (!path || err)
				continue;
			err = conf_password_read(path, text, why, sizeof(why));
			if (err)
				snprintf(error, size, "bgp: password-file %s: %s", path, why);
			else
				add_entry(out, entry, text);
		}
	sodium_memzero(text, sizeof(text));
	return err;
}

static const char *meaning(int err)
{
	return err == -ENOPROTOOPT ? "this kernel has no TCP MD5 (CONFIG_TCP_MD5SIG)"
	       : err == -ENOMEM	   ? "too many passwords for net.core.optmem_max"
				   : strerror(-err);
}

int listen_keys_put(int fd, uint8_t family)
{
	int err = 0;

	for (size_t i = 0; i < prepared.n && !err; i++)
		if (prepared.v[i].from.family == family)
			err = tcp_md5_set(fd, &prepared.v[i].from, prepared.v[i].text,
					  strlen(prepared.v[i].text));
	return err;
}

static bool has_family(uint8_t family)
{
	for (size_t i = 0; i < prepared.n; i++)
		if (prepared.v[i].from.family == family)
			return true;
	return false;
}

/* All of a family at once, as a listening socket has them. */
static int try_family(uint8_t family)
{
	int fd, err;

	if (!has_family(family))
		return 0;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	err = listen_keys_put(fd, family);
	close(fd);
	return err;
}

int listen_keys_prepare(const json_t *config, char *error, size_t size)
{
	int err;

	keys_free(&prepared);
	pending = true;
	err = read_all(config, &prepared, error, size);
	if (err)
		return err;
	err = try_family(AF_INET);
	err = err ? err : try_family(AF_INET6);
	if (err)
		snprintf(error, size, "bgp: password-file: %s", meaning(err));
	return err;
}

static bool is_prepared(const struct prefix *from)
{
	for (size_t i = 0; i < prepared.n; i++)
		if (prefix_eq(&prepared.v[i].from, from))
			return true;
	return false;
}

void listen_keys_change(int fd, uint8_t family)
{
	int err;

	if (!pending)
		return;
	for (size_t i = 0; i < in_force.n; i++)
		if (in_force.v[i].from.family == family && !is_prepared(&in_force.v[i].from))
			tcp_md5_set(fd, &in_force.v[i].from, NULL, 0);
	err = listen_keys_put(fd, family);
	if (err < 0)
		log_error("password-file", "why=\"%s\"", meaning(err));
}

void listen_keys_commit(void)
{
	if (!pending)
		return;
	keys_free(&in_force);
	in_force = prepared;
	prepared = (struct keys){0};
	pending = false;
}

void listen_keys_abort(void)
{
	pending = false;
	keys_free(&prepared);
}

void listen_keys_free(void)
{
	listen_keys_abort();
	keys_free(&in_force);
}
