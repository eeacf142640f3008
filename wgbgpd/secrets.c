/* SPDX-License-Identifier: BSD-2-Clause */
#include "secrets.h"

#include <sodium.h>
#include <string.h>

#include "conf.h"
#include "conf_key.h"
#include "log.h"
#include "messages.h"
#include "util.h"

static void send_key(struct ipc *wgd, const char *path, uint32_t generation)
{
	struct msg_secret *m;
	struct wr w = {0};
	char why[256];

	if (!path)
		return;
	m = sodium_malloc(sizeof(*m)); /* locked in memory, and wiped by sodium_free() */
	if (!m)
		fatal("no locked memory for a key");
	if (conf_key_read(path, m->key, why, sizeof(why)) < 0) {
		log_error("key-file", "file=%s why=\"%s\"", path, why);
	} else if (str_copy(m->path, path, sizeof(m->path))) {
		msg_put_secret(&w, m);
		ipc_send(wgd, MSG_SECRET, generation, w.data, w.len);
		sodium_memzero(w.data, w.len);
		wr_free(&w);
	}
	sodium_free(m);
}

void secrets_send(struct ipc *wgd, const json_t *config, uint32_t generation)
{
	const json_t *interface, *peer;
	size_t i, j;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		send_key(wgd, conf_str(interface, "private-key-file", NULL), generation);
		json_array_foreach (conf_list(interface, "peer"), j, peer)
			send_key(wgd, conf_str(peer, "preshared-key-file", NULL), generation);
	}
	if (ipc_flush_and_wipe(wgd) < 0)
		log_warn("key-file", "why=\"wgd went away\"");
}

static void send_password(struct ipc *bgpd, const char *path, uint32_t generation)
{
	struct msg_password m = {0};
	struct wr w = {0};
	char why[256];

	if (!path)
		return;
	if (conf_password_read(path, m.text, why, sizeof(why)) < 0) {
		log_error("password-file", "file=%s why=\"%s\"", path, why);
	} else if (str_copy(m.path, path, sizeof(m.path))) {
		msg_put_password(&w, &m);
		ipc_send(bgpd, MSG_PASSWORD, generation, w.data, w.len);
		sodium_memzero(w.data, w.len);
		wr_free(&w);
	}
	sodium_memzero(&m, sizeof(m));
}

void secrets_send_passwords(struct ipc *bgpd, const json_t *config, uint32_t generation)
{
	static const char *const lists[] = {"neighbor", "neighbor-group"};
	const json_t *bgp = conf_get(config, "bgp"), *entry;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		json_array_foreach (conf_list(bgp, lists[k]), i, entry)
			send_password(bgpd, conf_str(entry, "password-file", NULL), generation);
	if (ipc_flush_and_wipe(bgpd) < 0)
		log_warn("password-file", "why=\"bgpd went away\"");
}
