/* SPDX-License-Identifier: BSD-2-Clause */
/* The far half of the rig: in the place of everything by which wgd acts upon the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <nftables/libnftables.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "icmp.h"
#include "icmp_error.h"
#include "probe.h"
#include "rig.h"
#include "rig_world.h"
#include "userspace.h"
#include "wg_reader.h"

struct rig rig;

/* --- interfaces: in the place of link.c --- */

void link_open(void)
{
}

void link_close(void)
{
}

static link_event_fn on_link_event;

void link_watch(link_event_fn fn, void *arg)
{
	on_link_event = fn;
}

void rig_link_event(const char *ifname, int ifindex)
{
	on_link_event(NULL, ifname, ifindex, false);
}

struct rig_link *rig_link(const char *name)
{
	for (unsigned i = 0; i < RIG_LINKS; i++)
		if (rig.links[i].name[0] && strcmp(rig.links[i].name, name) == 0)
			return &rig.links[i];
	return NULL;
}

static struct rig_link *by_index(int ifindex)
{
	for (unsigned i = 0; i < RIG_LINKS; i++)
		if (rig.links[i].name[0] && rig.links[i].info.ifindex == ifindex)
			return &rig.links[i];
	return NULL;
}

struct rig_link *rig_link_add(const char *name, const char *kind, const char *alias)
{
	static int last = 6;
	unsigned i = 0;

	while (i < RIG_LINKS && rig.links[i].name[0])
		i++;
	assert_true(i < RIG_LINKS);
	rig.links[i] = (struct rig_link){.info = {.ifindex = ++last, .mtu = 1420}};
	str_copy(rig.links[i].name, name, sizeof(rig.links[i].name));
	str_copy(rig.links[i].info.kind, kind, sizeof(rig.links[i].info.kind));
	str_copy(rig.links[i].info.alias, alias, sizeof(rig.links[i].info.alias));
	return &rig.links[i];
}

void rig_link_gone(const char *name)
{
	rig_link(name)->name[0] = '\0';
}

int link_get(const char *ifname, struct link_info *out)
{
	const struct rig_link *l = rig_link(ifname);
	int err = 0;

	err = rig_act("get link %s", ifname);
	if (err == 0 && l)
		*out = l->info;
	return err ? err : l ? 0 : -ENODEV;
}

int link_each_ours(void (*fn)(void *arg, const char *ifname, int ifindex), void *arg)
{
	for (unsigned i = 0; i < RIG_LINKS; i++) {
		struct rig_link l = rig.links[i]; /* FN may delete it */

		if (l.name[0] && strcmp(l.info.alias, LINK_ALIAS) == 0)
			fn(arg, l.name, l.info.ifindex);
	}
	return 0;
}

int link_create(const char *ifname)
{
	int err = rig.no_kernel ? -EOPNOTSUPP : rig_act("create link %s", ifname);

	if (err == 0)
		rig_link_add(ifname, "wireguard", "");
	return err;
}

int link_delete(int ifindex)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("delete link %s", l ? l->name : "?");

	if (err == 0 && l)
		l->name[0] = '\0';
	return err;
}

int link_set_alias(int ifindex, const char *alias)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("link %s alias %s", l->name, alias);

	if (err == 0)
		str_copy(l->info.alias, alias, sizeof(l->info.alias));
	return err;
}

int link_set_mtu(int ifindex, uint32_t mtu)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("link %s mtu %u", l->name, mtu);

	if (err == 0)
		l->info.mtu = mtu;
	return err;
}

int link_set_up(int ifindex, bool up)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("link %s %s", l->name, up ? "up" : "down");

	if (err == 0)
		l->info.admin_up = up;
	return err;
}

int link_addrs(int ifindex, struct tunnel_addr **out, size_t *n)
{
	const struct rig_link *l = by_index(ifindex);
	int err;

	err = rig_act("get addresses %s", l ? l->name : "?");
	*out = NULL;
	*n = 0;
	if (err < 0 || !l)
		return err ? err : -ENODEV;
	*out = xcalloc(RIG_ADDRS, sizeof(**out));
	memcpy(*out, l->addrs, sizeof(l->addrs));
	*n = l->n_addrs;
	return 0;
}

int link_add_addr(int ifindex, const struct tunnel_addr *a)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("link %s add %s/%u", l->name, ADDR_STR(&a->addr), a->len);

	if (err == 0)
		l->addrs[l->n_addrs++] = *a;
	return err;
}

