/* SPDX-License-Identifier: BSD-2-Clause */
#include "drain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "daemon.h"
#include "report.h"
#include "roster.h"
#include "util.h"

#define LINE_BYTES 128

struct drained {
	LIST_ENTRY(drained) link;
	char ifname[16];
	char peer[MSG_NAME_MAX];
};

static LIST_HEAD(, drained) list = LIST_HEAD_INITIALIZER(list);
static char *path;

static struct drained *find(const char *ifname, const char *peer)
{
	struct drained *d;

	LIST_FOREACH (d, &list, link)
		if (str_eq(d->ifname, ifname) && str_eq(d->peer, peer))
			return d;
	return NULL;
}

bool drain_has(const char *ifname, const char *peer)
{
	return find(ifname, peer) != NULL;
}

static void put(const char *ifname, const char *peer)
{
	struct drained *d = xcalloc(1, sizeof(*d));

	str_copy(d->ifname, ifname, sizeof(d->ifname));
	str_copy(d->peer, peer, sizeof(d->peer));
	LIST_INSERT_HEAD(&list, d, link);
}

static void drop(struct drained *d)
{
	LIST_REMOVE(d, link);
	free(d);
}

/* A new file takes the old one's place. */
static int write_file(void)
{
	char *tmp = xasprintf("%s.new", path);
	FILE *file = fopen(tmp, "we");
	int err = file ? 0 : -errno;
	struct drained *d;

	if (file) {
		LIST_FOREACH (d, &list, link)
			fprintf(file, "%s %s\n", d->ifname, d->peer);
		if (fclose(file) != 0 || rename(tmp, path) < 0)
			err = -errno;
	}
	free(tmp);
	return err;
}

void drain_open(const char *rundir)
{
	char line[LINE_BYTES], ifname[16], peer[MSG_NAME_MAX];
	FILE *file;

	path = xasprintf("%s/drained", rundir);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%15s %63s", ifname, peer) == 2 && !find(ifname, peer))
			put(ifname, peer);
	fclose(file);
}

void drain_close(void)
{
	while (!LIST_EMPTY(&list))
		drop(LIST_FIRST(&list));
	free(path);
	path = NULL;
}

/* ---- requests */

static void set(struct peer *p, bool on)
{
	struct drained *d = find(p->dev->name, p->name);
	json_t *event;

	if (on == p->drained)
		return;
	if (on && !d)
		put(p->dev->name, p->name);
	else if (!on && d)
		drop(d);
	p->drained = on;
	log_info(on ? "drain" : "undrain", "peer=%s interface=%s", p->name, p->dev->name);
	event = json_pack("{s:s, s:s, s:s}", "event", on ? "drain" : "undrain", "interface",
			  p->dev->name, "peer", p->name);
	if (event)
		daemon_event(event);
	if (p->announced)
		report_peer(p);
}

static bool named(const struct peer *p, const char *ifname, const char *name)
{
	return p->conf && (!ifname || str_eq(ifname, p->dev->name)) &&
	       (!name || str_eq(name, p->name));
}

static unsigned count(const char *ifname, const char *name)
{
	const struct device *dev;
	const struct peer *p;
	unsigned n = 0;

	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			n += named(p, ifname, name);
	return n;
}

static void set_named(struct show *s, const char *ifname, const char *name, bool on)
{
	const struct device *dev;
	struct peer *p;

	show_head(s, json_object(), "peers");
	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			if (named(p, ifname, name)) {
				set(p, on);
				show_row(s, json_pack("{s:s, s:s}", "interface", dev->name, "peer",
						      p->name));
			}
}

static void run(struct show *s, bool on)
{
	const char *ifname = json_string_value(json_object_get(s->args, "interface"));
	const char *name = json_string_value(json_object_get(s->args, "peer"));
	bool all = json_is_true(json_object_get(s->args, "all"));
	unsigned n = count(ifname, name);
	char error[128];
	int err;

	if (!ifname && !name && !all) {
		show_end(s, "expected a peer or an interface");
		return;
	}
	if (n == 0 || (n > 1 && name)) {
		show_end(s, n ? "several interfaces have a peer of this name: name one"
			      : "no such tunnel peer");
		return;
	}
	set_named(s, ifname, name, on);
	err = write_file();
	snprintf(error, sizeof(error), "it is done, but will not outlive wgd: %s: %s", path,
		 strerror(-err));
	show_end(s, err < 0 ? error : NULL);
}

void drain_request(struct show *s)
{
	run(s, true);
}

void undrain_request(struct show *s)
{
	run(s, false);
}
