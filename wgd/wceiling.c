/* SPDX-License-Identifier: BSD-2-Clause */
#include "wceiling.h"

#include "ceiling.h"
#include "planes.h"
#include "roster.h"
#include "util.h"

static struct ceilings ceilings;

void wceiling_apply(const json_t *config, uint32_t generation)
{
	planes_read(config);
	ceilings_apply(&ceilings, config, generation);
}

void wceiling_prune(void)
{
	ceilings_prune(&ceilings);
}

void wceiling_reset(void)
{
	ceilings_free(&ceilings);
}

int wceiling_private_len(const struct addr *a)
{
	return ceilings_private_len(&ceilings, a);
}

static void alarm(struct device *dev, const struct peer *peer, const struct prefix *p,
		  enum reason reason)
{
	dev->beyond++;
	dev->beyond_ms = now_ms();
	log_limited(&dev->beyond_bucket, LOG_LEVEL_ERROR, "beyond-ceiling",
		    "peer=%s interface=%s prefix=%s reason=%s daemon=zebra-lite", peer->name,
		    dev->name, PREFIX_STR(p), reason_name(reason));
}

/* P is inside an entry that somebody else gave the peer. */
static bool has_foreign(const struct peer *peer, const struct prefix *p)
{
	const struct trie *t = &peer->dev->allowed.foreign;
	struct trie_node *n = t->count ? trie_match(t, p) : NULL;

	return n && allowed_entry_of(n)->want == &peer->owner;
}

enum reason wceiling_judge(struct peer *peer, const struct prefix *p, uint32_t generation)
{
	struct device *dev = peer->dev;
	struct ceiling_who who = {dev->name, peer->name, NULL, 0};
	enum reason r = ceilings_judge_entry(&ceilings, &peer->ceiling, &who, p);

	if (r != REASON_NONE && has_foreign(peer, p))
		return REASON_NONE;
	if (r != REASON_NONE && ceilings_known(&ceilings, generation))
		alarm(dev, peer, p, r);
	return r;
}
