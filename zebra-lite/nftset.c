/* SPDX-License-Identifier: BSD-2-Clause */
#include "nftset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disjoint.h"
#include "fib.h"
#include "ifaddr.h"
#include "log.h"
#include "loop.h"
#include "nft.h"
#include "planes.h"
#include "retry.h"
#include "rib.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

#define POLL_MS 500
#define LOST_MS 10000 /* no sooner is everything written again, when nobody knows what changed */
#define GATHER_MS 20  /* changes that come together go together */
#define QUANTUM 4096  /* prefixes at a time */
#define SOME 16384    /* changes a transaction, but where a set is filled anew */

enum { INTERFACES, OWN4, OWN6, FAR4, FAR6, LEARNED4, LEARNED6, KINDS };

static const struct kind {
	const char *name, *type;
	size_t key; /* bytes */
} kinds[KINDS] = {
	[INTERFACES] = {"interfaces", "ifname;", 16},
	[OWN4] = {"own4", "ipv4_addr;", 4},
	[OWN6] = {"own6", "ipv6_addr;", 16},
	[FAR4] = {"far4", "ipv4_addr;", 4},
	[FAR6] = {"far6", "ipv6_addr;", 16},
	[LEARNED4] = {"learned4", "ipv4_addr; flags interval;", 4},
	[LEARNED6] = {"learned6", "ipv6_addr; flags interval;", 16},
};

static struct set {
	struct nft_set in; /* the kernel's, id 0: not known */
	bool filled;	   /* and it has what we know of */
	struct wr content; /* keys, one behind the other; not of learned prefixes */
} sets[PLANES_MAX][KINDS];

static char *marker;
static struct timer poll_timer;
static struct job job;
static enum conf_rib_nftables_sets mode; /* of which the prefixes are kept */
static bool look_due, torn_down, busy;
static bool scanning;
static uint32_t scan_at;      /* of the RIB, while scanning */
static struct nft_job *draft; /* being put together */
static size_t left;	      /* changes that it takes yet */
static uint32_t generation;   /* of the kernel's ruleset as we know it */
static struct retry retry;    /* what the kernel refused */
static char error[NFT_ERROR_MAX];
static bool lost;	 /* notifications of what others change, */
static uint64_t lost_ms; /* and when all was written again for that */
static struct log_bucket drift_bucket;

static bool wanted(unsigned plane, unsigned kind)
{
	return plane_present((uint8_t)plane) && zconfig.nftables != RIB_NFTABLES_SETS_OFF &&
	       !torn_down && (kind < LEARNED4 || zconfig.nftables == RIB_NFTABLES_SETS_ALL);
}

static bool ours(const char *name)
{
	for (unsigned k = 0; k < KINDS; k++) {
		size_t n = strlen(kinds[k].name);

		if (strncmp(name, kinds[k].name, n) == 0 && name[n] == '-')
			return true;
	}
	return false;
}

static void set_forget(struct set *s)
{
	s->in = (struct nft_set){0};
	s->filled = false;
	wr_reset(&s->content);
}

static void nftset_failed(const struct nft_job *j)
{
	if (!str_eq(error, j->error))
		log_error("nftables-refused", "table=\"inet " NFT_TABLE "\" error=\"%s\"",
			  j->error);
	str_copy(error, j->error, sizeof(error));
	retry_failed(&retry, j->err);
	look_due = true;
	for (unsigned p = 0; p < PLANES_MAX; p++)
		for (unsigned k = 0; k < KINDS; k++)
			sets[p][k].filled = false;
}

/* ---- which sets there are */

static void looked(struct nft_job *j)
{
	busy = false;
	generation = j->after;
	if (j->err) {
		nftset_failed(j);
		nft_job_free(j);
		return;
	}
	if (error[0])
		log_info("nftables-taken", "table=\"inet " NFT_TABLE "\"");
	error[0] = '\0';
	for (unsigned p = 0; p < PLANES_MAX; p++) {
		for (unsigned k = 0; k < KINDS; k++) {
			struct set *s = &sets[p][k];
			struct nft_set before = s->in;

			s->in.id = 0;
			for (size_t i = 0; i < j->n_found && s->in.name[0]; i++)
				if (str_eq(j->found[i].name, s->in.name))
					s->in = j->found[i];
			s->filled = s->filled && s->in.id == before.id &&
				    s->in.table == before.table;
		}
	}
	if (!j->n_keep)
		unlink(marker);
	nft_job_free(j);
	job_start(&job);
}

