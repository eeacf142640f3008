/* SPDX-License-Identifier: BSD-2-Clause */
#include "spared.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "change_journal.h"
#include "commit.h"
#include "conf.h"
#include "conf_leaves.h"
#include "conf_nets.h"
#include "datastore.h"
#include "log.h"
#include "loop.h"
#include "needed.h"
#include "new_file.h"
#include "retry.h"
#include "state.h"
#include "util.h"

#define LOOK_MS 10000
#define AGAIN_MS 500

static struct addr list[SPARED_MAX]; /* the one that was needed last is first */
static unsigned n;
static bool told;	 /* to the zebra-lite that runs, which knows of none at first */
static unsigned refused; /* in a row, by it */
static struct timer timer;
static char *path;
static bool failed; /* to write; said */

/* ---- what a configuration says */

static bool leads_in(const json_t *config, const char *name)
{
	const json_t *interface;
	size_t i;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		if (str_eq(conf_str(interface, "name", ""), name))
			return true;
	return false;
}

/* The entries of each `permit` inside which packets are kept in. */
struct entry {
	const char *interface, *peer, *permit; /* of the configuration */
	struct prefix prefix;
	bool from_the_start; /* by `keep-in permit` */
};
struct entries {
	struct entry *v;
	size_t n, cap;
};

static void add_peer(struct entries *to, const json_t *interface, const json_t *peer,
		     enum conf_keep_in mode)
{
	const json_t *text;
	struct conf_peer leaves;
	size_t i;

	conf_leaves_read(conf_peer_leaves, peer, &leaves);
	mode = leaves.has_keep_in ? leaves.keep_in : mode;
	if (mode == KEEP_IN_OFF)
		return;
	json_array_foreach (conf_list(peer, "permit"), i, text) {
		struct entry one = {.interface = conf_str(interface, "name", ""),
				    .peer = conf_str(peer, "name", ""),
				    .permit = json_string_value(text),
				    .from_the_start = mode == KEEP_IN_PERMIT};

		if (!one.permit || prefix_parse(one.permit, &one.prefix) < 0)
			continue;
		to->v = xgrow(to->v, to->n, &to->cap, sizeof(*to->v));
		to->v[to->n++] = one;
	}
}

/* V is the caller's, who frees it. */
static struct entries entries_of(const json_t *config)
{
	const json_t *interface, *peer;
	struct entries out = {0};
	struct conf_rib rib;
	size_t i, k;

	conf_leaves_read(conf_rib_leaves, conf_get(config, "rib"), &rib);
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		if (!str_eq(conf_str(interface, "plane", "main"), "main"))
			continue; /* the machine's own packets are in the main one */
		json_array_foreach (conf_list(interface, "peer"), k, peer)
			add_peer(&out, interface, peer, rib.keep_in);
	}
	return out;
}

/* The longest entry around A; NULL: there is none. */
static const struct entry *covers(const struct entries *entries, const struct addr *a)
{
	const struct entry *longest = NULL;

	for (size_t i = 0; i < entries->n; i++)
		if (prefix_has_addr(&entries->v[i].prefix, a) &&
		    (!longest || entries->v[i].prefix.len > longest->prefix.len ||
		     (entries->v[i].prefix.len == longest->prefix.len &&
		      entries->v[i].from_the_start)))
			longest = &entries->v[i];
	return longest;
}

/* What is near needs nothing: the network's route is longer than any entry, or has its place. */
static bool is_near(const struct nets *nets, const struct addr *a)
{
	for (size_t i = 0; i < nets->n; i++)
		if (nets->v[i].prefix.len < family_bits(a->family) &&
		    prefix_has_addr(&nets->v[i].prefix, a))
			return true;
	return false;
}

/* What is needed now, and what it is judged by. */
struct look {
	const json_t *config;
	struct entries entries; /* of it */
	struct nets nets;	/* of the machine */
	struct needed needed[NEEDED_MAX];
	unsigned n, n_spared; /* the first ones are to be spared, the others resolvers by tunnels */
};

/* It is a tunnel of the configuration, or of the one that runs. */
static bool is_ours(const json_t *config, const char *interface)
{
	const struct datastore_version *running = datastore_running();

	return leads_in(config, interface) || (running && leads_in(running->json, interface));
}

