/* SPDX-License-Identifier: BSD-2-Clause */
#include "lives.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "log.h"
#include "util.h"
#include "wg.h"

#define USEFUL_MS 60000
#define SLOTS_MIN 64

struct slot {
	char ifname[16];
	uint8_t key[WG_KEY_BYTES];
	bool whole; /* false: free, or being written when the writer died */
	struct liveness live;
};

struct file {
	char magic[12];
	uint32_t slot_bytes; /* another number: of another layout */
	struct slot slots[];
};

static const char magic[12] = "wgbgp lives";

/* What an earlier wgd left of a peer that is not back yet. */
struct left {
	struct hash_node node;
	uint32_t slot;
};

static int fd = -1;
static struct file *file; /* NULL: there is none */
static uint32_t n_slots;  /* numbered from 1 */
static uint32_t *unused;  /* their numbers */
static uint32_t n_unused;
static size_t unused_cap;
static struct hash_table left;

static size_t bytes_of(uint32_t slots)
{
	return sizeof(struct file) + slots * sizeof(struct slot);
}

static struct slot *slot_at(uint32_t number)
{
	return &file->slots[number - 1];
}

static uint32_t lives_hash(const char *ifname, const uint8_t *key)
{
	uint8_t bytes[16 + WG_KEY_BYTES] = {0};

	str_copy((char *)bytes, ifname, 16);
	memcpy(bytes + 16, key, WG_KEY_BYTES);
	return hash_bytes(bytes, sizeof(bytes));
}

static void unmap(void)
{
	if (file)
		munmap(file, bytes_of(n_slots));
	file = NULL;
	n_slots = 0;
}

static void put_unused(uint32_t number)
{
	slot_at(number)->whole = false;
	unused = xgrow(unused, n_unused, &unused_cap, sizeof(*unused));
	unused[n_unused++] = number;
}

/* The room is there before it is written to: a full file system must not end us. 0 or -errno. */
static int map(uint32_t slots)
{
	int err = posix_fallocate(fd, 0, (off_t)bytes_of(slots));
	void *at;

	if (err)
		return -err;
	at = mmap(NULL, bytes_of(slots), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	unmap();
	file = at;
	n_slots = slots;
	return 0;
}

static void grow(void)
{
	uint32_t before = n_slots;

	if (map(before * 2) < 0)
		return; /* those that have a slot keep it */
	for (uint32_t i = n_slots; i > before; i--)
		put_unused(i);
}

static void find_slot(uint32_t number)
{
	struct slot *s = slot_at(number);
	uint64_t now = now_ms(), at = s->live.read_at;
	struct left *l;

	if (!s->whole || !at || at > now || now - at > USEFUL_MS) {
		put_unused(number);
		return;
	}
	s->ifname[sizeof(s->ifname) - 1] = '\0';
	l = xcalloc(1, sizeof(*l));
	l->slot = number;
	hash_insert(&left, &l->node, lives_hash(s->ifname, s->key));
}

/* 0 or -errno. */
static int lives_map(void)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint32_t slots = SLOTS_MIN;
	int err;

	if (size > (off_t)bytes_of(slots))
		slots = (uint32_t)(((size_t)size - sizeof(*file)) / sizeof(struct slot));
	err = map(slots);
	if (err < 0)
		return err;
	if (memcmp(file->magic, magic, sizeof(magic)) != 0 ||
	    file->slot_bytes != sizeof(struct slot))
		memset(file, 0, bytes_of(slots));
	memcpy(file->magic, magic, sizeof(magic));
	file->slot_bytes = sizeof(struct slot);
	for (uint32_t i = slots; i; i--)
		find_slot(i);
	return 0;
}

void lives_open(const char *rundir)
{
	char *path = xasprintf("%s/lives", rundir);
	int err;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : lives_map();
	if (err < 0)
		log_warn("lives-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	free(path);
}

void lives_close(void)
{
	struct hash_node *n;

	unmap();
	if (fd >= 0)
		close(fd);
	fd = -1;
	while ((n = hash_first(&left))) {
		hash_remove(&left, n);
		free(container_of(n, struct left, node));
	}
	hash_clear(&left);
	free(unused);
	unused = NULL;
	n_unused = 0;
	unused_cap = 0;
}

/* Its slot of an earlier life, which is nobody else's any more; 0: there is none. */
static uint32_t take_left(const char *ifname, const uint8_t *key)
{
	struct hash_node *n = hash_find(&left, lives_hash(ifname, key));

	for (; n; n = hash_find_next(n)) {
		struct left *l = container_of(n, struct left, node);
		uint32_t number = l->slot;
		const struct slot *s = slot_at(number);

		if (!str_eq(s->ifname, ifname) || memcmp(s->key, key, WG_KEY_BYTES) != 0)
			continue;
		hash_remove(&left, n);
		free(l);
		return number;
	}
	return 0;
}

uint32_t lives_take(const char *ifname, const uint8_t *key, struct liveness *live)
{
	uint32_t number = file ? take_left(ifname, key) : 0;
	struct slot *s;

	if (number) {
		*live = slot_at(number)->live;
		return number;
	}
	if (file && !n_unused)
		grow();
	if (!n_unused)
		return 0;
	number = unused[--n_unused];
	s = slot_at(number);
	memset(s, 0, sizeof(*s));
	str_copy(s->ifname, ifname, sizeof(s->ifname));
	memcpy(s->key, key, WG_KEY_BYTES);
	return number;
}

void lives_note(uint32_t number, const struct liveness *live)
{
	struct slot *s;

	if (!file || !number)
		return;
	s = slot_at(number);
	__atomic_store_n(&s->whole, false, __ATOMIC_SEQ_CST);
	s->live = *live;
	__atomic_store_n(&s->whole, true, __ATOMIC_SEQ_CST);
}

void lives_drop(uint32_t number)
{
	if (file && number)
		put_unused(number);
}
