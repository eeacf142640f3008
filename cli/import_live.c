/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_live.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_route.h"
#include "machine.h"
#include "table.h"
#include "util.h"

#define DEFAULT_MTU 1420 /* of the schema */
#define TRIES 300	 /* of some 200 ms: a program with very many entries takes long */

/* ---- keys */

/* A peer of SECRETS, an interface that holds pre-shared keys alone, by the order of the dump. */
static struct import_peer *secret_of(struct import_interface *secrets, const char *key, size_t *at)
{
	for (size_t i = 0; i < secrets->n_peers; i++) {
		struct import_peer *p = &secrets->peers[(*at + i) % secrets->n_peers];

		if (!str_eq(p->key, key))
			continue;
		*at = (size_t)(p - secrets->peers) + 1;
		return p;
	}
	return NULL;
}

static void on_secret(void *arg, const uint8_t *peer, const uint8_t key[WG_KEY_BYTES])
{
	struct import_interface *secrets = arg;
	char text[WG_KEY_STRLEN];
	struct import_peer *p;
	size_t at = 0;

	if (!peer) {
		wg_key_str(key, secrets->private_key);
		return;
	}
	wg_key_str(peer, text);
	p = secret_of(secrets, text, &at);
	if (!p)
		p = import_add_peer(secrets, 0);
	str_copy(p->key, text, sizeof(p->key));
	wg_key_str(key, p->psk);
}

/* ---- an interface */

static bool has_route(const struct import_interface *f, const struct prefix *p)
{
	struct addr first = addr_of_prefix(p);
	struct kernel_route route;

	return kernel_route_get(&first, &route) == 0 && str_eq(route.interface, f->name);
}

static void take_entry(struct import_interface *f, const struct wg_entry *e)
{
	struct import_peer *p = &f->peers[e->peer];

	import_add_entry(p, &e->prefix);
	p->allowed[p->n_allowed - 1].route = has_route(f, &e->prefix);
	f->routes |= p->allowed[p->n_allowed - 1].route;
}

static void take_peer(struct import_interface *f, const struct wg_peer *from,
		      struct import_interface *secrets, size_t *at)
{
	struct import_peer *p = import_add_peer(f, 0), *secret;

	wg_key_str(from->key, p->key);
	p->keepalive = from->keepalive;
	if (from->endpoint.addr.family)
		p->endpoint = xstrdup(ENDPOINT_STR(&from->endpoint));
	secret = from->has_psk ? secret_of(secrets, p->key, at) : NULL;
	if (secret)
		str_copy(p->psk, secret->psk, sizeof(p->psk));
}

static void take_dump(struct import_interface *f, const struct wg_dump *dump,
		      struct import_interface *secrets)
{
	size_t at = 0;

	str_copy(f->private_key, secrets->private_key, sizeof(f->private_key));
	f->listen_port = dump->listen_port;
	f->fwmark = dump->fwmark;
	f->routes = false;
	for (size_t i = 0; i < dump->n_peers; i++)
		take_peer(f, &dump->peers[i], secrets, &at);
	for (size_t i = 0; i < dump->n_entries; i++)
		take_entry(f, &dump->entries[i]);
}

static void take_link(struct import_interface *f, const json_t *link)
{
	int64_t mtu = int_of(link, "mtu");
	json_t *list = json_object_get(link, "addresses"), *item;
	size_t i;

	f->mtu = mtu == DEFAULT_MTU ? 0 : (uint32_t)mtu;
	json_array_foreach (list, i, item) {
		struct addr addr;
		uint8_t len;

		if (addr_parse_with_len(json_string_value(item), &addr, &len) == 0 &&
		    !(addr.family == AF_INET6 && addr_is_link_local(&addr)))
			import_add_address(f, &addr, len);
	}
}

/* 0 or -errno: -ENODEV where it is none of WireGuard. */
static int live_open(const char *name, struct wg **wg)
{
	int err = wg_kernel_look(name, wg);

	if (err == -EOPNOTSUPP || err == -ENODEV)
		err = wg_userspace_open(name, wg);
	return err;
}

static int live_read(struct import *im, const json_t *link)
{
	struct import secrets = {0};
	struct import_interface *held = import_add_interface(&secrets, NULL, "");
	struct wg_dump dump;
	struct wg *wg;
	int err = live_open(str_of(link, "name"), &wg);

	if (err == 0) {
		err = -ETIMEDOUT;
		for (int i = 0; i < TRIES && err == -ETIMEDOUT; i++)
			err = wg_get_secrets(wg, on_secret, held, &dump);
		wg_close(wg);
	}
	if (err == 0) {
		struct import_interface *f = import_add_interface(im, NULL, str_of(link, "name"));

		take_link(f, link);
		take_dump(f, &dump, held);
		wg_dump_free(&dump);
	}
	import_free(&secrets);
	return err;
}

/* ---- which */

static bool live_is_named(const json_t *link, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], str_of(link, "name")))
			return true;
	return n == 0;
}

static bool has_interface(const struct import *im, const char *name)
{
	for (size_t i = 0; i < im->n_ifs; i++)
		if (str_eq(im->ifs[i].name, name))
			return true;
	return false;
}

void import_live(struct import *im, char *const *names, size_t n)
{
	json_t *links = machine_interfaces(), *link;
	int err = 0;
	size_t i;

	json_array_foreach (links, i, link) {
		if (!live_is_named(link, names, n))
			continue;
		err = live_read(im, link);
		if (err == 0 || err == -ENODEV)
			continue;
		import_note(im, IMPORT_ERROR, NULL, 0, "%s: %s", str_of(link, "name"),
			    strerror(-err));
		if (n == 0)
			break; /* the others would say the same */
	}
	for (i = 0; i < n && !im->errors; i++)
		if (!has_interface(im, names[i]))
			import_note(im, IMPORT_ERROR, NULL, 0,
				    "%s: no WireGuard interface of this name runs here", names[i]);
	if (n == 0 && !im->n_ifs && !im->errors)
		import_note(im, IMPORT_ERROR, NULL, 0, "no WireGuard interface runs here");
	json_decref(links);
}