int link_delete_addr(int ifindex, const struct tunnel_addr *a)
{
	struct rig_link *l = by_index(ifindex);
	int err = rig_act("link %s delete %s/%u", l->name, ADDR_STR(&a->addr), a->len);

	for (size_t i = 0; err == 0 && i < l->n_addrs; i++)
		if (memcmp(&l->addrs[i], a, sizeof(*a)) == 0)
			l->addrs[i] = l->addrs[--l->n_addrs];
	return err;
}

/* --- WireGuard: in the place of wg_kernel.c and wg_userspace.c --- */

static const char *key_name(const struct wg *wg, const uint8_t *key)
{
	static char name[2];

	if (memcmp(key, wg->graveyard, WG_KEY_BYTES) == 0)
		return "graveyard";
	if (!sodium_is_zero(key + 1, WG_KEY_BYTES - 1))
		return "?";
	name[0] = (char)key[0];
	return key[0] ? name : "none";
}

static struct rig_peer *find_peer(struct rig_link *l, const uint8_t *key)
{
	for (size_t i = 0; i < l->n_peers; i++)
		if (memcmp(l->peers[i].info.key, key, WG_KEY_BYTES) == 0)
			return &l->peers[i];
	return NULL;
}

static struct rig_peer *add_peer(struct rig_link *l, const uint8_t *key)
{
	struct rig_peer *p = find_peer(l, key);

	if (p)
		return p;
	assert_true(l->n_peers < RIG_PEERS);
	p = &l->peers[l->n_peers++];
	*p = (struct rig_peer){0};
	memcpy(p->info.key, key, WG_KEY_BYTES);
	return p;
}

static void take_entry(struct rig_link *l, const struct prefix *p)
{
	for (size_t i = 0; i < l->n_entries; i++)
		if (prefix_eq(&l->entries[i].prefix, p))
			l->entries[i] = l->entries[--l->n_entries];
}

static void put_entry(struct rig_link *l, const struct prefix *p, const struct rig_peer *peer)
{
	take_entry(l, p);
	assert_true(l->n_entries < RIG_ENTRIES);
	l->entries[l->n_entries++] = (struct wg_entry){*p, (uint32_t)(peer - l->peers)};
}

static void remove_peer(struct rig_link *l, struct rig_peer *p)
{
	uint32_t at = (uint32_t)(p - l->peers);

	for (size_t i = 0; i < l->n_entries;)
		if (l->entries[i].peer == at)
			l->entries[i] = l->entries[--l->n_entries];
		else
			i++;
	*p = l->peers[--l->n_peers];
	for (size_t i = 0; i < l->n_entries; i++)
		if (l->entries[i].peer == l->n_peers)
			l->entries[i].peer = at;
}

/* -ENODEV where the link is gone. LINE is said as `IFNAME LINE`. */
static int act(const struct wg *wg, struct rig_link **l, const char *line)
{
	*l = rig_link(wg->ifname);
	return *l ? rig_act("%s %s", wg->ifname, line) : -ENODEV;
}

static int dump_link(const struct wg *wg, struct wg_dump *dump)
{
	int err = rig_act("get wireguard %s", wg->ifname);
	struct rig_link *l = rig_link(wg->ifname);

	if (err < 0 || !l)
		return err ? err : -ENODEV;
	if (!sodium_is_zero(l->private_key, WG_KEY_BYTES))
		assert_int_equal(crypto_scalarmult_base(dump->public_key, l->private_key), 0);
	dump->listen_port = l->port;
	dump->fwmark = l->mark;
	for (size_t i = 0; i < l->n_peers; i++) {
		*wg_dump_add_peer(dump) = l->peers[i].info;
		for (size_t j = 0; j < l->n_entries; j++)
			if (l->entries[j].peer == i)
				wg_dump_add_entry(dump, &l->entries[j].prefix);
	}
	return 0;
}

static int on_get(struct wg *wg, struct wg_dump *dump)
{
	rig.reads++;
	loop_fake_pass(rig.read_us + rig.wait_us);
	rig.waited_us += rig.wait_us;
	return dump_link(wg, dump);
}

static bool port_taken(const struct wg *wg, uint16_t port)
{
	for (unsigned i = 0; port && i < RIG_LINKS; i++)
		if (rig.links[i].name[0] && rig.links[i].port == port &&
		    strcmp(rig.links[i].name, wg->ifname) != 0)
			return true;
	return false;
}

