/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_key.h"
#include "new_file.h"
#include "util.h"

#define DIR_MODE 0700
#define FILE_MODE 0600

char *import_key_path(const char *dir, const struct import_interface *f,
		      const struct import_peer *p)
{
	return p ? xasprintf("%s/%s-%s.psk", dir, f->name, p->name)
		 : xasprintf("%s/%s.key", dir, f->name);
}

/* One key and its file. False: it ends here. */
typedef bool (*key_fn)(struct import *im, const char *path, const char *key, bool overwrite);

/* True: PATH has this key, as it should be. */
static bool has_key(const char *path, const char *text)
{
	uint8_t have[CONF_KEY_BYTES], key[WG_KEY_BYTES];
	char why[256];
	bool same = conf_key_read(path, have, why, sizeof(why)) == 0 &&
		    wg_key_parse(text, key) == 0 && memcmp(have, key, sizeof(key)) == 0;

	sodium_memzero(have, sizeof(have));
	sodium_memzero(key, sizeof(key));
	return same;
}

static bool may_write(struct import *im, const char *path, const char *key, bool overwrite)
{
	if (overwrite || access(path, F_OK) < 0 || has_key(path, key))
		return true;
	import_note(im, IMPORT_ERROR, path, 0,
		    "is there, with another key or mode than 0600; --overwrite replaces it");
	return false;
}

static bool write_key(struct import *im, const char *path, const char *key, bool overwrite)
{
	char line[WG_KEY_STRLEN + 1];
	int err;

	if (has_key(path, key))
		return true;
	snprintf(line, sizeof(line), "%s\n", key);
	err = new_file_put_at(AT_FDCWD, path, line, strlen(line), FILE_MODE);
	sodium_memzero(line, sizeof(line));
	if (err)
		import_note(im, IMPORT_ERROR, path, 0, "%s", strerror(-err));
	return !err;
}

static bool key_do(struct import *im, const char *dir, const struct import_interface *f,
		   const struct import_peer *p, bool overwrite, key_fn fn)
{
	const char *key = p ? p->psk : f->private_key;
	char *path;
	bool ok;

	if (!*key)
		return true;
	path = import_key_path(dir, f, p);
	ok = fn(im, path, key, overwrite);
	free(path);
	return ok;
}

static bool keys_each(struct import *im, const char *dir, bool overwrite, key_fn fn)
{
	bool ok = true;

	for (size_t i = 0; i < im->n_ifs; i++) {
		const struct import_interface *f = &im->ifs[i];

		ok = key_do(im, dir, f, NULL, overwrite, fn) && ok;
		for (size_t k = 0; k < f->n_peers; k++)
			ok = key_do(im, dir, f, &f->peers[k], overwrite, fn) && ok;
	}
	return ok;
}

/* DIR and what is missing above it. 0 or -errno. */
static int make_dir(const char *dir)
{
	char *path = xstrdup(dir);
	int err = 0;

	for (char *slash = strchr(path + 1, '/'); !err; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(path, DIR_MODE) < 0 && errno != EEXIST)
			err = -errno;
		if (!slash)
			break;
		*slash = '/';
	}
	free(path);
	return err;
}

bool import_keys_write(struct import *im, const char *dir, bool overwrite)
{
	int err;

	if (!keys_each(im, dir, overwrite, may_write))
		return false;
	err = make_dir(dir);
	if (err) {
		import_note(im, IMPORT_ERROR, dir, 0, "%s", strerror(-err));
		return false;
	}
	return keys_each(im, dir, overwrite, write_key);
}
