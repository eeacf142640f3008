/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_ages.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "conf.h"
#include "datastore.h"
#include "request.h"

static int64_t age_of(const struct stat *st)
{
	int64_t age = (int64_t)(time(NULL) - st->st_mtime);

	return age > 0 ? age : 0;
}

int64_t key_age(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 ? -1 : age_of(&st);
}

static void put_key(struct request *r, const char *kind, const json_t *interface,
		    const json_t *peer, const char *file)
{
	struct stat st;
	bool missing;
	json_t *row;
	int err;

	if (!file)
		return;
	err = stat(file, &st) < 0 ? errno : 0;
	missing = err == ENOENT;
	row = json_pack("{s:s, s:s?, s:s, s:s, s:o, s:b, s:o}", "interface",
			conf_str(interface, "name", ""), "peer", conf_str(peer, "name", NULL),
			"kind", kind, "file", file, "age-seconds",
			err ? json_null() : json_integer(age_of(&st)), "missing", missing, "mode",
			err ? json_null() : json_sprintf("%04o", st.st_mode & 07777U));
	request_row(r, row);
}

static void put_interface(struct request *r, const json_t *interface)
{
	json_t *peer;
	size_t i;

	put_key(r, "private", interface, NULL, conf_str(interface, "private-key-file", NULL));
	json_array_foreach (conf_list(interface, "peer"), i, peer)
		put_key(r, "preshared", interface, peer,
			conf_str(peer, "preshared-key-file", NULL));
}

void key_ages_request(struct request *r, const json_t *args)
{
	const struct datastore_version *v = datastore_running();
	const json_t *wireguard = v ? conf_get(v->json, "wireguard") : NULL;
	json_t *interface;
	size_t i;

	request_head(r, json_object(), "keys");
	json_array_foreach (conf_list(wireguard, "interface"), i, interface)
		put_interface(r, interface);
	request_end(r, NULL);
}