static int on_set_device(struct wg *wg, const struct wg_device_set *set)
{
	char line[128] = "set", *at = line + 3;
	struct rig_link *l;
	int err;

	if (set->private_key)
		at += sprintf(at, " key %s", key_name(wg, set->private_key));
	if (set->set_port)
		at += sprintf(at, " port %u", set->listen_port);
	if (set->set_fwmark)
		sprintf(at, " mark %u", set->fwmark);
	if (set->set_port && port_taken(wg, set->listen_port)) {
		rig_note("%s %s: the port is in use", wg->ifname, line);
		return -EADDRINUSE;
	}
	err = act(wg, &l, line);
	if (err < 0)
		return err;
	if (set->private_key)
		memcpy(l->private_key, set->private_key, WG_KEY_BYTES);
	l->port = set->set_port ? set->listen_port : l->port;
	l->mark = set->set_fwmark ? set->fwmark : l->mark;
	return 0;
}

static int on_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	char line[256], *at = line;
	struct rig_peer *p;
	struct rig_link *l;
	int err;

	at += sprintf(at, "%s %s", set->create ? "create" : "update", key_name(wg, set->key));
	if (set->psk)
		at += sprintf(at, " psk %s", key_name(wg, set->psk));
	if (set->endpoint.addr.family)
		at += sprintf(at, " at %s", ENDPOINT_STR(&set->endpoint));
	if (set->set_keepalive)
		sprintf(at, " keepalive %u", set->keepalive);
	err = act(wg, &l, line);
	if (err < 0)
		return err;
	p = set->create ? add_peer(l, set->key) : find_peer(l, set->key);
	if (!p)
		return 0;
	if (set->psk)
		p->info.has_psk = !sodium_is_zero(set->psk, WG_KEY_BYTES);
	if (set->endpoint.addr.family)
		p->info.endpoint = set->endpoint;
	if (set->set_keepalive)
		p->info.keepalive = set->keepalive;
	return 0;
}

static int on_remove_peer(struct wg *wg, const uint8_t *key)
{
	char line[64];
	struct rig_link *l;
	struct rig_peer *p;
	int err;

	sprintf(line, "remove %s", key_name(wg, key));
	err = act(wg, &l, line);
	p = err == 0 ? find_peer(l, key) : NULL;
	if (p)
		remove_peer(l, p);
	return err;
}

static int on_change(struct wg *wg, const struct wg_change *changes, size_t n, struct wr *request)
{
	struct rig_link *l;
	int err = 0;

	for (size_t i = 0; err == 0 && i < n; i++) {
		const struct wg_change *c = &changes[i];
		struct rig_peer *p;
		char line[128];

		sprintf(line, "%s %s %s", c->remove ? "-" : "+", key_name(wg, c->key),
			PREFIX_STR(&c->prefix));
		err = act(wg, &l, line);
		p = err == 0 ? find_peer(l, c->key) : NULL;
		if (p && !c->remove)
			put_entry(l, &c->prefix, p);
		for (size_t j = 0; p && c->remove && j < l->n_entries; j++)
			if (prefix_eq(&l->entries[j].prefix, &c->prefix) &&
			    (rig.has_graveyard || &l->peers[l->entries[j].peer] == p))
				take_entry(l, &c->prefix);
	}
	return err;
}

static void on_close(struct wg *wg)
{
	rig_act("%s close", wg->ifname);
	free(wg);
}

static void on_interrupt(struct wg *wg)
{
}

static const struct wg_backend kernel = {.name = "kernel",
					 .get = on_get,
					 .set_device = on_set_device,
					 .set_peer = on_set_peer,
					 .remove_peer = on_remove_peer,
					 .change = on_change,
					 .close = on_close},
			       userspace = {.name = "userspace",
					    .answers_when_down = true,
					    .get = on_get,
					    .set_device = on_set_device,
					    .set_peer = on_set_peer,
					    .remove_peer = on_remove_peer,
					    .change = on_change,
					    .interrupt = on_interrupt,
					    .close = on_close};

static int open_wg(const struct wg_backend *backend, const char *ifname, struct wg **out)
{
	int err = rig_act("%s open %s", ifname, backend->name);

	if (err < 0)
		return err;
	*out = xcalloc(1, sizeof(**out));
	wg_init(*out, backend, ifname);
	(*out)->single_removal = !rig.has_graveyard;
	return 0;
}