/* Only a default route is around it; with a private address it is of the far network. */
static bool is_public_resolver(const struct entries *entries, const struct needed *needed)
{
	const struct entry *by = covers(entries, &needed->addr);

	if (addr_is_private(&needed->addr))
		return false;
	return needed->resolver && by && !by->prefix.len && by->from_the_start;
}

/* A session with a tunnel's own address came by that tunnel, wherever the way leads now. */
static bool came_in_the_clear(const struct look *l, const struct needed *needed)
{
	return needed->interface[0] && !is_ours(l->config, needed->interface) &&
	       !is_ours(l->config, needed->local);
}

static bool is_to_be_spared(const struct look *l, const struct needed *needed)
{
	return !is_near(&l->nets, &needed->addr) && covers(&l->entries, &needed->addr) &&
	       (came_in_the_clear(l, needed) || is_public_resolver(&l->entries, needed));
}

static bool matters(void *arg, const struct needed *needed)
{
	const struct look *l = arg;

	return is_to_be_spared(l, needed) ||
	       (needed->resolver && leads_in(l->config, needed->interface));
}

static void look_begin(struct look *l, const json_t *config)
{
	*l = (struct look){.config = config, .entries = entries_of(config)};
	conf_nets_add_machines(&l->nets);
	l->n = needed_read(l->needed, matters, l);
	for (unsigned i = 0; i < l->n; i++) {
		struct needed one = l->needed[i];

		if (!is_to_be_spared(l, &one))
			continue;
		l->needed[i] = l->needed[l->n_spared];
		l->needed[l->n_spared++] = one;
	}
}

static void look_end(struct look *l)
{
	free(l->entries.v);
	free(l->nets.v);
}

void spared_warn(const json_t *config, struct conf_errors *errs)
{
	struct look l;

	look_begin(&l, config);
	for (unsigned i = 0; i < l.n_spared; i++) {
		const struct needed *one = &l.needed[i];
		const struct entry *by = covers(&l.entries, &one->addr);

		if (!by->prefix.len && !by->from_the_start)
			continue;
		conf_warning(errs, NULL,
			     "wireguard interface %s peer %s permit: %s covers %s, %s by "
			     "%s: it is reached in the clear while no tunnel has a route there",
			     by->interface, by->peer, by->permit, ADDR_STR(&one->addr),
			     one->resolver ? "a name server" : "who has an SSH session here",
			     one->interface[0] ? one->interface : "no interface");
	}
	look_end(&l);
}

/* ---- the file */

static int write_list(void)
{
	struct new_file to;
	FILE *file = new_file_begin(&to, path);

	if (!file)
		return -errno;
	for (unsigned i = 0; i < n; i++)
		fprintf(file, "%s\n", ADDR_STR(&list[i]));
	return new_file_end(&to, file, true);
}

