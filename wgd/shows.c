/* SPDX-License-Identifier: BSD-2-Clause */
#include "shows.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "cut.h"
#include "drain.h"
#include "peer_state.h"
#include "prove.h"
#include "reason_counts.h"
#include "roster.h"
#include "settings.h"
#include "util.h"
#include "wplan_ask.h"

#define ROWS_PER_STEP 500

static json_t *json_endpoint(const struct endpoint *e)
{
	return e->addr.family ? json_string(ENDPOINT_STR(e)) : json_null();
}

static json_t *json_age(const struct peer *p)
{
	int64_t age = liveness_handshake_age(&p->live, now_ms());

	return age < 0 ? json_null() : json_integer(age / 1000);
}

static json_t *json_addrs(const struct addr *addrs, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_addr(&addrs[i]));
	return list;
}

static json_t *json_if_addrs(const struct if_conf *conf)
{
	json_t *list = json_array();

	for (size_t i = 0; conf && i < conf->n_addrs; i++) {
		char text[ADDR_STRLEN + 8];

		snprintf(text, sizeof(text), "%s/%u", ADDR_STR(&conf->addrs[i].addr),
			 conf->addrs[i].len);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* Those of the configuration; `any` is a list of that word. */
static json_t *json_statics(const struct peer_conf *conf)
{
	if (conf && conf->any)
		return json_pack("[s]", "any");
	return json_prefixes(conf ? conf->statics : NULL, conf ? conf->n_statics : 0);
}

static json_t *peer_row(const struct peer *p)
{
	const struct peer_conf *conf = p->conf;
	json_t *row = json_object();

	json_object_set_new(row, "name", json_string(p->name));
	json_object_set_new(row, "description", json_string(conf ? conf->description : ""));
	json_object_set_new(row, "public-key", json_string(WG_KEY_STR(p->owner.key)));
	json_object_set_new(row, "foreign", json_boolean(p->foreign && !conf));
	json_object_set_new(row, "endpoint", json_endpoint(&p->endpoint));
	json_object_set_new(
		row, "configured-endpoint",
		json_text_or_null(conf && conf->n_endpoints ? conf->endpoints[0] : NULL));
	json_object_set_new(row, "configured-endpoints", peer_endpoint_json(p));
	json_object_set_new(row, "endpoint-changes", json_integer(p->where.changes));
	json_object_set_new(row, "endpoint-set-back", json_integer(p->where.set_back));
	json_object_set_new(
		row, "tunnel-addresses",
		json_addrs(conf ? conf->tunnel_addrs : NULL, conf ? conf->n_tunnel_addrs : 0));
	json_object_set_new(row, "permit",
			    json_prefixes(conf ? conf->permit : NULL, conf ? conf->n_permit : 0));
	json_object_set_new(row, "allowed-ips", json_statics(conf));
	json_object_set_new(row, "allowed-ips-count", json_integer(p->owner.entries));
	json_object_set_new(row, "persistent-keepalive",
			    json_integer(conf ? conf->persistent_keepalive : 0));
	json_object_set_new(row, "handshake-seconds", json_age(p));
	json_object_set_new(row, "rx-bytes", json_integer(p->rx_bytes));
	json_object_set_new(row, "tx-bytes", json_integer(p->tx_bytes));
	json_object_set_new(row, "state",
			    json_text_or_null(conf ? tunnel_state_name(p->live.state) : NULL));
	json_object_set_new(row, "reason",
			    json_text_or_null(conf ? reason_name(p->live.reason) : NULL));
	json_object_set_new(row, "settings", settings_json(conf));
	peer_echo_show(p, row);
	return row;
}

static json_t *device_row(const struct device *dev)
{
	bool has_key = !sodium_is_zero(dev->read.public_key, WG_KEY_BYTES);
	json_t *row = json_object(), *peers = json_array();
	uint64_t rx = 0, tx = 0;
	const struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		rx += p->rx_bytes;
		tx += p->tx_bytes;
		json_array_append_new(peers, peer_row(p));
	}
	json_object_set_new(row, "name", json_string(dev->name));
	json_object_set_new(row, "description",
			    json_string(dev->want.conf ? dev->want.conf->description : ""));
	json_object_set_new(row, "state", json_string(condition_name(dev->life.state)));
	json_object_set_new(row, "error", json_text_or_null(dev->life.error));
	json_object_set_new(row, "ifindex", json_integer(dev->ifindex));
	json_object_set_new(row, "backend",
			    json_text_or_null(dev->wg ? dev->wg->backend->name : NULL));
	json_object_set_new(row, "up", json_boolean(dev->read.up));
	json_object_set_new(row, "adopted", json_boolean(dev->adopted));
	json_object_set_new(row, "public-key",
			    json_text_or_null(has_key ? WG_KEY_STR(dev->read.public_key) : NULL));
	json_object_set_new(row, "listen-port", json_integer(dev->read.listen_port));
	json_object_set_new(row, "fwmark", json_integer(dev->read.fwmark));
	json_object_set_new(row, "mtu", json_integer(dev->read.mtu));
	json_object_set_new(row, "plane",
			    json_string(dev->want.conf ? dev->want.conf->plane : "main"));
	json_object_set_new(row, "addresses", json_if_addrs(dev->want.conf));
	json_object_set_new(row, "rx-bytes", json_integer(rx));
	json_object_set_new(row, "tx-bytes", json_integer(tx));
	json_object_set_new(row, "source-check-drops", json_integer(dev->read.source_drops));
	json_object_set_new(row, "source-check-drops-per-second", json_real(dev->read.drops_rate));
	json_object_set_new(row, "source-check-drops-seconds",
			    dev->read.drops_at
				    ? json_integer((now_ms() - dev->read.drops_at) / 1000)
				    : json_null());
	json_object_set_new(row, "beyond-ceiling", json_integer(dev->beyond));
	json_object_set_new(row, "beyond-ceiling-seconds",
			    dev->beyond ? json_integer((now_ms() - dev->beyond_ms) / 1000)
					: json_null());
	json_object_set_new(row, "peers", peers);
	return row;
}

static bool shows_wanted(const struct show *s, const struct device *dev)
{
	const char *name = json_string_value(json_object_get(s->args, "interface"));

	return !name || str_eq(name, dev->name);
}

/* An interface that was asked for by name must exist. */
static bool refuse_unknown(struct show *s)
{
	const char *name = json_string_value(json_object_get(s->args, "interface"));

	if (!name || device_find(name))
		return false;
	show_end(s, "no such interface");
	return true;
}

static void show_wireguard(struct show *s)
{
	const struct device *dev;

	if (refuse_unknown(s))
		return;
	show_head(s, json_object(), "interfaces");
	TAILQ_FOREACH (dev, &devices, link)
		if (shows_wanted(s, dev))
			show_row(s, device_row(dev));
	show_end(s, NULL);
}

/* With the interface's own sentence where that is the reason. */
static json_t *json_reason(const struct peer *p)
{
	const char *text = reason_text(peer_reason(p));

	if (peer_reason(p) != REASON_INTERFACE_REFUSED || !p->dev->life.error)
		return json_string(text);
	return json_sprintf("%s: %s", text, p->dev->life.error);
}

static json_t *tunnel_row(const struct peer *p)
{
	json_t *row = json_object();

	json_object_set_new(row, "interface", json_string(p->dev->name));
	json_object_set_new(row, "peer", json_string(p->name));
	json_object_set_new(row, "state", json_string(tunnel_state_name(peer_state(p))));
	json_object_set_new(row, "reason", json_string(reason_name(peer_reason(p))));
	json_object_set_new(row, "reason-text", json_reason(p));
	json_object_set_new(row, "draining", json_boolean(p->drained));
	json_object_set_new(row, "weak", json_boolean(p->live.weak));
	json_object_set_new(row, "bfd", json_string(bfd_evidence_name(p->evidence.bfd)));
	peer_echo_show(p, row);
	json_object_set_new(row, "cost", json_integer(peer_cost(p)));
	json_object_set_new(row, "configured-cost", json_integer(p->conf->cost));
	json_object_set_new(row, "quality-cost", json_integer(peer_state_echo_cost(p)));
	json_object_set_new(row, "underlay-errors", json_integer(p->errors.count));
	json_object_set_new(
		row, "underlay-error",
		json_text_or_null(p->errors.count ? icmp_error_name(&p->errors.latest) : NULL));
	json_object_set_new(row, "underlay-error-seconds",
			    p->errors.last ? json_integer((now_ms() - p->errors.last) / 1000)
					   : json_null());
	json_object_set_new(row, "hold-seconds",
			    json_integer(liveness_hold(&p->live, &p->conf->liveness) / 1000));
	json_object_set_new(row, "since-seconds", json_integer((now_ms() - p->live.since) / 1000));
	json_object_set_new(row, "handshake-seconds", json_age(p));
	json_object_set_new(row, "handshakes", json_integer((json_int_t)p->handshakes));
	json_object_set_new(row, "endpoint", json_endpoint(&p->endpoint));
	json_object_set_new(row, "fwmark", json_integer(p->dev->read.fwmark));
	json_object_set_new(row, "rx-bytes", json_integer(p->rx_bytes));
	json_object_set_new(row, "tx-bytes", json_integer(p->tx_bytes));
	json_object_set_new(row, "counters-seconds",
			    json_real((double)(now_ms() - p->dev->read.at) / 1000));
	json_object_set_new(row, "reading-interval-ms", json_integer(p->dev->read.interval));
	json_object_set_new(row, "changes", json_integer(p->live.changes));
	json_object_set_new(row, "downs",
			    reason_counts_json(p->live.downs, liveness_deaths, LIVENESS_DEATHS));
	json_object_set_new(row, "tunnel-addresses",
			    json_addrs(p->conf->tunnel_addrs, p->conf->n_tunnel_addrs));
	return row;
}

static void show_tunnels(struct show *s)
{
	const struct device *dev;
	const struct peer *p;

	show_head(s, json_object(), "tunnels");
	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			if (p->conf)
				show_row(s, tunnel_row(p));
	show_end(s, NULL);
}

/* Where a listing of entries has got to. The device is found again by name: it may be gone. */
struct cursor {
	char device[16];
	bool foreign;	  /* in the second of its tries */
	struct prefix at; /* that was shown last; family 0: none yet */
};

static json_t *entry_row(const struct device *dev, const struct allowed_entry *e)
{
	const struct peer *p = (const struct peer *)e->want;
	json_t *row = json_object();
	bool drift = e->have && e->have != e->want;
	bool handed = e->origin == ORIGIN_FOREIGN && dev->ledger &&
		      ledger_has_imported(dev->ledger, &e->node.p);
	enum allowed_origin origin = handed ? ORIGIN_IMPORTED : e->origin;

	json_object_set_new(row, "interface", json_string(dev->name));
	json_object_set_new(row, "peer", json_string(p->name));
	json_object_set_new(row, "prefix", json_prefix(&e->node.p));
	json_object_set_new(row, "origin",
			    json_string(drift ? "drift" : allowed_origin_name(origin)));
	json_object_set_new(row, "installed", json_boolean(e->have == e->want));
	json_object_set_new(row, "stale", json_boolean(allowed_entry_stale(&dev->allowed, e)));
	return row;
}

/* The longest first. */
static void show_covering(struct show *s, const char *address)
{
	const struct device *dev;
	struct addr a;

	if (addr_parse(address, &a) < 0) {
		show_end(s, "address: not an address");
		return;
	}
	show_head(s, json_object(), "entries");
	TAILQ_FOREACH (dev, &devices, link) {
		const struct trie *tries[] = {&dev->allowed.ours, &dev->allowed.foreign};

		for (size_t i = 0; shows_wanted(s, dev) && i < ARRAY_SIZE(tries); i++) {
			struct trie_node *node = trie_match_addr(tries[i], &a);

			for (; node; node = trie_cover(node))
				show_row(s, entry_row(dev, allowed_entry_of(node)));
		}
	}
	show_end(s, NULL);
}

static void start_allowed_ips(struct show *s)
{
	const char *address = json_string_value(json_object_get(s->args, "address"));
	struct device *dev = TAILQ_FIRST(&devices);
	struct cursor *c;

	if (refuse_unknown(s))
		return;
	if (address) {
		show_covering(s, address);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	s->state = c;
	while (dev && !shows_wanted(s, dev))
		dev = TAILQ_NEXT(dev, link);
	if (dev)
		str_copy(c->device, dev->name, sizeof(c->device));
	show_head(s, json_object(), "entries");
}

/* On to the foreign entries, then to the next device. False at the end. */
static bool next_trie(struct show *s, struct cursor *c, struct device *dev)
{
	c->at.family = 0;
	c->foreign = !c->foreign;
	if (c->foreign)
		return true;
	do
		dev = TAILQ_NEXT(dev, link);
	while (dev && !shows_wanted(s, dev));
	if (dev)
		str_copy(c->device, dev->name, sizeof(c->device));
	return dev != NULL;
}

static void step_allowed_ips(struct show *s)
{
	struct cursor *c = s->state;
	struct device *dev = device_find(c->device);
	struct trie_node *node;
	const struct trie *t;

	if (!dev) {
		show_end(s, NULL);
		return;
	}
	t = c->foreign ? &dev->allowed.foreign : &dev->allowed.ours;
	node = allowedips_behind(t, &c->at);
	for (int i = 0; node && i < ROWS_PER_STEP && !show_full(s); i++) {
		show_row(s, entry_row(dev, allowed_entry_of(node)));
		c->at = node->p;
		node = trie_next(t, node);
	}
	if (!node && !next_trie(s, c, dev))
		show_end(s, NULL);
}

static void finish_allowed_ips(struct show *s)
{
	free(s->state);
}

const struct show_command shows[] = {
	{"wireguard", show_wireguard, NULL, NULL},
	{"tunnels", show_tunnels, NULL, NULL},
	{"cut", cut_request, NULL, NULL},
	{"cut-end", cut_end_request, NULL, NULL},
	{"drain", drain_request, NULL, NULL},
	{"undrain", undrain_request, NULL, NULL},
	{"plan-wireguard", wplan_request, NULL, NULL},
	{"prove", prove_request, prove_step, prove_finish},
	{"allowed-ips", start_allowed_ips, step_allowed_ips, finish_allowed_ips},
	{NULL, NULL, NULL, NULL},
};