int wg_kernel_open(const char *ifname, struct wg **out)
{
	return open_wg(&kernel, ifname, out);
}

bool wg_kernel_present(void)
{
	return !rig.no_kernel;
}

int wg_userspace_open(const char *ifname, struct wg **out)
{
	return open_wg(&userspace, ifname, out);
}

struct rig_peer *rig_peer(const char *ifname, char key)
{
	uint8_t bytes[WG_KEY_BYTES] = {(uint8_t)key};

	return find_peer(rig_link(ifname), bytes);
}

struct rig_peer *rig_peer_add(const char *ifname, char key)
{
	uint8_t bytes[WG_KEY_BYTES] = {(uint8_t)key};

	return add_peer(rig_link(ifname), bytes);
}

void rig_peer_gone(const char *ifname, char key)
{
	remove_peer(rig_link(ifname), rig_peer(ifname, key));
}

void rig_entry(const char *ifname, char key, const char *prefix)
{
	struct prefix p;

	assert_int_equal(prefix_parse(prefix, &p), 0);
	if (key)
		put_entry(rig_link(ifname), &p, rig_peer(ifname, key));
	else
		take_entry(rig_link(ifname), &p);
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

static void tell_peer(const struct rig_link *l, size_t at)
{
	const struct wg_peer *p = &l->peers[at].info;
	static struct prefix list[RIG_ENTRIES];
	char text[4096] = "", *end = text;
	size_t n = 0;

	for (size_t i = 0; i < l->n_entries; i++)
		if (l->entries[i].peer == at)
			list[n++] = l->entries[i].prefix;
	qsort(list, n, sizeof(*list), by_prefix);
	for (size_t i = 0; i < n; i++)
		end += sprintf(end, " %s", PREFIX_STR(&list[i]));
	rig_note("%s has %c%s keepalive %u at %s:%s", l->name, p->key[1] ? '?' : p->key[0],
		 p->has_psk ? " psk" : "", p->keepalive,
		 p->endpoint.addr.family ? ENDPOINT_STR(&p->endpoint) : "-", text);
}

void rig_tell(const char *ifname)
{
	struct rig_link *l = rig_link(ifname);

	if (!l) {
		rig_note("%s is not there", ifname);
		return;
	}
	rig_note("%s has key %c port %u mark %u", ifname,
		 l->private_key[0] ? l->private_key[0] : '-', l->port, l->mark);
	for (size_t i = 0; i < l->n_peers; i++)
		tell_peer(l, i);
}

void rig_alive(const char *ifname, char key)
{
	rig_peer(ifname, key)->info.rx_bytes += 500;
}

void rig_handshake(const char *ifname, char key)
{
	struct wg_peer *p = &rig_peer(ifname, key)->info;

	p->handshake_sec = rig_wall_ms() / 1000;
	p->handshake_nsec = rig_wall_ms() % 1000 * 1000000;
	p->rx_bytes += 1000;
}

/* --- its thread: in the place of wg_thread.c --- */

_Thread_local bool wg_patient;

static TAILQ_HEAD(, wg_later) todo = TAILQ_HEAD_INITIALIZER(todo), done = TAILQ_HEAD_INITIALIZER(
									   done);
static void (*on_done)(void);

void wg_thread_open(void (*fn)(void))
{
	on_done = fn;
}

void wg_thread_close(void)
{
}

static void do_first(int err)
{
	struct wg_later *l = TAILQ_FIRST(&todo);

	TAILQ_REMOVE(&todo, l, link);
	l->err = err ? err : on_change(l->wg, l->changes, l->n, &l->request);
	TAILQ_INSERT_TAIL(&done, l, link);
}

static void do_all(void)
{
	while (!TAILQ_EMPTY(&todo))
		do_first(0);
}

void wg_thread_end(struct wg *wg)
{
	do_all();
}

void wg_change_later(struct wg *wg, struct wg_later *l)
{
	rig_act("%s later %zu", wg->ifname, l->n);
	l->wg = wg;
	wg->writes++;
	TAILQ_INSERT_TAIL(&todo, l, link);
	if (rig.threaded)
		return;
	do_all();
	on_done();
}

struct wg_later *wg_take_done(void)
{
	struct wg_later *l = TAILQ_FIRST(&done);

	if (l)
		TAILQ_REMOVE(&done, l, link);
	return l;
}

bool wg_is_idle(struct wg *wg)
{
	return rig.idle;
}

bool wg_wait(struct wg *wg)
{
	const struct wg_later *l;

	if (!rig.busy)
		do_all();
	TAILQ_FOREACH (l, &todo, link)
		if (l->wg == wg)
			return false;
	return true;
}

void wg_interrupt(struct wg *wg)
{
	while (!TAILQ_EMPTY(&todo))
		do_first(-ENODEV);
}

/* --- in the place of wg_reader.c: one reading at a time --- */

static struct timer looking;
static const struct wg *looked_at;
static unsigned looking_ms;
static struct wg_look seen;
static void (*on_looked)(void);

void wg_reader_open(void (*fn)(void))
{
	on_looked = fn;
	looked_at = NULL;
}

void wg_reader_close(void)
{
}

void wg_reader_end(struct wg_reader **r)
{
	timer_stop(&looking);
	if (looked_at)
		wg_dump_free(&seen.dump);
	looked_at = NULL;
	*r = NULL;
}

static void look_is_done(void *arg)
{
	rig.waited_us += rig.wait_us + (rig.reads_aside ? rig.read_us : 0);
	on_looked();
}

int wg_reader_ask(struct wg_reader **r, const struct wg *wg, bool with_entries)
{
	if (looked_at)
		return -EBUSY;
	rig.reads++;
	looked_at = wg;
	*r = (void *)&looked_at;
	seen = (struct wg_look){.dump.with_entries = with_entries};
	seen.err = dump_link(wg, &seen.dump);
	timer_init(&looking, look_is_done, NULL);
	looking_ms = (rig.read_us + rig.wait_us) / 1000;
	timer_start(&looking, looking_ms);
	return 0;
}

bool wg_reader_take(struct wg_reader *r, struct wg_look *look)
{
	if (!r || !looked_at || timer_running(&looking))
		return false;
	*look = seen;
	look->dump.begun_us = now_us() - looking_ms * 1000;
	look->work_us = rig.reads_aside ? rig.read_us : 0;
	looked_at = NULL;
	return true;
}

void rig_thread(int err)
{
	do_first(err);
	on_done();
}

/* --- userspace.c --- */

int userspace_start(const char *program, const char *rundir, const char *ifname)
{
	int err = rig_act("start %s for %s", program, ifname);

	if (err == 0 && !rig.program_slow)
		rig_link_add(ifname, "tun", "");
	return err;
}

bool userspace_present(const char *program)
{
	return !rig.program_missing;
}

bool userspace_runs(const char *program, const char *rundir, const char *ifname)
{
	return rig.program_stays;
}

bool userspace_ended(const char *rundir, const char *ifname)
{
	return rig.program_ends;
}

void userspace_stop(const char *program, const char *rundir, const char *ifname)
{
	rig_act("stop %s for %s", program, ifname);
}

/* --- probe.c and icmp.c --- */

void probe_init(struct probe *p)
{
}

void probe_close(struct probe *p)
{
}

int probe_send(struct probe *p, const char *ifname, const struct addr *to)
{
	return rig_act("probe %s %s", ifname, ADDR_STR(to));
}

void icmp_init(struct icmp *i, icmp_fn fn, void *arg)
{
	*i = (struct icmp){.fn = fn, .arg = arg};
}

void icmp_close(struct icmp *i)
{
}

int icmp_send(struct icmp *i, const char *ifname, const struct addr *to, uint32_t id, uint16_t seq,
	      unsigned size)
{
	char line[64] = "";
	int err;

	if (size)
		sprintf(line, " size %u", size);
	err = rig_act("echo %s %s peer %u%s", ifname, ADDR_STR(to), id, line);
	rig.echo_seq = err ? rig.echo_seq : seq;
	return err;
}

void icmp_drain(struct icmp *i)
{
	rig.drains++;
}

int icmp_socket(int family, const uint8_t *types, size_t n)
{
	return -EPERM;
}

void icmp_socket_close(int *fd, struct watch *w)
{
}

void rig_echo(const char *ifname, const char *from, uint32_t id, uint16_t seq)
{
	struct device *dev = device_find(ifname);
	struct icmp_answer a = {.id = id, .seq = seq, .at = now_us()};

	assert_int_equal(addr_parse(from, &a.from), 0);
	dev->icmp.fn(dev->icmp.arg, &a);
}

void rig_unreachable(const char *from, const char *to)
{
	struct icmp_error m = {.type = 3, .code = 1};

	assert_int_equal(endpoint_parse(from, &m.from), 0);
	assert_int_equal(endpoint_parse(to, &m.to), 0);
	peer_errors_heard(&m);
}

/* --- resolve.c --- */

static struct question {
	uint32_t id;
	unsigned slot;
	char host[64];
} questions[16];
static resolve_fn resolved;

void resolve_open(resolve_fn fn)
{
	resolved = fn;
}

void resolve_close(void)
{
}

void resolve_start(uint32_t id, unsigned slot, const char *host)
{
	unsigned i = 0;

	rig_act("resolve %s for %u at %u", host, id, slot);
	while (questions[i].id)
		i++;
	questions[i].id = id;
	questions[i].slot = slot;
	str_copy(questions[i].host, host, sizeof(questions[i].host));
}

void resolve_cancel(uint32_t id)
{
	for (unsigned i = 0; i < ARRAY_SIZE(questions); i++)
		if (questions[i].id == id)
			questions[i].id = 0;
}

void rig_resolved(const char *host, const char *addrs, uint32_t ttl)
{
	struct resolved r = {.ttl = ttl, .error = *addrs ? NULL : "no such name"};
	char word[64];
	int n;

	for (; sscanf(addrs, " %63s%n", word, &n) == 1; addrs += n)
		assert_int_equal(addr_parse(word, &r.addr[r.n++]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(questions); i++) {
		struct question q = questions[i];

		if (!q.id || strcmp(q.host, host) != 0)
			continue;
		questions[i].id = 0;
		resolved(q.id, q.slot, host, &r);
	}
}

/* --- rtnetlink's lookups, for underlay.c --- */

static uint32_t looked_up;
static unsigned answered; /* times since then */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	return (struct mnl_socket *)&looked_up;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	return 0;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return 0;
}

static int on_mark(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == RTA_MARK)
		rig.route_mark = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	const struct nlmsghdr *nlh = req;

	looked_up = nlh->nlmsg_seq;
	answered = 0;
	rig.lookups++;
	rig.route_mark = 0;
	mnl_attr_parse(nlh, sizeof(struct rtmsg), on_mark, NULL);
	errno = -rig.route_error;
	return rig.route_fault == RIG_UNSENT ? -1 : (ssize_t)size;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	bool late = rig.route_fault == RIG_LATE && answered == 0;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *error;
	struct rtmsg *rtm;

	errno = -rig.route_error;
	if (rig.route_fault == RIG_UNREAD || rig.route_fault == RIG_EMPTY)
		return rig.route_fault == RIG_EMPTY ? 0 : -1;
	if (answered++ > (rig.route_fault == RIG_LATE)) {
		errno = EAGAIN; /* nothing will ever come */
		return -1;
	}
	nlh->nlmsg_seq = looked_up - late;
	if (rig.route_error && !late) {
		nlh->nlmsg_type = NLMSG_ERROR;
		error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));
		error->error = rig.route_error;
		return nlh->nlmsg_len;
	}
	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_dst_len = rig.route_len;
	rtm->rtm_type = rig.route_type ? rig.route_type : RTN_UNICAST;
	if (rig.route_oif)
		mnl_attr_put_u32(nlh, RTA_OIF, rig.route_oif);
	return nlh->nlmsg_len;
}

/* --- libnftables, for cut.c --- */

struct nft_ctx *nft_ctx_new(uint32_t flags)
{
	return (struct nft_ctx *)&looked_up;
}

void nft_ctx_free(struct nft_ctx *ctx)
{
}

int nft_ctx_buffer_output(struct nft_ctx *ctx)
{
	return 0;
}

int nft_ctx_buffer_error(struct nft_ctx *ctx)
{
	return 0;
}

const char *nft_ctx_get_error_buffer(struct nft_ctx *ctx)
{
	return "Error: played\nsecond line";
}

int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *buf)
{
	const char *element = strstr(buf, "add element");
	bool table = strstr(buf, "add chain") != NULL;
	char line[256] = "delete";

	if (element)
		str_copy(line, element, sizeof(line));
	line[strcspn(line, "\n")] = '\0';
	return rig_act("nft %s%s", table ? "table and " : "", line);
}
