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

static enum wgconf_backend read_backend(const json_t *obj, enum wgconf_backend fallback)
{
	const char *text = conf_str(obj, "backend", "auto");

	if (str_eq(text, "kernel"))
		return BACKEND_KERNEL;
	return str_eq(text, "userspace") ? BACKEND_USERSPACE : fallback;
}

static void read_liveness(const json_t *obj, struct liveness_config *out)
{
	const json_t *l = conf_get(obj, "liveness");

	out->probe = conf_bool(l, "probe", true);
	out->poll_interval = conf_u32(l, "poll-interval", 1000);
	out->probe_interval = conf_u32(l, "probe-interval", 5000);
	out->probe_timeout = conf_u32(l, "probe-timeout", 15000);
	out->degraded_after = conf_u32(l, "degraded-after", 160);
	out->stale_after = conf_u32(l, "stale-after", 180);
	out->up_hold = conf_u32(l, "up-hold", 2000);
	out->up_hold_max = conf_u32(l, "up-hold-max", 60000);
}

static void read_bfd(const json_t *obj, struct bfd_conf *out)
{
	const json_t *b = conf_get(conf_get(obj, "liveness"), "bfd");

	out->enabled = conf_bool(b, "enabled", false);
	out->interval = conf_u32(b, "interval", 50);
	out->receive = conf_u32(b, "receive-interval", out->interval);
	out->multiplier = (uint8_t)conf_u32(b, "multiplier", 3);
	out->passive = conf_bool(b, "passive", false);
}

static void read_echo(const json_t *obj, struct peer_conf *out)
{
	const json_t *l = conf_get(obj, "liveness"), *q = conf_get(obj, "quality");

	out->echo.on = conf_bool(l, "echo", false);
	out->echo.interval = conf_u32(l, "echo-interval", 200);
	out->echo.multiplier = conf_u32(l, "echo-multiplier", 4);
	out->echo.size = conf_u32(l, "echo-size", 0);
	out->quality.lossy_at = conf_u32(l, "degraded-loss", 3);
	out->quality.latency_weight = conf_u32(q, "latency-weight", 0);
	out->quality.jitter_weight = conf_u32(q, "jitter-weight", 0);
	out->quality.loss_weight = conf_u32(q, "loss-weight", 0);
	out->quality.step = conf_u32(q, "step", 5);
	out->quality.min_improvement = conf_u32(q, "minimum-improvement", 20);
	out->quality.hold = conf_u32(q, "hold", 10000);
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
	out->endpoint_timeout = conf_u32(obj, "endpoint-timeout", 10000);
	out->endpoint_return = conf_u32(obj, "endpoint-return", 0);
}

static void read_peer(struct ctx *ctx, const char *ifname, const json_t *obj, struct peer_conf *out)
{
	const char *key = conf_str(obj, "public-key", "");

	str_copy(out->name, conf_str(obj, "name", ""), sizeof(out->name));
	if (wg_key_parse(key, out->key) < 0)
		refuse(ctx, "interface %s: peer %s: %s", ifname, out->name,
		       *key ? "its public-key is no key" : "has no public-key");
	out->description = xstrdup(conf_str(obj, "description", ""));
	out->psk_file = copy_str(obj, "preshared-key-file");
	read_endpoints(obj, out);
	out->keepalive = conf_u32(obj, "persistent-keepalive", 0);
	out->tunnel_addrs = conf_addrs(obj, "tunnel-address", &out->n_tunnel_addrs);
	read_statics(obj, out);
	out->permit = conf_prefixes(obj, "permit", &out->n_permit);
	out->cost = conf_u32(obj, "cost", 0);
	read_liveness(obj, &out->liveness);
	out->icmp_errors = conf_bool(conf_get(obj, "liveness"), "icmp-errors", true);
	read_bfd(obj, &out->bfd);
	read_echo(obj, out);
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

static void read_interface(struct ctx *ctx, enum wgconf_backend backend, const json_t *obj,
			   struct if_conf *out)
{
	const char *admin = conf_str(obj, "admin", "up");
	json_t *list = conf_list(obj, "peer"), *item;
	size_t i;

	str_copy(out->name, conf_str(obj, "name", ""), sizeof(out->name));
	str_copy(out->plane, conf_str(obj, "plane", "main"), sizeof(out->plane));
	out->description = xstrdup(conf_str(obj, "description", ""));
	out->key_file = copy_str(obj, "private-key-file");
	out->listen_port = conf_u32(obj, "listen-port", 0);
	out->fwmark = conf_u32(obj, "fwmark", 0);
	read_addrs(ctx, obj, out);
	out->mtu = conf_u32(obj, "mtu", 1420);
	out->admin = str_eq(admin, "down")	 ? ADMIN_DOWN
		     : str_eq(admin, "external") ? ADMIN_EXTERNAL
						 : ADMIN_UP;
	out->adopt = conf_bool(obj, "adopt", false);
	out->backend = read_backend(obj, backend);
	out->poll_interval = conf_u32(conf_get(obj, "liveness"), "poll-interval", 1000);
	out->peers = xcalloc(json_array_size(list), sizeof(*out->peers));
	json_array_foreach (list, i, item) {
		struct peer_conf *p = &out->peers[out->n_peers];

		if (conf_bool(item, "disabled", false))
			continue;
		read_peer(ctx, out->name, item, p);
		if (p->liveness.poll_interval < out->poll_interval)
			out->poll_interval = p->liveness.poll_interval;
		out->n_peers++;
	}
	check_peers(ctx, out);
}

struct wgconf *wgconf_read(const json_t *config, char *error, size_t size)
{
	struct ctx ctx = {error, size, false};
	json_t *wg = conf_get(config, "wireguard"), *item;
	json_t *list = conf_list(wg, "interface");
	enum wgconf_backend backend = read_backend(wg, BACKEND_AUTO);
	struct wgconf *conf = xcalloc(1, sizeof(*conf));
	size_t i;

	conf->program = xstrdup(conf_str(wg, "userspace-program", "wireguard-go"));
	conf->ifs = xcalloc(json_array_size(list), sizeof(*conf->ifs));
	json_array_foreach (list, i, item)
		read_interface(&ctx, backend, item, &conf->ifs[conf->n_ifs++]);
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
	for (size_t i = 0; i < conf->n_peers; i++)
		if (memcmp(conf->peers[i].key, key, WG_KEY_BYTES) == 0)
			return &conf->peers[i];
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
