/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_probe.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include "explain_gather.h"
#include "explain_judge.h"
#include "machine.h"
#include "members.h"
#include "pinger.h"
#include "session.h"
#include "util.h"

#define TICK_MS 100
#define SEND_TICKS 3 /* between two requests */
#define REQUESTS 3
#define WAIT_TICKS 16  /* for an answer */
#define SLOW_TICKS 42  /* a router says after three seconds that nobody has an address */
#define LEAST_MTU 1280 /* of IPv6 */
#define LEAST_MTU4 576 /* that hosts take at least (RFC 791) */

struct probe {
	const char *name;
	struct pinger pinger;
	unsigned size, sent, answered;
	bool slow;		     /* a router may say something, in its time ... */
	const struct probe *witness; /* ... if this one was told something; NULL: in any case */
	int refused;		     /* -errno of sending, or 0 */
	bool failed;
	struct pinger_error error;
};

enum { ANSWER, PEER, TUNNEL, HOP, WHOLE, PROBES };

struct probing {
	struct cli_session *s;
	struct explain *e;
	char *why; /* it failed; of PROBE_WHY_MAX */
	struct addr from, dst;
	const char *device; /* that it is bound to, of a plane; "": none */
	bool passed;	    /* they stand for packets of somebody behind this machine ... */
	unsigned tunnel;    /* ... which leave by this interface; 0: by none of WireGuard */
	struct probe v[PROBES];
};

static void on_probe_answer(void *arg, uint32_t number)
{
	struct probe *p = arg;

	p->answered++;
}

static void on_probe_error(void *arg, const struct pinger_error *e)
{
	struct probe *p = arg;

	if (!p->failed)
		p->error = *e;
	p->failed = true;
}

/* No open probe is left alone. */
static int probe_open(struct probing *w, struct probe *p, const char *name, const struct addr *to,
		      const struct addr *from, unsigned hops)
{
	int err = w->passed
			  ? pinger_open_passed(&p->pinger, w->tunnel, to, from, on_probe_answer, p)
			  : pinger_open(&p->pinger, to, from, on_probe_answer, p);

	p->name = name;
	if (err == 0)
		err = pinger_tune(&p->pinger, p->size, hops, on_probe_error);
	p->size = p->pinger.size;
	if (err == 0 && *w->device && !w->tunnel &&
	    setsockopt(p->pinger.out, SOL_SOCKET, SO_BINDTODEVICE, w->device,
		       strlen(w->device) + 1) < 0)
		err = -errno;
	return err;
}

/* ---- the addresses */

/* The first address of the list in that family that is not a link-local one. */
static bool first_address(const json_t *list, uint8_t family, struct addr *out)
{
	json_t *text;
	uint8_t len;
	size_t i;

	json_array_foreach (list, i, text)
		if (json_is_string(text) && !strchr(json_string_value(text), '%') &&
		    addr_parse_with_len(json_string_value(text), out, &len) == 0 &&
		    out->family == family)
			return true;
	return false;
}

/* ---- they run */

static bool settled(const struct probe *p)
{
	return p->pinger.fd < 0 || p->answered || p->failed || p->refused;
}

static unsigned patience(const struct probe *p)
{
	return p->slow && (!p->witness || p->witness->failed) ? SLOW_TICKS : WAIT_TICKS;
}

static void probe_send(struct probe *p)
{
	int err;

	if (settled(p) || p->sent == REQUESTS)
		return;
	err = pinger_send(&p->pinger, p->sent++);
	/* An error of an earlier request is said once by the next one; it was told. */
	if (err == -EPERM || err == -EMSGSIZE || p->sent == REQUESTS)
		p->refused = err;
}

/* False: interrupted. */
static bool run_all(struct probing *w, struct probe *v, size_t n)
{
	unsigned waiting = 1;

	for (unsigned tick = 0; waiting; tick++) {
		waiting = 0;
		for (size_t i = 0; i < n; i++) {
			if (tick % SEND_TICKS == 0)
				probe_send(&v[i]);
			waiting += !settled(&v[i]) && tick < patience(&v[i]);
		}
		if (waiting && !client_wait(w->s->client, TICK_MS)) {
			str_copy(w->why, "interrupted", PROBE_WHY_MAX);
			return false;
		}
	}
	return true;
}

/* ---- what came of them */

static const char *probe_said(uint8_t family, const struct pinger_error *e)
{
	static const struct {
		uint8_t family, type, code;
		const char *word;
	} rows[] = {
		{AF_INET, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, "no-route"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, "no-host"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, "too-large"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, "prohibited"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, "prohibited"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_NET_ANO, "prohibited"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_HOST_ANO, "prohibited"},
		{AF_INET, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, "prohibited"},
		{AF_INET, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, "hops"},
		{AF_INET6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, "no-route"},
		{AF_INET6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN, "prohibited"},
		{AF_INET6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, "no-host"},
		{AF_INET6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, "prohibited"},
		{AF_INET6, ICMP6_DST_UNREACH, 5, "prohibited"}, /* RFC 4443: source policy */
		{AF_INET6, ICMP6_DST_UNREACH, 6, "no-route"},	/* a route that rejects */
		{AF_INET6, ICMP6_PACKET_TOO_BIG, 0, "too-large"},
		{AF_INET6, ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT, "hops"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].family == family && rows[i].type == e->type && rows[i].code == e->code)
			return rows[i].word;
	return "other";
}

