/* SPDX-License-Identifier: BSD-2-Clause */
#include "orphans.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "link.h"
#include "log.h"
#include "userspace.h"
#include "util.h"
#include "wg.h"

struct context {
	const char *rundir, *program;
	bool (*keep)(const char *ifname);
};

static void remove_own(void *arg, const char *ifname, int ifindex)
{
	const struct context *c = arg;

	if (c->keep(ifname))
		return;
	log_info("interface-removed", "interface=%s why=\"no longer configured\"", ifname);
	link_delete(ifindex);
	userspace_stop(c->program, c->rundir, ifname);
}

/* An adopted interface that is being cleaned. */
struct adopted {
	struct wg *wg;
	struct ledger *ledger;
	struct wg_dump dump;
	struct wg_change *changes;
	size_t n_changes;
	int ifindex;
};

static void remove_peer(void *arg, const char *text)
{
	struct adopted *a = arg;
	uint8_t key[WG_KEY_BYTES];

	if (wg_key_parse(text, key) == 0)
		wg_remove_peer(a->wg, key);
}

static void remove_addr(void *arg, const char *text)
{
	struct adopted *a = arg;
	struct tunnel_addr addr;

	if (addr_parse_with_len(text, &addr.addr, &addr.len) == 0)
		link_delete_addr(a->ifindex, &addr);
}

/* Entries of the ledger go from wherever they are: an entry of ours that was moved is still ours.
 */
static void collect_entries(struct adopted *a)
{
	a->changes = xcalloc(a->dump.n_entries, sizeof(*a->changes));
	for (size_t i = 0; i < a->dump.n_entries; i++) {
		const struct wg_entry *e = &a->dump.entries[i];

		if (ledger_has_entry(a->ledger, &e->prefix))
			a->changes[a->n_changes++] =
				(struct wg_change){true, a->dump.peers[e->peer].key, e->prefix};
	}
}

/* 0 or -errno. */
static int clean(struct adopted *a)
{
	int err = wg_get(a->wg, true, &a->dump);

	if (err < 0)
		return err;
	collect_entries(a);
	wg_change(a->wg, a->changes, a->n_changes);
	ledger_each(a->ledger, "peer", remove_peer, a);
	ledger_each(a->ledger, "address", remove_addr, a);
	free(a->changes);
	wg_dump_free(&a->dump);
	return 0;
}

/* A ledger goes with what it tells of: with the interface, or when that was cleaned. */
static void remove_adopted(const struct context *c, const char *ifname)
{
	struct adopted a = {0};
	struct link_info info = {0};
	bool fresh;
	int err = link_get(ifname, &info);

	if (err < 0 && err != -ENODEV)
		return;
	a.ledger = ledger_open(c->rundir, ifname, info.ifindex, &fresh);
	if (err == 0 && a.ledger && !fresh) {
		a.ifindex = info.ifindex;
		err = str_eq(info.kind, "wireguard") ? wg_kernel_open(ifname, &a.wg)
						     : wg_userspace_open(ifname, &a.wg);
		if (err == 0)
			err = clean(&a);
		wg_close(a.wg);
		if (err == 0)
			log_info("interface-released", "interface=%s why=\"no longer configured\"",
				 ifname);
		else
			log_warn("interface-not-released", "interface=%s error=\"%s\"", ifname,
				 strerror(-err));
	}
	if (err < 0 && err != -ENODEV)
		ledger_close(a.ledger);
	else
		ledger_delete(a.ledger);
}

/* The interface whose ledger NAME is; NULL: it is none. */
static const char *ledger_of(const char *name)
{
	const char *ifname = name + strlen("ledger-");

	if (strncmp(name, "ledger-", strlen("ledger-")) != 0 || strlen(ifname) >= IF_NAMESIZE ||
	    strstr(ifname, ".new"))
		return NULL;
	return ifname;
}

static void orphans_note(void *arg, const char *ifname, int ifindex)
{
	str_copy(arg, ifname, IF_NAMESIZE);
}

bool orphans_find(const char *rundir, char name[IF_NAMESIZE])
{
	DIR *dir = opendir(rundir);
	struct link_info info;
	struct dirent *d;

	name[0] = '\0';
	link_each_ours(orphans_note, name);
	while (!name[0] && dir && (d = readdir(dir))) {
		const char *ifname = ledger_of(d->d_name);

		if (ifname && link_get(ifname, &info) == 0)
			str_copy(name, ifname, IF_NAMESIZE);
	}
	if (dir)
		closedir(dir);
	return name[0];
}

void orphans_remove(const char *rundir, const char *program, bool (*keep)(const char *ifname))
{
	struct context c = {rundir, program, keep};
	DIR *dir = opendir(rundir);
	struct dirent *d;

	link_each_ours(remove_own, &c);
	while (dir && (d = readdir(dir))) {
		const char *ifname = ledger_of(d->d_name);

		if (ifname && !keep(ifname))
			remove_adopted(&c, ifname);
	}
	if (dir)
		closedir(dir);
}
