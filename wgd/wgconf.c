/* SPDX-License-Identifier: BSD-2-Clause */
#include "wgconf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "util.h"

struct ctx {
	char *error;
	size_t size;
	bool bad;
};

static void refuse(struct ctx *ctx, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void refuse(struct ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	if (ctx->bad)
		return;
	ctx->bad = true;
	va_start(ap, fmt);
	vsnprintf(ctx->error, ctx->size, fmt, ap);
	va_end(ap);
}

static char *copy_str(const json_t *obj, const char *name)
{
	const char *text = conf_str(obj, name, NULL);

	return text ? xstrdup(text) : NULL;
}

static void read_statics(const json_t *obj, struct peer_conf *out)
{
	json_t *list = conf_list(obj, "allowed-ips"), *item;
	size_t i;

	json_array_foreach (list, i, item)
		out->any |= json_is_string(item) && str_eq(json_string_value(item), "any");
	out->statics = conf_prefixes(obj, "allowed-ips", &out->n_statics);
	if (!out->any)
		return;
	free(out->statics);
	out->statics = xcalloc(2, sizeof(*out->statics));
	out->n_statics = 2;
	prefix_parse("0.0.0.0/0", &out->statics[0]);
	prefix_parse("::/0", &out->statics[1]);
}

static void read_endpoints(const json_t *obj, struct peer_conf *out)
{
	json_t *list = conf_list(obj, "endpoint"), *item;
	size_t i;

	out->endpoints = xcalloc(json_array_size(list) + 1, sizeof(*out->endpoints));
	json_array_foreach (list, i, item)
		if (json_is_string(item))
			out->endpoints[out->n_endpoints++] = xstrdup(json_string_value(item));
}

static void read_peer(struct ctx *ctx, const char *ifname, const json_t *obj, struct peer_conf *out)
{
	const char *key = conf_str(obj, "public-key", "");

	conf_leaves_read(conf_peer_leaves, obj, out);
	if (!out->liveness.bfd.receive_interval)
		out->liveness.bfd.receive_interval = out->liveness.bfd.interval;
	str_copy(out->name, conf_str(obj, "name", ""), sizeof(out->name));
	if (wg_key_parse(key, out->key) < 0)
		refuse(ctx, "interface %s: peer %s: %s", ifname, out->name,
		       *key ? "its public-key is no key" : "has no public-key");
	out->description = xstrdup(conf_str(obj, "description", ""));
	out->psk_file = copy_str(obj, "preshared-key-file");
	read_endpoints(obj, out);
	out->tunnel_addrs = conf_addrs(obj, "tunnel-address", &out->n_tunnel_addrs);
	read_statics(obj, out);
	out->imported = conf_prefixes(obj, "imported", &out->n_imported);
	out->permit = conf_prefixes(obj, "permit", &out->n_permit);
}

static void read_addrs(struct ctx *ctx, const json_t *obj, struct if_conf *out)
{
	json_t *list = conf_list(obj, "address"), *item;
	size_t i;

	out->addrs = xcalloc(json_array_size(list), sizeof(*out->addrs));
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);
		struct tunnel_addr *a = &out->addrs[out->n_addrs];

		if (!text || addr_parse_with_len(text, &a->addr, &a->len) < 0)
			refuse(ctx, "interface %s: malformed address", out->name);
		else
			out->n_addrs++;
	}
}

static void check_peers(struct ctx *ctx, const struct if_conf *conf)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct peer_conf *p = &conf->peers[i];

		if (p->any && conf->n_peers > 1)
			refuse(ctx,
			       "interface %s: peer %s: allowed-ips any needs an interface with one "
			       "peer",
			       conf->name, p->name);
	}
}

static void read_interface(struct ctx *ctx, enum conf_backend backend, const json_t *obj,
			   struct if_conf *out)
{
	json_t *list = conf_list(obj, "peer"), *item;
	size_t i;

