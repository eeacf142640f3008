/* SPDX-License-Identifier: BSD-2-Clause */
#include "ifaddr.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "util.h"

struct entry {
	TAILQ_ENTRY(entry) link; /* in the kernel's order */
	struct kaddr a;
	uint32_t epoch;
};

static TAILQ_HEAD(, entry) entries = TAILQ_HEAD_INITIALIZER(entries);
static uint32_t epoch;
static void (*when_changed)(uint32_t ifindex);

void ifaddr_open(void (*changed)(uint32_t ifindex))
{
	when_changed = changed;
}

static void ifaddr_tell(uint32_t ifindex)
{
	if (when_changed)
		when_changed(ifindex);
}

static struct entry *ifaddr_find(const struct kaddr *a)
{
	struct entry *e;

	TAILQ_FOREACH (e, &entries, link)
		if (e->a.ifindex == a->ifindex && e->a.subnet.len == a->subnet.len &&
		    addr_eq(&e->a.local, &a->local))
			return e;
	return NULL;
}

static void drop(struct entry *e)
{
	uint32_t ifindex = e->a.ifindex;

	TAILQ_REMOVE(&entries, e, link);
	free(e);
	ifaddr_tell(ifindex);
}

void ifaddr_read_begin(void)
{
	epoch++;
}

bool ifaddr_told(const struct kaddr *a, bool present)
{
	struct entry *e = ifaddr_find(a);
	bool news = !e || e->a.flags != a->flags || e->a.scope != a->scope;

	if (!present) {
		if (e)
			drop(e);
		return false;
	}
	if (!e) {
		e = xcalloc(1, sizeof(*e));
		TAILQ_INSERT_TAIL(&entries, e, link);
	}
	e->a = *a;
	e->epoch = epoch;
	if (news)
		ifaddr_tell(a->ifindex);
	return news;
}

void ifaddr_read_end(void)
{
	struct entry *e, *next;

	for (e = TAILQ_FIRST(&entries); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->epoch != epoch)
			drop(e);
	}
}

const struct kaddr *ifaddr_get(uint32_t ifindex, unsigned i)
{
	struct entry *e;

	TAILQ_FOREACH (e, &entries, link)
		if (e->a.ifindex == ifindex && !i--)
			return &e->a;
	return NULL;
}

const struct kaddr *ifaddr_source(uint32_t ifindex, uint8_t family)
{
	/* IFA_F_TEMPORARY is IFA_F_SECONDARY: of IPv4 the first one of a subnet is taken, too. */
	const uint32_t unfit =
		IFA_F_TENTATIVE | IFA_F_DEPRECATED | IFA_F_TEMPORARY | IFA_F_DADFAILED;
	struct entry *e;

	TAILQ_FOREACH (e, &entries, link)
		if (e->a.ifindex == ifindex && e->a.local.family == family &&
		    e->a.scope == RT_SCOPE_UNIVERSE && !(e->a.flags & unfit))
			return &e->a;
	return NULL;
}

bool ifaddr_local(const struct addr *a)
{
	struct entry *e;

	TAILQ_FOREACH (e, &entries, link)
		if (addr_eq(&e->a.local, a) && !(e->a.flags & IFA_F_TENTATIVE))
			return true;
	return false;
}

uint32_t ifaddr_holder(const struct addr *a, unsigned i)
{
	struct entry *e;

	TAILQ_FOREACH (e, &entries, link)
		if (addr_eq(&e->a.local, a) && !i--)
			return e->a.ifindex;
	return 0;
}

void ifaddr_reset(void)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&entries))) {
		TAILQ_REMOVE(&entries, e, link);
		free(e);
	}
}
