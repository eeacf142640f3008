/* SPDX-License-Identifier: BSD-2-Clause */
#include "secrets.h"

#include <sodium.h>
#include <string.h>

#include "conf.h"
#include "conf_key.h"
#include "log.h"
#include "messages.h"

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
		log_error("key-file", "path=%s why=\"%s\"", path, why);
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