	conf_leaves_read(conf_interface_leaves, obj, out);
	if (out->backend == BACKEND_AUTO)
		out->backend = backend;
	str_copy(out->name, conf_str(obj, "name", ""), sizeof(out->name));
	str_copy(out->plane, conf_str(obj, "plane", "main"), sizeof(out->plane));
	out->has_uplink = conf_has(conf_get(obj, "uplink"), "interface");
	out->description = xstrdup(conf_str(obj, "description", ""));
	out->key_file = copy_str(obj, "private-key-file");
	read_addrs(ctx, obj, out);
	out->poll_interval = out->liveness.poll_interval;
	out->peers = xcalloc(json_array_size(list), sizeof(*out->peers));
	json_array_foreach (list, i, item) {
		struct peer_conf *p = &out->peers[out->n_peers];

		if (conf_bool(item, "disabled", false))
			continue;
		read_peer(ctx, out->name, item, p);
		if (p->liveness.poll_interval < out->poll_interval)
			out->poll_interval = p->liveness.poll_interval;
		hash_insert(&out->by_key, &p->by_key, hash_bytes(p->key, WG_KEY_BYTES));
		out->n_peers++;
	}
	check_peers(ctx, out);
}

struct wgconf *wgconf_read(const json_t *config, char *error, size_t size)
{
	struct ctx ctx = {error, size, false};
	json_t *wg = conf_get(config, "wireguard"), *item;
	json_t *list = conf_list(wg, "interface");
	struct wgconf *conf = xcalloc(1, sizeof(*conf));
	struct conf_wireguard all;
	size_t i;

	conf_leaves_read(conf_wireguard_leaves, wg, &all);
	conf->program =
		xstrdup(conf_str(wg, "userspace-program", CONF_WIREGUARD_USERSPACE_PROGRAM));
	conf->ifs = xcalloc(json_array_size(list), sizeof(*conf->ifs));
	json_array_foreach (list, i, item)
		read_interface(&ctx, all.backend, item, &conf->ifs[conf->n_ifs++]);
	if (!ctx.bad)
		return conf;
	wgconf_free(conf);
	return NULL;
}

static void free_peer(struct peer_conf *p)
{
	free(p->description);
	free(p->psk_file);
	for (unsigned i = 0; i < p->n_endpoints; i++)
		free(p->endpoints[i]);
	free(p->endpoints);
	free(p->tunnel_addrs);
	free(p->statics);
	free(p->imported);
	free(p->permit);
}

void wgconf_free(struct wgconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n_ifs; i++) {
		struct if_conf *f = &conf->ifs[i];

		for (size_t j = 0; j < f->n_peers; j++)
			free_peer(&f->peers[j]);
		free(f->peers);
		hash_clear(&f->by_key);
		free(f->addrs);
		free(f->description);
		free(f->key_file);
	}
	free(conf->ifs);
	free(conf->program);
	free(conf);
}

const struct if_conf *wgconf_find(const struct wgconf *conf, const char *ifname)
{
	for (size_t i = 0; conf && i < conf->n_ifs; i++)
		if (str_eq(conf->ifs[i].name, ifname))
			return &conf->ifs[i];
	return NULL;
}

const struct peer_conf *wgconf_find_peer(const struct if_conf *conf, const uint8_t *key)
{
	struct hash_node *n = hash_find(&conf->by_key, hash_bytes(key, WG_KEY_BYTES));

	for (; n; n = hash_find_next(n)) {
		const struct peer_conf *p = container_of(n, struct peer_conf, by_key);

		if (memcmp(p->key, key, WG_KEY_BYTES) == 0)
			return p;
	}
	return NULL;
}

bool peer_conf_fixed(const struct peer_conf *conf, const struct prefix *p)
{
	for (size_t i = 0; i < conf->n_tunnel_addrs; i++) {
		struct prefix host = prefix_of_addr(&conf->tunnel_addrs[i]);

		if (prefix_eq(&host, p))
			return true;
	}
	for (size_t i = 0; i < conf->n_statics; i++)
		if (prefix_eq(&conf->statics[i], p))
			return true;
	return false;
}

bool peer_conf_imports(const struct peer_conf *conf, const struct prefix *p)
{
	for (size_t i = 0; i < conf->n_imported; i++)
		if (prefix_eq(&conf->imported[i], p))
			return true;
	return false;
}
