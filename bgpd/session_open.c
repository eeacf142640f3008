/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_open.h"

#include <stdio.h>
#include <string.h>

#include "bgp.h"
#include "loop.h"
#include "peer_way.h"
#include "restart.h"
#include "session.h"
#include "session_local.h"
#include "util.h"

/* zebra-lite installs IPv4 by an IPv6 next hop through a tunnel, which needs no gateway. */
static bool takes_extended_hop(const struct peer *p)
{
	return p->conf.family[BGP_IPV4] && p->conf.address.family == AF_INET6 &&
	       peer_way_is_tunnel(p);
}

void session_put_open(const struct peer *p, struct open *o)
{
	const struct peer_conf *c = &p->conf;

	memset(o, 0, sizeof(*o));
	o->as = bgp.as;
	o->router_id = bgp.router_id;
	o->hold_time = c->hold_time;
	o->refresh = o->four_octet = true;
	o->extended_hop = takes_extended_hop(p);
	o->gr = bgp.graceful_restart.enabled;
	o->gr_time = bgp.graceful_restart.restart_time;
	o->gr_restarting = !p->count.established &&
			   now_ms() - bgp.started_ms < bgp.graceful_restart.restart_time * 1000ull;
	for (int i = 0; i < BGP_FAMILIES; i++) {
		o->family[i] = o->gr_family[i] = c->family[i];
		/* Routes and AllowedIPs outlive this daemon, but not a reboot. */
		o->gr_forwarding[i] = c->family[i] && !(o->gr_restarting && restart_lost());
	}
}

static bool as_matches(const struct peer_conf *c, uint32_t as)
{
	switch (c->remote_type) {
	case REMOTE_INTERNAL:
		return as == bgp.as;
	case REMOTE_EXTERNAL:
		return as != bgp.as;
	default:
		return as == c->remote_as;
	}
}

static bool refuse_open(struct bgp_error *e, uint8_t subcode, const char *text)
{
	*e = (struct bgp_error){.code = 2, .subcode = subcode};
	str_copy(e->text, text, sizeof(e->text));
	return false;
}

bool session_judge_open(const struct peer *p, const struct open *o, struct bgp_error *e)
{
	static const uint8_t unicast[] = {1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1};
	bool common = false;
	char text[64];

	if (!as_matches(&p->conf, o->as)) {
		snprintf(text, sizeof(text), "AS %u is not the configured one", o->as);
		return refuse_open(e, 2, text);
	}
	if (o->router_id == bgp.router_id && o->as == bgp.as)
		return refuse_open(e, 3, "the BGP identifier is our own");
	for (int i = 0; i < BGP_FAMILIES; i++)
		common = common || (o->family[i] && p->conf.family[i]);
	if (common)
		return true;
	refuse_open(e, 7, "no address family in common");
	for (int i = 0; i < BGP_FAMILIES; i++)
		if (p->conf.family[i]) {
			memcpy(e->data + e->len, unicast + i * 6, 6);
			e->len += 6;
		}
	return false;
}

bool session_ours_stays(const struct open *theirs)
{
	if (bgp.router_id != theirs->router_id)
		return bgp.router_id > theirs->router_id;
	return bgp.as > theirs->as;
}

void session_take_over(struct peer *p, const struct fsm *f)
{
	const struct open *o = &f->open;
	bool gr = false;

	p->as = o->as;
	p->ebgp = o->as != bgp.as;
	p->router_id = o->router_id;
	p->four_octet = o->four_octet;
	p->refresh = o->refresh;
	p->extended_hop = o->extended_hop && takes_extended_hop(p);
	for (int i = 0; i < BGP_FAMILIES; i++) {
		p->family[i] = o->family[i] && p->conf.family[i];
		p->gr_family[i] = o->gr_family[i] && p->family[i];
		p->gr_forwarding[i] = p->gr_family[i] && o->gr_forwarding[i];
		gr = gr || p->gr_family[i];
	}
	p->gr_aware = o->gr;
	p->gr = gr;
	p->gr_restarting = o->gr_restarting;
	p->gr_time = o->gr_time;
	p->hold_time = f->hold_time;
	p->keepalive = f->keepalive_time;
	p->send_hold = f->send_hold_time;
	p->up_since_ms = now_ms();
	session_locals(p, conn_fd(f->conn));
}

void session_times_changed(struct peer *p)
{
	struct fsm *f = p->session->up;

	if (!f)
		return;
	fsm_keepalive_changed(f);
	fsm_send_hold_changed(f);
	p->keepalive = f->keepalive_time;
	p->send_hold = f->send_hold_time;
}