static void nftset_look(void)
{
	struct nft_job *j = nft_job_new();
	struct wr text = {0};
	char line[2 * NFT_SET_MAX];
	int fd;

	j->ours = ours;
	j->keep = xcalloc(PLANES_MAX * KINDS, sizeof(*j->keep));
	for (unsigned p = 0; p < PLANES_MAX; p++) {
		for (unsigned k = 0; k < KINDS; k++) {
			struct set *s = &sets[p][k];
			char name[NFT_SET_MAX] = "";

			if (wanted(p, k))
				snprintf(name, sizeof(name), "%s-%s", kinds[k].name,
					 plane_name((uint8_t)p));
			if (!str_eq(name, s->in.name))
				set_forget(s);
			if (!name[0])
				continue;
			str_copy(s->in.name, name, sizeof(s->in.name));
			j->keep[j->n_keep++] = s->in;
			snprintf(line, sizeof(line), "add set inet %s %s { type %s }\n", NFT_TABLE,
				 name, kinds[k].type);
			if (!text.len)
				wr_bytes(&text, "add table inet " NFT_TABLE "\n",
					 strlen("add table inet " NFT_TABLE "\n"));
			wr_bytes(&text, line, strlen(line));
		}
	}
	look_due = false;
	if (text.len) {
		wr_u8(&text, 0);
		j->text = (char *)text.data;
		fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* sandbox.c */
		if (fd >= 0)
			close(fd);
	} else if (access(marker, F_OK) != 0) {
		nft_job_free(j);
		return;
	}
	busy = true;
	nft_submit(j, looked);
}

/* ---- what others do to them */

/* Filled anew at the next poll: whoever does it again and again is not followed at once. */
static void changed_by_others(const char *name)
{
	if (torn_down) /* it is ourselves, by way of libnftables */
		return;
	lost = lost || !name;
	for (unsigned p = 0; p < PLANES_MAX && name; p++) {
		for (unsigned k = 0; k < KINDS; k++) {
			struct set *s = &sets[p][k];

			if (!s->filled || !str_eq(s->in.name, name))
				continue;
			s->filled = false;
			log_limited(&drift_bucket, LOG_LEVEL_WARN, "drift-repaired",
				    "what=nftables-set set=%s", name);
		}
	}
}

static void fill_lost(void)
{
	uint64_t now = now_ms();

	if (!lost || (lost_ms && now - lost_ms < LOST_MS))
		return;
	lost = false;
	lost_ms = now;
	for (unsigned p = 0; p < PLANES_MAX; p++)
		for (unsigned k = 0; k < KINDS; k++)
			sets[p][k].filled = false;
}

/* ---- what is in them */

static void put_key(struct wr *w, const void *key, size_t len, size_t size)
{
	uint8_t *at = wr_room(w, size);

	memset(at, 0, size);
	memcpy(at, key, len < size ? len : size);
}

static void put_address(struct wr *w, const struct addr *a, uint8_t family)
{
	struct addr off = addr_off_link(a);

	if (a->family == family)
		put_key(w, off.b, family_bytes(family), family_bytes(family));
}

static void gather_interfaces(struct wr *w, uint8_t plane)
{
	const struct tunnel_if *i;
	const char *name;

	for (size_t k = 0; plane != PLANE_MAIN && (name = plane_interface(plane, k)); k++)
		put_key(w, name, strlen(name), 16);
	LIST_FOREACH (i, tunnel_all_ifs(), link)
		if (plane == PLANE_MAIN && i->plane == plane)
			put_key(w, i->name, strlen(i->name), 16);
}

static void gather_own(struct wr *w, uint8_t plane, uint8_t family)
{
	const struct tunnel_if *i;
	const struct kaddr *a;

	LIST_FOREACH (i, tunnel_all_ifs(), link)
		for (unsigned k = 0; i->plane == plane && (a = ifaddr_get(i->ifindex, k)); k++)
			put_address(w, &a->local, family);
}

