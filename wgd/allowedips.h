/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowedips: what one interface's AllowedIPs should be, what they are, and the differences.
 *
 * Every prefix that we want or found has an entry: `want` is the peer that it should belong to,
 * `have` where it is as far as is known. Verbs change `want` and append to a queue of changes, in
 * order; the owner of the table hands the queue to the device (wg_change()) and says that it was
 * applied, or reads the device again and lets allowedips_compare() put things right.
 *
 * Three tries: `ours` (configured and learned), `foreign` (of an adopted interface: never touched),
 * `refused` (what was asked for and not possible because of a foreign one: told when that is
 * gone). No prefix is in both of the first two. A fourth one, `going`: allowedips_going.h.
 *
 * Learned entries found at a start, or told by a neighbour process that has gone, are stale until
 * they are set again; allowedips_sweep() removes those that were not.
 */
#ifndef WGBGP_ALLOWEDIPS_H
#define WGBGP_ALLOWEDIPS_H

#include "reason.h"
#include "slab.h"
#include "trie.h"
#include "wg.h"

/* What allowedips_take_leave() does with an owner's entries. LOST: somebody removed him, nothing of
 * his is there. GONE: he will not come back, either. */
enum owner_fate { OWNER_STAYS, OWNER_LOST, OWNER_GONE };

/* Who entries belong to: embedded in a peer. */
struct owner {
	uint32_t id;
	uint8_t key[WG_KEY_BYTES];
	uint32_t learned; /* learned entries wanted here */
	uint32_t entries; /* all entries wanted here, and foreign ones */
	uint32_t foreign; /* those */
	struct tally here; /* what is installed here, as far as is known */
	bool away;	  /* kept out of the device: what is wanted here is not given to it */
	uint8_t fate;	  /* enum owner_fate; back to STAYS by whoever set it */
};

/* Up to IMPORTED they are configured. That one gives way as soon as it is learned at its peer. */
enum allowed_origin {
	ORIGIN_TUNNEL_ADDRESS,
	ORIGIN_STATIC,
	ORIGIN_IMPORTED,
	ORIGIN_LEARNED,
	ORIGIN_FOREIGN
};
const char *allowed_origin_name(enum allowed_origin origin);

struct allowed_entry {
	struct trie_node node; /* first */
	struct owner *want;    /* of a foreign entry: where it is */
	struct owner *have;    /* NULL: not installed */
	uint8_t origin;	       /* enum allowed_origin */
	bool leaving;	       /* no longer configured: there until allowedips_prune() */
	uint16_t epoch;	       /* in which it was set last; see allowed_entry_stale() */
	uint32_t seen;	       /* round of the last comparison that saw it */
};

/* Each may be NULL. */
struct allowedips_hooks {
	/* On an adopted interface: an entry that is not wanted is left over from us. */
	bool (*is_mine)(void *arg, const struct prefix *p);
	/* A prefix of ours is given up without a change in the queue; for the ledger. */
	void (*on_forget)(void *arg, const struct prefix *p);
	/* A foreign entry is learned at its own peer, OWNER. True: it was handed over to us, and is
	 * ours from now on. */
	bool (*take)(void *arg, const struct owner *owner, const struct prefix *p);
	/* What was refused because of a foreign entry may be tried again. */
	void (*on_retry)(void *arg, uint32_t owner_id, const struct prefix *p);
};

struct allowedips {
	struct trie ours, foreign, refused, going;
	struct slab entries, refusals;
	struct wg_change *queue;
	size_t n_queue, cap_queue;
	size_t n_learned, n_stale;
	size_t n_right;		/* of ours: installed where they are wanted */
	size_t n_installed;	/* of ours, foreign and going ones, wherever */
	uint16_t epoch;		/* another one with each process of zebra-lite */
	struct prefix sweep_at; /* where the sweep goes on; family 0: from the start */
	bool retrying;		/* refusals are being told of, ... */
	struct prefix retry_at; /* ... up to this one; family 0: none yet */
	bool any_leaving;	/* for allowedips_prune() */
	uint32_t fixed[2][129]; /* configured entries of IPv4 and IPv6, by length */
	uint8_t shortest[2];	/* length of the shortest of them; 129: there are none */
	uint32_t round;
	size_t going_most;	/* of `going` that one comparison removes: the loop waits */
	bool adopted; /* entries that we did not install are foreign */
	const struct allowedips_hooks *hooks;
	void *arg; /* of the hooks */
};

