/* SPDX-License-Identifier: BSD-2-Clause */
#include "wg_mock.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "uapi.h"
#include "util.h"

static struct mock *of(struct wg *wg)
{
	return container_of(wg, struct mock, wg);
}

static struct mock_peer *find_peer(const struct mock *m, const uint8_t *key)
{
	for (size_t i = 0; i < m->n_peers; i++)
		if (memcmp(m->peers[i].key, key, WG_KEY_BYTES) == 0)
			return (struct mock_peer *)&m->peers[i];
	return NULL;
}

bool mock_has_peer(const struct mock *m, const uint8_t *key)
{
	return find_peer(m, key) != NULL;
}

void mock_put(struct mock *m, const struct prefix *p, const uint8_t *key)
{
	struct mock_entry *e = (struct mock_entry *)trie_exact(&m->entries, p);

	if (!e) {
		e = slab_alloc(&m->slab);
		trie_insert(&m->entries, &e->node, p);
	}
	memcpy(e->key, key, WG_KEY_BYTES);
}

void mock_take(struct mock *m, const struct prefix *p)
{
	struct trie_node *node = trie_exact(&m->entries, p);

	if (!node)
		return;
	trie_remove(&m->entries, node);
	slab_free(&m->slab, node);
}

const uint8_t *mock_owner(const struct mock *m, const struct prefix *p)
{
	const struct mock_entry *e = (struct mock_entry *)trie_exact(&m->entries, p);

	return e ? e->key : NULL;
}

static void empty_peer(struct mock *m, const uint8_t *key)
{
	struct trie_node *node = trie_first(&m->entries), *next;

	for (; node; node = next) {
		next = trie_next(&m->entries, node);
		if (memcmp(((struct mock_entry *)node)->key, key, WG_KEY_BYTES) != 0)
			continue;
		trie_remove(&m->entries, node);
		slab_free(&m->slab, node);
	}
}

static struct mock_peer *add_peer(struct mock *m, const uint8_t *key)
{
	struct mock_peer *p = find_peer(m, key);

	if (p)
		return p;
	ensure(m->n_peers < ARRAY_SIZE(m->peers));
	p = &m->peers[m->n_peers++];
	*p = (struct mock_peer){0};
	memcpy(p->key, key, WG_KEY_BYTES);
	return p;
}

static int mock_remove_peer(struct wg *wg, const uint8_t *key)
{
	struct mock *m = of(wg);
	struct mock_peer *p = find_peer(m, key);

	if (!p)
		return 0;
	empty_peer(m, key);
	*p = m->peers[--m->n_peers];
	return 0;
}

static int mock_get(struct wg *wg, struct wg_dump *dump)
{
	struct mock *m = of(wg);

	for (size_t i = 0; i < m->n_peers; i++) {
		struct wg_peer *p = wg_dump_add_peer(dump);

		*p = m->peers[i].info;
		memcpy(p->key, m->peers[i].key, WG_KEY_BYTES);
		TRIE_FOREACH (&m->entries, node)
			if (memcmp(((struct mock_entry *)node)->key, p->key, WG_KEY_BYTES) == 0)
				wg_dump_add_entry(dump, &node->p);
	}
	return 0;
}

static int mock_set_device(struct wg *wg, const struct wg_device_set *set)
{
	return 0;
}

static int mock_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	struct mock *m = of(wg);
	struct mock_peer *p = set->create ? add_peer(m, set->key) : find_peer(m, set->key);

	if (p && set->endpoint.addr.family)
		p->info.endpoint = set->endpoint;
	if (p && set->set_keepalive)
		p->info.keepalive = set->keepalive;
	return 0;
}

/* True when this is the change that fails. */
static bool fails(struct mock *m)
{
	return m->fail_after && --m->fail_after == 0;
}

static int change_single(struct mock *m, const struct wg_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct wg_change *c = &changes[i];
		const uint8_t *at = mock_owner(m, &c->prefix);

		if (fails(m))
			return -ENOMEM;
		if (!c->remove && find_peer(m, c->key))
			mock_put(m, &c->prefix, c->key);
		else if (c->remove && at && memcmp(at, c->key, WG_KEY_BYTES) == 0)
			mock_take(m, &c->prefix);
	}
	return 0;
}

/* One line of a set request; PEER is whose lines these are. */
static int serve_line(struct mock *m, const char *key, const char *value, struct mock_peer **peer,
		      uint8_t name[WG_KEY_BYTES])
{
	struct prefix p;

	if (str_eq(key, "public_key")) {
		ensure(sodium_hex2bin(name, WG_KEY_BYTES, value, strlen(value), NULL, NULL, NULL) ==
		       0);
		*peer = NULL;
		return 0;
	}
	if (str_eq(key, "update_only")) {
		*peer = find_peer(m, name);
		if (!*peer)
			memset(name, 0, WG_KEY_BYTES); /* the lines that follow are void */
		return 0;
	}
	if (sodium_is_zero(name, WG_KEY_BYTES))
		return 0;
	if (!*peer)
		*peer = add_peer(m, name);
	if (str_eq(key, "replace_allowed_ips"))
		empty_peer(m, name);
	else if (str_eq(key, "remove"))
		mock_remove_peer(&m->wg, name);
	else if (str_eq(key, "allowed_ip") && fails(m))
		return -ENOMEM;
	else if (str_eq(key, "allowed_ip")) {
		ensure(prefix_parse(value, &p) == 0);
		mock_put(m, &p, name);
	}
	return 0;
}

static int serve(struct mock *m, char *text)
{
	uint8_t name[WG_KEY_BYTES] = {0};
	struct mock_peer *peer = NULL;
	char *save = NULL;
	int err = 0;

	for (char *line = strtok_r(text, "\n", &save); line && err == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		ensure(value);
		*value++ = '\0';
		err = serve_line(m, line, value, &peer, name);
	}
	return err;
}

static int mock_change(struct wg *wg, const struct wg_change *changes, size_t n, struct wr *request)
{
	struct mock *m = of(wg);
	struct wr w = {0};
	int err;

	m->calls++;
	if (wg->single_removal)
		return change_single(m, changes, n);
	uapi_put_set(&w);
	uapi_put_changes(&w, changes, n, wg->graveyard);
	uapi_put_end(&w);
	wr_u8(&w, 0);
	err = serve(m, (char *)w.data);
	wr_free(&w);
	return err;
}

static void mock_close(struct wg *wg)
{
	struct mock *m = of(wg);
	struct trie_node *node;

	while ((node = trie_first(&m->entries)))
		trie_remove(&m->entries, node);
	slab_destroy(&m->slab);
	free(m);
}

static const struct wg_backend mock_backend = {
	.name = "mock",
	.get = mock_get,
	.set_device = mock_set_device,
	.set_peer = mock_set_peer,
	.remove_peer = mock_remove_peer,
	.change = mock_change,
	.close = mock_close,
};

struct mock *mock_new(const char *ifname, bool single_removal)
{
	struct mock *m = xcalloc(1, sizeof(*m));

	wg_init(&m->wg, &mock_backend, ifname);
	m->wg.single_removal = single_removal;
	m->slab = (struct slab)SLAB_INIT("mock", struct mock_entry);
	return m;
}