static void gather_far(struct wr *w, uint8_t plane, uint8_t family)
{
	const struct tunnel_peer *p;

	LIST_FOREACH (p, tunnel_all_peers(), link)
		for (unsigned k = 0; p->iface->plane == plane && k < p->n_addrs; k++)
			put_address(w, &p->addrs[k], family);
}

static void gather(struct wr *w, uint8_t plane, unsigned kind)
{
	if (kind == INTERFACES)
		gather_interfaces(w, plane);
	else if (kind == OWN4 || kind == OWN6)
		gather_own(w, plane, kind == OWN4 ? AF_INET : AF_INET6);
	else
		gather_far(w, plane, kind == FAR4 ? AF_INET : AF_INET6);
}

static void write_whole(uint8_t plane, unsigned kind)
{
	struct set *s = &sets[plane][kind];
	size_t size = kinds[kind].key;
	struct wr now = {0};

	gather(&now, plane, kind);
	if (s->filled && now.len == s->content.len &&
	    (!now.len || !memcmp(now.data, s->content.data, now.len))) {
		wr_free(&now);
		return;
	}
	nft_flush(draft, s->in.name);
	for (size_t at = 0; at < now.len; at += size)
		nft_element(draft, true, s->in.name, now.data + at, size, false);
	wr_free(&s->content);
	s->content = now;
	s->filled = true;
}

static void put_interval(bool add, const struct prefix *p)
{
	struct set *s = &sets[p->plane][p->family == AF_INET ? LEARNED4 : LEARNED6];
	size_t size = family_bytes(p->family);
	uint8_t end[16];

	if (!s->filled)
		return; /* not wanted; filled when it is */
	memcpy(end, p->b, sizeof(end));
	nft_element(draft, add, s->in.name, p->b, size, false);
	for (int at = p->len; at-- > 0;) { /* the address behind: one more in the last bit */
		end[at / 8] ^= (uint8_t)(0x80 >> at % 8);
		if (end[at / 8] & 0x80 >> at % 8) {
			nft_element(draft, add, s->in.name, end, size, true);
			return;
		}
	}
}

/* A transaction with all that there is to say, or as much as is good for one. */
static void begin_draft(void)
{
	bool anew = false;

	draft = nft_job_new();
	for (unsigned p = 0; p < PLANES_MAX; p++) {
		for (unsigned k = 0; k < KINDS; k++) {
			struct set *s = &sets[p][k];

			if (!s->in.id || !wanted(p, k))
				continue;
			if (k < LEARNED4) {
				write_whole((uint8_t)p, k);
			} else if (!s->filled) {
				nft_flush(draft, s->in.name);
				disjoint_emptied((uint8_t)p, k == LEARNED4 ? AF_INET : AF_INET6);
				s->filled = anew = true;
			}
		}
	}
	left = disjoint_queued();
	if (!anew && left > SOME)
		left = SOME;
}

static void written(struct nft_job *j)
{
	busy = false;
	if (j->before == generation && j->after == j->before + 1)
		generation = j->after;
	if (j->err)
		nftset_failed(j);
	else
		retry_done(&retry);
	nft_job_free(j);
	if (disjoint_queued())
		job_start(&job);
}

static void see(const struct rib_node *n)
{
	const struct fib *f = rib_installed(n);
	struct rib_cand *cand;

	/* Of one that an earlier life left nothing more is known. */
	disjoint_set(RIB_PREFIX(n), f && f->type == RTN_UNICAST &&
					    (n->flags & NODE_ADOPTED ||
					     (rib_hops(n) && rib_select(n, &cand) == RIB_BGP)));
}

static bool scan(void)
{
	struct rib_node *n;

	for (unsigned i = 0; i < QUANTUM; i++) {
		n = rib_walk(&scan_at);
		if (!n)
			return false;
		see(n);
	}
	return true;
}