static void put_probe(json_t *all, const struct probe *p, uint8_t family)
{
	char in[IF_NAMESIZE] = "";

	if (p->pinger.answered_by)
		if_indextoname(p->pinger.answered_by, in);
	if (p->name)
		json_object_set_new(all, p->name,
				    json_pack("{s:i, s:i, s:s?, s:s?, s:i, s:s?, s:i, s:s?}",
					      "sent", (int)p->sent, "answered", (int)p->answered,
					      "said",
					      p->failed ? probe_said(family, &p->error) : NULL,
					      "by", p->failed ? ADDR_STR(&p->error.from) : NULL,
					      "mtu", p->failed ? (int)p->error.mtu : 0, "refused",
					      p->refused ? strerror(-p->refused) : NULL, "size",
					      (int)p->size, "in", *in ? in : NULL));
}

/* A size that may fit where WHOLE does not: as was said, if that can be; 0: none. */
static unsigned size_below(const struct probe *whole, uint8_t family)
{
	unsigned least = family == AF_INET ? LEAST_MTU4 : LEAST_MTU;
	uint32_t said = whole->failed ? whole->error.mtu : 0;

	if (said >= least && said < whole->size)
		return said;
	if (whole->size > LEAST_MTU)
		return LEAST_MTU;
	return whole->size > least ? least : 0;
}

/* Small ones are answered, large ones are not: what is the size that is? Where that cannot be asked
 * there is something to say all the same. False: interrupted. */
static bool probe_fits(struct probing *w, json_t *all)
{
	const struct probe *whole = &w->v[WHOLE];
	struct probe fits = {.pinger = {.fd = -1}};
	bool ok = true;

	if (!w->v[ANSWER].answered || whole->answered || !whole->size)
		return true;
	fits.size = size_below(whole, w->dst.family);
	if (fits.size && probe_open(w, &fits, "fits", &w->dst, &w->from, 0) == 0) {
		ok = run_all(w, &fits, 1);
		put_probe(all, &fits, w->dst.family);
	}
	pinger_close(&fits.pinger);
	return ok;
}

static int open_answer(struct probing *w)
{
	struct probe *v = w->v;
	int err = probe_open(w, &v[ANSWER], "answer", &w->dst, &w->from, 0);

	v[ANSWER].slow = true;
	v[WHOLE].size = (unsigned)int_of(json_object_get(w->e->facts, "kernel"), "mtu");
	if (err == 0 && v[WHOLE].size)
		err = probe_open(w, &v[WHOLE], "whole", &w->dst, &w->from, 0);
	return err;
}

/* Those that tell where a packet is lost in a tunnel, or behind it. */
static int open_tunnel(struct probing *w)
{
	const json_t *tunnel = explain_tunnel(w->e->facts), *interface;
	struct addr peer, own;
	int err = 0;

	if (!tunnel)
		return 0;
	interface =
		row_named(json_object_get(w->e->facts, "interfaces"), str_of(tunnel, "interface"));
	if (first_address(json_object_get(tunnel, "tunnel-addresses"), w->dst.family, &peer)) {
		err = probe_open(w, &w->v[PEER], "peer", &peer, &w->from, 0);
		/* Our address there may be gone: then that shows nothing. */
		if (first_address(json_object_get(interface, "addresses"), w->dst.family, &own) &&
		    probe_open(w, &w->v[TUNNEL], "tunnel", &peer, &own, 0) < 0)
			pinger_close(&w->v[TUNNEL].pinger);
	}
	w->v[ANSWER].witness = &w->v[HOP];
	return err ? err : probe_open(w, &w->v[HOP], "hop", &w->dst, &w->from, 1);
}

static bool probe_all(struct probing *w, json_t *all)
{
	uint64_t before = machine_tcp_count("IPReversePathFilter");
	int err = open_answer(w);

	if (err == 0)
		err = open_tunnel(w);
	if (err < 0) {
		snprintf(w->why, PROBE_WHY_MAX, "echo requests cannot be sent: %s", strerror(-err));
		return false;
	}
	if (!run_all(w, w->v, PROBES))
		return false;
	json_object_set_new(
		all, "rp-filter-drops",
		json_integer((json_int_t)(machine_tcp_count("IPReversePathFilter") - before)));
	for (size_t i = 0; i < PROBES; i++)
		put_probe(all, &w->v[i], w->dst.family);
	return probe_fits(w, all);
}

/* Into a tunnel goes what the tunnel would get of the source; by another interface our own address
 * in its network stands for it. */
static void choose_source(struct probing *w, json_t *all)
{
	const json_t *source = json_object_get(w->e->facts, "source");
	const char *by = str_of(json_object_get(w->e->facts, "kernel"), "interface");

	w->passed = !is_true(source, "local");
	if (w->passed && explain_is_tunnel_if(w->e->facts, by))
		w->tunnel = if_nametoindex(by);
	json_object_set(all, "from", json_object_get(source, w->tunnel ? "address" : "probe-from"));
	if (is_true(source, "bound"))
		w->device = by;
}

bool explain_probe(struct cli_session *s, struct explain *e, char why[PROBE_WHY_MAX])
{
	struct probing w = {
		.s = s, .e = e, .why = why, .dst = addr_of_prefix(&e->dst), .device = ""};
	json_t *all = json_object();
	bool ok = true;

	for (size_t i = 0; i < PROBES; i++)
		w.v[i].pinger.fd = -1;
	choose_source(&w, all);
	if (addr_parse(str_of(all, "from"), &w.from) == 0)
		ok = probe_all(&w, all);
	for (size_t i = 0; i < PROBES; i++)
		pinger_close(&w.v[i].pinger);
	json_object_set_new(e->facts, "probe", all);
	return ok;
}
