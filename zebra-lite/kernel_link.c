/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_link: the interfaces as the kernel told them, for whoever asks. Nothing is read here or
 * written, but for the one look at an interface's flags by kernel_link_fell().
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hash.h"
#include "kernel.h"
#include "loop.h"
#include "util.h"

struct link {
	struct hash_node hash, by_name;
	struct klink k;
	uint64_t fell_ms; /* monotonic: it was last down, or in doubt; 0: never since we look */
};

static struct hash_table links, names;
static uint64_t confirmed_ms; /* the last reading that saw everything began */

static struct link *find_link(uint32_t ifindex)
{
	for (struct hash_node *h = hash_find(&links, hash_bytes(&ifindex, sizeof(ifindex))); h;
	     h = hash_find_next(h)) {
		struct link *l = container_of(h, struct link, hash);

		if (l->k.ifindex == ifindex)
			return l;
	}
	return NULL;
}

static uint32_t name_hash(const char *name)
{
	return hash_bytes(name, strlen(name));
}

static void link_drop(struct link *l)
{
	hash_remove(&links, &l->hash);
	hash_remove(&names, &l->by_name);
	free(l);
}

unsigned kernel_link_told(const struct klink *k, bool present)
{
	struct link *l = find_link(k->ifindex);
	bool up = present && k->up, was = l && l->k.up;
	bool named = !l || !str_eq(l->k.name, k->name) || !present;
	bool other = l && (l->k.mtu != k->mtu || l->k.master != k->master);

	if (present && !l) {
		l = xcalloc(1, sizeof(*l));
		hash_insert(&links, &l->hash, hash_bytes(&k->ifindex, sizeof(k->ifindex)));
	} else if (present && named) {
		hash_remove(&names, &l->by_name);
	}
	if (present && named)
		hash_insert(&names, &l->by_name, name_hash(k->name));
	if (present) {
		l->k = *k;
		if (!up)
			l->fell_ms = now_ms();
	} else if (l) {
		link_drop(l);
	}
	return (named ? KLINK_NAMED : 0) | (up && !was ? KLINK_UP : 0) |
	       (was && !up ? KLINK_DOWN : 0) | (other ? KLINK_OTHER : 0);
}

void kernel_link_doubt(uint32_t ifindex)
{
	struct link *l = find_link(ifindex);

	if (l)
		l->fell_ms = now_ms();
}

void kernel_links_confirmed(uint64_t since_ms)
{
	confirmed_ms = since_ms;
}

void kernel_links_reset(void)
{
	struct hash_node *h;

	while ((h = hash_first(&links)))
		link_drop(container_of(h, struct link, hash));
	hash_clear(&links);
	hash_clear(&names);
}

/* --- questions --- */

bool kernel_link_up(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l && l->k.up;
}

/* Ahead of the notification, which may still be on its way. */
static bool is_up_now(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	bool up;

	str_copy(request.ifr_name, ifname, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		up = fd < 0 || errno != ENODEV;
	else
		up = request.ifr_flags & IFF_RUNNING;
	if (fd >= 0)
		close(fd);
	return up;
}

bool kernel_link_fell(uint32_t ifindex, uint64_t since_ms)
{
	const struct link *l = find_link(ifindex);

	if (since_ms < confirmed_ms)
		since_ms = confirmed_ms;
	return !l || !l->k.up || (l->fell_ms && l->fell_ms >= since_ms) || !is_up_now(l->k.name);
}

const char *kernel_link_name(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l ? l->k.name : "";
}

bool kernel_link_pointopoint(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l && l->k.pointopoint;
}

uint32_t kernel_link_by_name(const char *name)
{
	for (struct hash_node *h = hash_find(&names, name_hash(name)); h; h = hash_find_next(h)) {
		const struct link *l = container_of(h, struct link, by_name);

		if (str_eq(l->k.name, name))
			return l->k.ifindex;
	}
	return 0;
}

size_t kernel_link_count(void)
{
	return links.count;
}