static bool step(void *arg)
{
	size_t some;

	if (busy || torn_down || retry_waits(&retry) || !fib_begun())
		return false;
	if (!draft && look_due) {
		nftset_look();
		return false;
	}
	if (mode == RIB_NFTABLES_SETS_OFF)
		return false;
	if (scanning) {
		scanning = scan();
		return true;
	}
	if (!draft)
		begin_draft();
	some = left < QUANTUM ? left : QUANTUM;
	disjoint_work(some, put_interval);
	left -= some;
	if (left)
		return true;
	if (!draft->batch.len) {
		nft_job_free(draft);
		draft = NULL;
		return false;
	}
	busy = true;
	nft_submit(draft, written);
	draft = NULL;
	return false;
}

static void poll_due(void *arg)
{
	if (mode == RIB_NFTABLES_SETS_OFF && !look_due && !busy)
		return;
	timer_start(&poll_timer, POLL_MS);
	if (busy || draft || retry_waits(&retry))
		return;
	if (mode != RIB_NFTABLES_SETS_OFF && nft_generation() != generation)
		look_due = true;
	fill_lost();
	job_start(&job);
}

void nftset_route_changed(const struct rib_node *n)
{
	if (mode != RIB_NFTABLES_SETS_ALL || torn_down)
		return;
	see(n);
	if (disjoint_queued() && timer_left_ms(&poll_timer) > GATHER_MS)
		timer_start(&poll_timer, GATHER_MS);
}

/* ---- from outside */

void nftset_open(const char *rundir)
{
	marker = xasprintf("%s/nft-sets", rundir);
	job_init(&job, step, NULL);
	timer_init(&poll_timer, poll_due, NULL);
}

void nftset_config_changed(void)
{
	if (mode == zconfig.nftables && mode == RIB_NFTABLES_SETS_OFF && access(marker, F_OK) != 0)
		return;
	if (mode == RIB_NFTABLES_SETS_ALL && zconfig.nftables != mode)
		disjoint_reset();
	scanning = zconfig.nftables == RIB_NFTABLES_SETS_ALL &&
		   (scanning || mode != RIB_NFTABLES_SETS_ALL);
	if (scanning)
		scan_at = 0;
	mode = zconfig.nftables;
	if (mode != RIB_NFTABLES_SETS_OFF && nft_watch(changed_by_others) < 0)
		log_warn("nftables-unwatched", "error=\"what others do to our sets is not seen\"");
	look_due = true;
	retry_done(&retry);
	poll_due(NULL);
}

void nftset_teardown(void)
{
	struct nft_job *j;

	nft_stop();
	busy = false;
	torn_down = true;
	if (access(marker, F_OK) != 0)
		return;
	j = nft_job_new();
	j->ours = ours;
	nft_run(j);
	if (j->err)
		log_error("nftables-remains", "table=\"inet " NFT_TABLE "\" error=\"%s\"",
			  j->error);
	else
		unlink(marker);
	nft_job_free(j);
}

void nftset_close(void)
{
	nft_stop();
	nft_unwatch();
	nft_job_free(draft);
	draft = NULL;
	for (unsigned p = 0; p < PLANES_MAX; p++)
		for (unsigned k = 0; k < KINDS; k++)
			wr_free(&sets[p][k].content);
	timer_stop(&poll_timer);
	job_stop(&job);
	disjoint_reset();
	free(marker);
}

const char *nftset_state(void)
{
	if (error[0])
		return "refused";
	if (mode == RIB_NFTABLES_SETS_OFF)
		return "off";
	if (look_due || busy || draft || scanning || disjoint_queued() || !fib_begun())
		return "pending";
	return "installed";
}

const char *nftset_error(void)
{
	return error;
}

json_t *nftset_rows(void)
{
	json_t *rows = json_array();

	for (unsigned p = 0; p < PLANES_MAX; p++) {
		for (unsigned k = 0; k < KINDS; k++) {
			const struct set *s = &sets[p][k];
			size_t n = k < LEARNED4
					   ? s->content.len / kinds[k].key
					   : disjoint_count((uint8_t)p,
							    k == LEARNED4 ? AF_INET : AF_INET6);

			if (wanted(p, k))
				json_array_append_new(
					rows, json_pack("{s:s, s:s, s:s, s:I, s:b}", "set",
							s->in.name, "plane", plane_name((uint8_t)p),
							"kind", kinds[k].name, "elements",
							(json_int_t)(s->filled ? n : 0), "filled",
							s->filled));
		}
	}
	return rows;
}
