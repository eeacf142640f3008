/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "endpoints.h"
#include "resolve.h"
#include "util.h"

bool peer_endpoint_choose(struct peer *p, bool create, const struct wg_peer *found,
			  struct endpoint *out)
{
	const char *text = p->conf->endpoint;
	bool same = p->where.text && text && str_eq(p->where.text, text);

	if (create && p->endpoint.addr.family && (same || !text)) {
		*out = p->endpoint; /* it was there before: where it was last heard */
		return true;
	}
	if (text && !create && !p->where.text && found && found->endpoint.addr.family)
		return false; /* a restart: it may have roamed */
	if (text && (create || !same)) {
		if (endpoint_parse(text, out) == 0)
			return true;
		p->where.resolved_at = now_ms();
		resolve_start(p->owner.id, text);
	}
	return create && endpoints_find(p->dev->name, p->owner.key, out);
}

void peer_endpoint_given(struct peer *p, const struct endpoint *e)
{
	if (e)
		p->where.given = *e;
	free(p->where.text);
	p->where.text = p->conf->endpoint ? xstrdup(p->conf->endpoint) : NULL;
}

bool peer_endpoint_note(struct peer *p, const struct wg_peer *found)
{
	if (memcmp(&found->endpoint, &p->endpoint, sizeof(p->endpoint)) == 0)
		return false;
	p->endpoint = found->endpoint;
	if (p->conf && p->endpoint.addr.family && found->handshake_sec)
		endpoints_note(p->dev->name, p->owner.key, &p->endpoint);
	return true;
}

/* Down for long: the far end may have another address by now, or the name another meaning. */
void peer_endpoint_tick(struct peer *p, uint64_t now)
{
	struct wg_peer_set set = {.key = p->owner.key};

	if (!p->conf->endpoint || p->live.state == TUNNEL_UP || p->live.state == TUNNEL_DEGRADED ||
	    !p->dev->up || now - p->live.since < RESOLVE_AGAIN_MS ||
	    now - p->where.resolved_at < RESOLVE_AGAIN_MS)
		return;
	p->where.resolved_at = now;
	if (endpoint_parse(p->conf->endpoint, &set.endpoint) < 0) {
		resolve_start(p->owner.id, p->conf->endpoint);
	} else if (memcmp(&set.endpoint, &p->endpoint, sizeof(p->endpoint)) != 0) {
		log_info("endpoint-reset", "peer=%s interface=%s endpoint=%s", p->name,
			 p->dev->name, p->conf->endpoint);
		wg_set_peer(p->dev->wg, &set);
	}
}

void peer_endpoint_resolved(uint32_t id, const char *text, const struct endpoint *found)
{
	struct peer *p = peer_by_id(id);
	struct wg_peer_set set = {.endpoint = *found};
	bool lives;

	if (!p || !p->conf || !p->conf->endpoint || !str_eq(p->conf->endpoint, text) || !p->dev->wg)
		return;
	set.key = p->owner.key;
	lives = p->live.state == TUNNEL_UP || p->live.state == TUNNEL_DEGRADED;
	if (lives || memcmp(found, &p->endpoint, sizeof(*found)) == 0)
		return;
	log_info("endpoint-resolved", "peer=%s interface=%s name=%s endpoint=%s", p->name,
		 p->dev->name, text, ENDPOINT_STR(found));
	p->where.given = *found;
	wg_set_peer(p->dev->wg, &set);
}

void peer_endpoint_free(struct peer *p)
{
	resolve_cancel(p->owner.id);
	free(p->where.text);
	p->where.text = NULL;
}
