/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_sync.h"

#include <errno.h>

#include "device_write.h"
#include "drains.h"
#include "history.h"
#include "peer_live.h"
#include "roster.h"
#include "secrets.h"
#include "util.h"

void peer_leave_at(struct peer *p, uint64_t at)
{
	p->dev->want.leaving += (at != 0) - (p->drop_at != 0);
	p->drop_at = at;
}

void peer_configure(struct peer *p, const struct peer_conf *conf)
{
	p->conf = conf;
	peer_leave_at(p, 0);
	if (conf)
		str_copy(p->name, conf->name, sizeof(p->name));
	p->told_as = history_name(p->dev->name, p->name);
	p->drained = conf && drains_has(p->dev->name, p->name);
	if (!conf || !conf->liveness.icmp_errors)
		peer_live_forget_errors(p);
	peer_echo_configure(p);
}

static const uint8_t *choose_psk(const struct peer *p, const struct wg_peer *found)
{
	static const uint8_t none[WG_KEY_BYTES];
	const uint8_t *psk = secrets_get(p->conf->psk_file);

	if (p->conf->psk_file && !psk)
		log_error("no-preshared-key", "peer=%s interface=%s file=%s", p->name, p->dev->name,
			  p->conf->psk_file);
	if (!p->conf->psk_file && found && found->has_psk)
		return none;
	return psk;
}

int peer_install(struct peer *p, bool create, const struct wg_peer *found)
{
	struct wg_peer_set set = {.key = p->owner.key, .create = create};
	bool with_endpoint = peer_endpoint_choose(p, create, found, &set.endpoint), added = false;
	int err;

	set.psk = choose_psk(p, found);
	set.keepalive = p->conf->persistent_keepalive;
	set.set_keepalive = !found || found->keepalive != p->conf->persistent_keepalive;
	peer_endpoint_given(p, with_endpoint ? &set.endpoint : NULL);
	if (!create && !with_endpoint && !set.psk && !set.set_keepalive)
		return 0;
	if (create && p->dev->ledger)
		added = ledger_add_peer(p->dev->ledger, p->owner.key);
	err = create ? device_ledger(p->dev) : 0;
	if (err < 0 && added)
		ledger_remove_peer(p->dev->ledger, p->owner.key);
	if (err == 0)
		err = wg_set_peer(p->dev->wg, &set);
	if (err < 0) {
		log_limited(&p->bucket, LOG_LEVEL_ERROR, "peer-refused",
			    "peer=%s interface=%s error=\"%s\"", p->name, p->dev->name,
			    strerror(-err));
		return err;
	}
	p->present = true;
	return 0;
}

static void fix(struct peer *p, const struct prefix *prefix, enum allowed_origin origin)
{
	enum reason reason = allowedips_fix(&p->dev->allowed, &p->owner, prefix, origin);

	if (reason != REASON_NONE)
		log_limited(&p->bucket, LOG_LEVEL_WARN, "allowed-ip-refused",
			    "peer=%s interface=%s prefix=%s reason=%s", p->name, p->dev->name,
			    PREFIX_STR(prefix), reason_name(reason));
}

/* Entries that were handed over: on an adopted interface what is there, elsewhere what is set. One
 * that BGP had meanwhile does not come back with another change: OLD named it, too. */
static void import_entries(struct peer *p, const struct peer_conf *old)
{
	struct device *dev = p->dev;
	bool marked = false;

	for (size_t i = 0; i < p->conf->n_imported; i++) {
		const struct prefix *prefix = &p->conf->imported[i];

		if (!dev->ledger && !(old && peer_conf_imports(old, prefix)))
			fix(p, prefix, ORIGIN_IMPORTED);
		else if (dev->ledger &&
			 allowedips_is(&dev->allowed, &p->owner, prefix, ORIGIN_FOREIGN))
			marked |= ledger_add_imported(dev->ledger, prefix);
	}
	if (marked)
		device_ledger(dev);
}

/* Those of OLD that are handed over no more. */
static void unimport_entries(struct peer *p, const struct peer_conf *old)
{
	struct device *dev = p->dev;

	for (size_t i = 0; old && i < old->n_imported; i++) {
		const struct prefix *prefix = &old->imported[i];

		if (peer_conf_imports(p->conf, prefix))
			continue;
		if (dev->ledger)
			ledger_remove_imported(dev->ledger, prefix);
		else if (!peer_conf_fixed(p->conf, prefix))
			allowedips_unfix(&dev->allowed, &p->owner, prefix);
	}
}

void peer_unfix_entries(struct peer *p, const struct peer_conf *old)
{
	struct allowedips *a = &p->dev->allowed;

	for (size_t i = 0; old && i < old->n_tunnel_addrs; i++) {
		struct prefix host = prefix_of_addr(&old->tunnel_addrs[i]);

		if (!peer_conf_fixed(p->conf, &host))
			allowedips_unfix(a, &p->owner, &host);
	}
	for (size_t i = 0; old && i < old->n_statics; i++)
		if (!peer_conf_fixed(p->conf, &old->statics[i]))
			allowedips_unfix(a, &p->owner, &old->statics[i]);
	unimport_entries(p, old);
}

void peer_fix_entries(struct peer *p, const struct peer_conf *old)
{
	import_entries(p, old);
	for (size_t i = 0; i < p->conf->n_statics; i++)
		fix(p, &p->conf->statics[i], ORIGIN_STATIC);
	for (size_t i = 0; i < p->conf->n_tunnel_addrs; i++) {
		struct prefix host = prefix_of_addr(&p->conf->tunnel_addrs[i]);

		fix(p, &host, ORIGIN_TUNNEL_ADDRESS);
	}
}