static void write_down(void)
{
	int err = write_list();

	if (err < 0 && !failed)
		log_warn("keep-in-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	failed = err < 0;
}

static void read_list(void)
{
	FILE *file = fopen(path, "re");
	char line[ADDR_STRLEN + 1];

	for (n = 0; file && n < SPARED_MAX && fgets(line, sizeof(line), file);) {
		line[strcspn(line, "\n")] = '\0';
		if (addr_parse(line, &list[n]) == 0)
			n++;
	}
	if (file)
		fclose(file);
}

/* ---- zebra-lite */

static void on_spared(void *arg, const json_t *answer, const char *error)
{
	if (!error) {
		refused = 0;
		return;
	}
	told = false;
	if (path)
		timer_start(&timer, retry_delay_ms(AGAIN_MS, refused++, LOOK_MS));
}

static void tell_list(void)
{
	json_t *addresses = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(addresses, json_string(ADDR_STR(&list[i])));
	told = true;
	ask_daemon(DAEMON_ZEBRA,
		   json_pack("{s:s, s:o}", "command", "spare-in-keep-in", "addresses", addresses),
		   on_spared, NULL);
}

/* ---- the list */

/* Where it is in the list; N: nowhere. */
static unsigned position(const struct addr *a)
{
	unsigned at = 0;

	while (at < n && !addr_eq(&list[at], a))
		at++;
	return at;
}

/* A, which was at AT. */
static void put_first(struct addr a, unsigned at)
{
	memmove(list + 1, list, at * sizeof(list[0]));
	list[0] = a;
}

/* Anybody can begin a session, and nothing but a default route is around him. */
static bool may_be_anybody(const struct entries *entries, const struct addr *a)
{
	const struct entry *by = covers(entries, a);

	return by && !by->prefix.len;
}

/* For A; false: there is none. The first NOW of the list are needed now: of them only such a one
 * goes, for somebody better known. */
static bool make_room(const struct entries *entries, const struct addr *a, unsigned *now)
{
	bool anybody = may_be_anybody(entries, a);
	unsigned first = anybody ? *now : 0, end = n;

	if (n < SPARED_MAX)
		return true;
	while (end > first && !may_be_anybody(entries, &list[end - 1]))
		end--;
	if (end == first) {
		if (anybody || n == *now)
			return false;
		end = n;
	}
	memmove(list + end - 1, list + end, (n - end) * sizeof(list[0]));
	n--;
	if (end <= *now)
		--*now;
	return true;
}

/* Until its first route a tunnel's name server is like any other: none is kept that a tunnel leads
 * to. Whoever has a session may have come in the clear, and stays. */
static bool is_resolver_by_tunnel(const struct look *l, const struct addr *a)
{
	for (unsigned i = l->n_spared; i < l->n; i++)
		if (addr_eq(&l->needed[i].addr, a))
			return true;
	return false;
}

/* SETTLED: of what no `permit` covers any more none is kept either. */
static bool drop_some(const struct look *l, bool settled)
{
	unsigned kept = 0, before = n;

	for (unsigned i = 0; i < n; i++)
		if (!is_resolver_by_tunnel(l, &list[i]) &&
		    (!settled || covers(&l->entries, &list[i])))
			list[kept++] = list[i];
	n = kept;
	return n != before;
}

/* Those that are needed now and in the list become its first ones: how many. */
static unsigned refresh(const struct look *l)
{
	unsigned now = 0;

	for (unsigned i = l->n_spared; i-- > 0;) {
		unsigned at = position(&l->needed[i].addr);

		if (at == n)
			continue;
		put_first(list[at], at);
		now++;
	}
	return now;
}

static bool add_needed(const struct look *l)
{
	unsigned now = refresh(l);
	bool more = false;

	for (unsigned i = l->n_spared; i-- > 0;) {
		const struct needed *one = &l->needed[i];

		if (position(&one->addr) < n || !make_room(&l->entries, &one->addr, &now))
			continue;
		put_first(one->addr, n++);
		now++;
		more = true;
		log_info("keep-in-spared", "remote=%s interface=%s why=\"%s\"",
			 ADDR_STR(&one->addr), one->interface[0] ? one->interface : "none",
			 one->resolver ? "a name server" : "it has an SSH session here");
	}
	return more;
}

void spared_look(const json_t *config)
{
	struct look l;

	if (!path)
		return;
	look_begin(&l, config);
	if (add_needed(&l)) {
		write_down();
		tell_list();
	}
	look_end(&l);
}

/* What runs is there to stay: nothing is being applied, or may be taken back. */
static bool is_settled(void)
{
	return !commit_busy() && !change_journal.pending.number;
}

static void look_again(const json_t *config)
{
	bool fewer, more;
	struct look l;

	look_begin(&l, config);
	fewer = drop_some(&l, is_settled());
	more = add_needed(&l);
	look_end(&l);
	if (fewer || more) {
		told = false;
		write_down();
	}
}

static void spared_due(void *arg)
{
	const struct datastore_version *running = datastore_running();

	timer_start(&timer, LOOK_MS);
	if (running)
		look_again(running->json);
	if (!told)
		tell_list();
}

void spared_open(const json_t *config)
{
	struct look l;

	path = state_path("spared");
	read_list();
	timer_init(&timer, spared_due, NULL);
	look_begin(&l, config);
	if (add_needed(&l))
		write_down();
	look_end(&l);
	told = !n;
	timer_start(&timer, AGAIN_MS);
}

void spared_daemon_changed(enum daemon_id id)
{
	if (id != DAEMON_ZEBRA || !path)
		return;
	told = !n;
	refused = 0;
	timer_start(&timer, AGAIN_MS);
}

void spared_close(void)
{
	timer_stop(&timer);
	free(path);
	path = NULL;
	n = refused = 0;
	told = failed = false;
}
