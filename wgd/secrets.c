/* SPDX-License-Identifier: BSD-2-Clause */
#include "secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "util.h"

struct secret {
	LIST_ENTRY(secret) link;
	char *path;
	uint8_t *key; /* of sodium_malloc() */
};

static LIST_HEAD(, secret) secrets = LIST_HEAD_INITIALIZER(secrets);

static struct secret *secrets_find(const char *path)
{
	struct secret *s;

	LIST_FOREACH (s, &secrets, link)
		if (str_eq(s->path, path))
			return s;
	return NULL;
}

void secrets_put(const char *path, const uint8_t key[KEY_BYTES])
{
	struct secret *s = secrets_find(path);

	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->path = xstrdup(path);
		s->key = sodium_malloc(KEY_BYTES);
		if (!s->key)
			fatal("no locked memory for a key");
		LIST_INSERT_HEAD(&secrets, s, link);
	}
	sodium_mprotect_readwrite(s->key);
	memcpy(s->key, key, KEY_BYTES);
	sodium_mprotect_readonly(s->key);
}

const uint8_t *secrets_get(const char *path)
{
	struct secret *s = path ? secrets_find(path) : NULL;

	return s ? s->key : NULL;
}

void secrets_close(void)
{
	struct secret *s;

	while ((s = LIST_FIRST(&secrets))) {
		LIST_REMOVE(s, link);
		sodium_free(s->key);
		free(s->path);
		free(s);
	}
}
