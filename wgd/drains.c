/* SPDX-License-Identifier: BSD-2-Clause */
#include "drains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "messages.h"
#include "new_file.h"
#include "util.h"

#define LINE_BYTES 128

struct drained {
	LIST_ENTRY(drained) link;
	char ifname[16];
	char peer[MSG_NAME_MAX];
};

static LIST_HEAD(, drained) list = LIST_HEAD_INITIALIZER(list);
static char *path;

static struct drained *drains_find(const char *ifname, const char *peer)
{
	struct drained *d;

	LIST_FOREACH (d, &list, link)
		if (str_eq(d->ifname, ifname) && str_eq(d->peer, peer))
			return d;
	return NULL;
}

bool drains_has(const char *ifname, const char *peer)
{
	return drains_find(ifname, peer) != NULL;
}

static void drains_put(const char *ifname, const char *peer)
{
	struct drained *d = xcalloc(1, sizeof(*d));

	str_copy(d->ifname, ifname, sizeof(d->ifname));
	str_copy(d->peer, peer, sizeof(d->peer));
	LIST_INSERT_HEAD(&list, d, link);
}

static void drains_drop(struct drained *d)
{
	LIST_REMOVE(d, link);
	free(d);
}

void drains_set(const char *ifname, const char *peer, bool on)
{
	struct drained *d = drains_find(ifname, peer);

	if (on && !d)
		drains_put(ifname, peer);
	else if (!on && d)
		drains_drop(d);
}

const char *drains_path(void)
{
	return path;
}

int drains_write(void)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);
	struct drained *d;

	if (!file)
		return -errno;
	LIST_FOREACH (d, &list, link)
		fprintf(file, "%s %s\n", d->ifname, d->peer);
	return new_file_end(&n, file, false);
}

void drains_open(const char *rundir)
{
	char line[LINE_BYTES], ifname[16], peer[MSG_NAME_MAX];
	FILE *file;

	path = xasprintf("%s/drained", rundir);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%15s %64s", ifname, peer) == 2 && !drains_find(ifname, peer))
			drains_put(ifname, peer);
	fclose(file);
}

void drains_close(void)
{
	while (!LIST_EMPTY(&list))
		drains_drop(LIST_FIRST(&list));
	free(path);
	path = NULL;
}