/* What a comparison found and put into the queue. */
struct allowed_drift {
	size_t missing, moved, extra; /* of ours; entries that nobody asked for */
	size_t foreign,
		foreign_gone; /* new foreign ones (adopted interfaces), and those that went */
	struct prefix first;  /* an example; family 0: nothing */
};

/* HOOKS, NULL: none, are called with ARG. */
void allowedips_init(struct allowedips *a, bool adopted, const struct allowedips_hooks *hooks,
		     void *arg);
void allowedips_free(struct allowedips *a);

/* A learned entry. REASON_NONE, or why not. */
enum reason allowedips_set(struct allowedips *a, struct owner *owner, const struct prefix *p);
/* Takes a learned entry away if it is wanted there. True when there was one. */
bool allowedips_unset(struct allowedips *a, struct owner *owner, const struct prefix *p);
/* A configured entry. REASON_NONE, or REASON_FOREIGN_ALLOWED_IP. An imported one that was learned
 * meanwhile stays what it is. */
enum reason allowedips_fix(struct allowedips *a, struct owner *owner, const struct prefix *p,
			   enum allowed_origin origin);
/* It is no longer configured: it stands in nobody's way, and stays until allowedips_prune(). */
void allowedips_unfix(struct allowedips *a, struct owner *owner, const struct prefix *p);
void allowedips_prune(struct allowedips *a); /* queues their removal */
/* An entry read from the device at a start. MINE: of an adopted interface, in the ledger. */
void allowedips_found(struct allowedips *a, struct owner *owner, const struct prefix *p, bool mine);
/* The device refused the last SET of P at OWNER: forget it. */
void allowedips_drop(struct allowedips *a, struct owner *owner, const struct prefix *p);

/* The device lost everything: nothing is installed. */
void allowedips_forget(struct allowedips *a);
/* So did those that are away. */
void allowedips_forget_away(struct allowedips *a);
/* Queues whatever is wanted and not there. */
void allowedips_reconcile(struct allowedips *a);
/* Whose fate says so has nothing in the device any more, without a change in the queue; what is
 * wanted at those that are GONE, and foreign there, is forgotten. One walk for all of them. */
void allowedips_take_leave(struct allowedips *a);
/* Queues the removal of everything that is ours (teardown of an adopted interface). */
void allowedips_clear(struct allowedips *a);

/* Takes from a dump with entries where ours are, without queueing anything. */
void allowedips_observe(struct allowedips *a, const struct wg_dump *dump, struct owner **owners);
/* P is wanted at OWNER, and there as far as is known. */
bool allowedips_installed(const struct allowedips *a, const struct owner *owner,
			  const struct prefix *p);
/* P is wanted at OWNER for that reason. */
bool allowedips_is(const struct allowedips *a, const struct owner *owner, const struct prefix *p,
		   enum allowed_origin origin);
/* P is wanted, at another one than OWNER. */
bool allowedips_moved_on(const struct allowedips *a, const struct owner *owner,
			 const struct prefix *p);
/* Compares with a dump that has entries; OWNERS[i] is who the dump's peer I is (NULL: to be
 * passed over). The queue must be empty. Of very many entries that are going a part is queued; the
 * others wait for the next comparison. */
void allowedips_compare(struct allowedips *a, const struct wg_dump *dump, struct owner **owners,
			struct allowed_drift *drift);
void allowedips_applied(struct allowedips *a); /* empties the queue */

void allowedips_mark_stale(struct allowedips *a);
/* Looks at QUANTUM entries, where it left off, and queues the removal of the stale ones; true when
 * there are more of those. */
bool allowedips_sweep(struct allowedips *a, size_t quantum);

static inline struct allowed_entry *allowed_entry_of(struct trie_node *node)
{
	return (struct allowed_entry *)node;
}

/* Learned, and not set again since the neighbour process changed. */
static inline bool allowed_entry_stale(const struct allowedips *a, const struct allowed_entry *e)
{
	return e->origin == ORIGIN_LEARNED && e->epoch != a->epoch;
}

/* The first node of T behind AT in the order of a walk; AT of family 0: of all. */
static inline struct trie_node *allowedips_behind(const struct trie *t, const struct prefix *at)
{
	struct trie_node *node = at->family ? trie_first_from(t, at) : trie_first(t);

	return node && prefix_eq(&node->p, at) ? trie_next(t, node) : node;
}

#endif
