/* SPDX-License-Identifier: BSD-2-Clause */
#include "shortage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "conf.h"
#include "conf_leaves.h"
#include "datastore.h"
#include "key_ages.h"
#include "log.h"
#include "loop.h"
#include "state.h"
#include "util.h"

#define LOOK_MS 60000
#define FIRST_MS 5000 /* behind the start */
#define ENOUGH 2      /* times the limit */
#define DAY_S 86400

static struct timer timer;
static char *disk; /* a file on it, in STATEDIR */
static bool disk_short, memory_short;
static json_t *old_keys; /* files that were said */

/* MiB that root alone may not have; -1: not known. */
static int64_t disk_free(void)
{
	struct statvfs fs;

	if (!disk || statvfs(disk, &fs) < 0)
		return -1;
	return (int64_t)((uint64_t)fs.f_bavail * fs.f_frsize >> 20);
}

static int64_t memory_free(void)
{
	FILE *in = fopen("/proc/meminfo", "re");
	long long kib = -1;
	char line[128];

	while (in && kib < 0 && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemAvailable: %lld kB", &kib) != 1)
			kib = -1;
	if (in)
		fclose(in);
	return kib < 0 ? -1 : kib / 1024;
}

/* True: IS_SHORT changed. */
static bool shortage_judge(int64_t is, uint32_t limit, bool *is_short)
{
	bool before = *is_short;

	if (is < 0)
		return false;
	*is_short = before ? is < (int64_t)limit * ENOUGH : is < (int64_t)limit;
	return *is_short != before;
}

static void look_at_disk(uint32_t limit)
{
	int64_t mib = disk_free();

	if (!shortage_judge(mib, limit, &disk_short))
		return;
	if (disk_short)
		log_warn("disk-short", "free-mib=%lld file=%s", (long long)mib, disk);
	else
		log_info("disk-enough", "free-mib=%lld file=%s", (long long)mib, disk);
}

static void look_at_memory(uint32_t limit)
{
	int64_t mib = memory_free();

	if (!shortage_judge(mib, limit, &memory_short))
		return;
	if (memory_short)
		log_warn("memory-short", "free-mib=%lld", (long long)mib);
	else
		log_info("memory-enough", "free-mib=%lld", (long long)mib);
}

static void look_at_key(const json_t *interface, uint32_t limit)
{
	const char *file = conf_str(interface, "private-key-file", NULL);
	int64_t age = file ? key_age(file) : -1;
	long long days = age / DAY_S;

	if (age < 0)
		return;
	if (!limit || days < limit) {
		json_object_del(old_keys, file);
		return;
	}
	if (json_object_get(old_keys, file))
		return;
	json_object_set_new(old_keys, file, json_true());
	log_warn("key-old", "interface=%s days=%lld file=%s", conf_str(interface, "name", ""), days,
		 file);
}

void shortage_look(void)
{
	const struct datastore_version *v = datastore_running();
	struct conf_warn limits;
	json_t *interface;
	size_t i;

	if (!v)
		return;
	conf_leaves_read(conf_warn_leaves, conf_get(conf_get(v->json, "system"), "warn"), &limits);
	look_at_disk(limits.disk);
	look_at_memory(limits.memory);
	json_array_foreach (conf_list(conf_get(v->json, "wireguard"), "interface"), i, interface)
		look_at_key(interface, limits.key_age);
}

static void on_time(void *arg)
{
	shortage_look();
	timer_start(&timer, LOOK_MS);
}

void shortage_open(void)
{
	char *path = state_path("commits");

	disk = path ? xstrdup(dirname(path)) : NULL;
	free(path);
	disk_short = memory_short = false;
	old_keys = json_object();
	ensure(old_keys);
	timer_init(&timer, on_time, NULL);
	timer_start(&timer, FIRST_MS);
}

void shortage_close(void)
{
	timer_stop(&timer);
	json_decref(old_keys);
	free(disk);
	old_keys = NULL;
	disk = NULL;
}
