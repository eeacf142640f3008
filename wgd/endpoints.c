/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "log.h"
#include "loop.h"
#include "new_file.h"
#include "util.h"

#define WRITE_DELAY_MS 3000
#define LINE_BYTES 256

struct known {
	struct hash_node node; /* first */
	char ifname[16];
	uint8_t key[WG_KEY_BYTES];
	struct endpoint endpoint;
};

static struct hash_table table;
static struct timer write_timer;
static char *path;
static bool failed; /* to write; said */

static uint32_t hash_of(const char *ifname, const uint8_t *key)
{
	uint8_t bytes[16 + WG_KEY_BYTES] = {0};

	str_copy((char *)bytes, ifname, 16);
	memcpy(bytes + 16, key, WG_KEY_BYTES);
	return hash_bytes(bytes, sizeof(bytes));
}

static struct known *endpoints_look_up(const char *ifname, const uint8_t *key)
{
	struct hash_node *n = hash_find(&table, hash_of(ifname, key));

	for (; n; n = hash_find_next(n)) {
		struct known *k = (struct known *)n;

		if (str_eq(k->ifname, ifname) && memcmp(k->key, key, WG_KEY_BYTES) == 0)
			return k;
	}
	return NULL;
}

static void endpoints_put(const char *ifname, const uint8_t *key, const struct endpoint *endpoint)
{
	struct known *k = endpoints_look_up(ifname, key);

	if (!k) {
		k = xcalloc(1, sizeof(*k));
		str_copy(k->ifname, ifname, sizeof(k->ifname));
		memcpy(k->key, key, WG_KEY_BYTES);
		hash_insert(&table, &k->node, hash_of(ifname, key));
	}
	k->endpoint = *endpoint;
}

static void endpoints_read_line(char *line)
{
	char ifname[16], key_text[64], endpoint_text[80];
	uint8_t key[WG_KEY_BYTES];
	struct endpoint endpoint;

	if (sscanf(line, "%15s %63s %79s", ifname, key_text, endpoint_text) == 3 &&
	    wg_key_parse(key_text, key) == 0 && endpoint_parse(endpoint_text, &endpoint) == 0)
		endpoints_put(ifname, key, &endpoint);
}

/* Not DURABLE: a disk that takes its time would hold up what tells tunnels dead. */
static int write_all(void)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);

	if (!file)
		return -errno;
	for (struct hash_node *h = hash_first(&table); h; h = hash_next(&table, h)) {
		const struct known *k = (struct known *)h;

		fprintf(file, "%s %s %s\n", k->ifname, WG_KEY_STR(k->key),
			ENDPOINT_STR(&k->endpoint));
	}
	return new_file_end(&n, file, false);
}

static void write_file(void *arg)
{
	int err = write_all();

	if (err < 0 && !failed)
		log_warn("endpoints-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	failed = err < 0;
}

static void make_dir(const char *dir)
{
	char *part = xstrdup(dir);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(part, 0700);
	free(part);
}

void endpoints_open(void)
{
	const char *dir = getenv("WGBGP_STATEDIR");
	char line[LINE_BYTES];
	FILE *file;

	if (!dir)
		dir = LOCALSTATEDIR "/lib/wgbgp";
	make_dir(dir);
	path = xasprintf("%s/endpoints", dir);
	timer_init(&write_timer, write_file, NULL);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		endpoints_read_line(line);
	fclose(file);
}

void endpoints_close(void)
{
	struct hash_node *n;

	if (timer_running(&write_timer))
		write_file(NULL);
	timer_stop(&write_timer);
	while ((n = hash_first(&table))) {
		hash_remove(&table, n);
		free(n);
	}
	hash_clear(&table);
	free(path);
	path = NULL;
}

bool endpoints_find(const char *ifname, const uint8_t *key, struct endpoint *out)
{
	const struct known *k = endpoints_look_up(ifname, key);

	if (k)
		*out = k->endpoint;
	return k != NULL;
}

static void changed(void)
{
	if (!timer_running(&write_timer))
		timer_start(&write_timer, WRITE_DELAY_MS);
}

void endpoints_note(const char *ifname, const uint8_t *key, const struct endpoint *endpoint)
{
	const struct known *k = endpoints_look_up(ifname, key);

	if (k && memcmp(&k->endpoint, endpoint, sizeof(*endpoint)) == 0)
		return;
	endpoints_put(ifname, key, endpoint);
	changed();
}
