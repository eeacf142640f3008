/* SPDX-License-Identifier: BSD-2-Clause */
#include "wg.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "thread.h"
#include "util.h"

/* A valid public key that nobody holds the private half of, the same in every process. */
static void graveyard_key(const char *ifname, uint8_t key[WG_KEY_BYTES])
{
	static const uint8_t salt[] = "wgbgp graveyard of AllowedIPs";

	crypto_generichash(key, WG_KEY_BYTES, (const uint8_t *)ifname, strlen(ifname), salt,
			   sizeof(salt) - 1);
}

void wg_init(struct wg *wg, const struct wg_backend *backend, const char *ifname)
{
	wg->backend = backend;
	str_copy(wg->ifname, ifname, sizeof(wg->ifname));
	graveyard_key(wg->ifname, wg->graveyard);
}

static int wg_fill(struct wg *wg, struct wg_dump *dump)
{
	int err;

	if (!wg_wait(wg))
		return -ETIMEDOUT;
	dump->begun_us = now_us();
	err = wg->backend->get(wg, dump);
	if (err < 0)
		wg_dump_free(dump);
	return err;
}

int wg_get(struct wg *wg, bool with_entries, struct wg_dump *dump)
{
	*dump = (struct wg_dump){.with_entries = with_entries};
	return wg_fill(wg, dump);
}

int wg_get_secrets(struct wg *wg, wg_secret_fn fn, void *arg, struct wg_dump *dump)
{
	*dump = (struct wg_dump){.with_entries = true, .secret = fn, .secret_arg = arg};
	return wg_fill(wg, dump);
}

int wg_set_device(struct wg *wg, const struct wg_device_set *set)
{
	if (!wg_wait(wg))
		return -ETIMEDOUT;
	wg->writes++;
	return wg->backend->set_device(wg, set);
}

int wg_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	if (!wg_wait(wg))
		return -ETIMEDOUT;
	wg->writes++;
	return wg->backend->set_peer(wg, set);
}

int wg_remove_peer(struct wg *wg, const uint8_t *key)
{
	if (!wg_wait(wg))
		return -ETIMEDOUT;
	wg->writes++;
	return wg->backend->remove_peer(wg, key);
}

int wg_change(struct wg *wg, const struct wg_change *changes, size_t n)
{
	struct wr request = {0};

	if (!n)
		return 0;
	if (!wg_wait(wg))
		return -ETIMEDOUT;
	wg->writes++;
	wg_encode(wg, changes, n, &request);
	return wg->backend->change(wg, changes, n, &request);
}

uint64_t wg_work_us(const struct wg *wg)
{
	return thread_work_us() + (wg->backend->work_us ? wg->backend->work_us(wg) : 0);
}

void wg_close(struct wg *wg)
{
	if (!wg)
		return;
	wg_thread_end(wg);
	wg->backend->close(wg);
}

struct wg_peer *wg_dump_add_peer(struct wg_dump *dump)
{
	struct wg_peer *peer;

	dump->peers = xgrow(dump->peers, dump->n_peers, &dump->cap_peers, sizeof(*dump->peers));
	peer = &dump->peers[dump->n_peers++];
	*peer = (struct wg_peer){0};
	return peer;
}

void wg_dump_add_entry(struct wg_dump *dump, const struct prefix *p)
{
	if (!dump->with_entries || !dump->n_peers)
		return;
	dump->entries =
		xgrow(dump->entries, dump->n_entries, &dump->cap_entries, sizeof(*dump->entries));
	dump->entries[dump->n_entries++] = (struct wg_entry){*p, dump->n_peers - 1};
	tally_add(&dump->peers[dump->n_peers - 1].entries, p);
}

void wg_dump_free(struct wg_dump *dump)
{
	free(dump->peers);
	free(dump->entries);
	*dump = (struct wg_dump){0};
}

const char *wg_key_str(const uint8_t key[WG_KEY_BYTES], char out[WG_KEY_STRLEN])
{
	return sodium_bin2base64(out, WG_KEY_STRLEN, key, WG_KEY_BYTES,
				 sodium_base64_VARIANT_ORIGINAL);
}

int wg_key_parse(const char *text, uint8_t key[WG_KEY_BYTES])
{
	size_t len;

	if (sodium_base642bin(key, WG_KEY_BYTES, text, strlen(text), NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) < 0 ||
	    len != WG_KEY_BYTES)
		return -EINVAL;
	return 0;
}
