/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_internal: what the files of fib share: a batch of prefixes on its way into both tables.
 *
 * From bottom to top: fib_batch.c has the two batches, fib_entry.c makes messages to wgd,
 * fib_cover.c and fib_plan.c say what each phase of a batch does (fib.h) and do nothing themselves,
 * fib_run.c does it, fib_refused.c notes what was refused, fib_turn.c fills a batch from the queue,
 * fib_held.c and fib_wgd.c deal with a wgd that we have just met, fib_order.c decides whose turn it
 * is.
 */
#ifndef WGBGP_ZEBRA_FIB_INTERNAL_H
#define WGBGP_ZEBRA_FIB_INTERNAL_H

#include "fib.h"
#include "out.h"

#define BATCH_MAX 4096 /* prefixes */

/* fib_gate.c: what was read so far, and what wgd has answered. */
extern struct fib_gate {
	bool kernel_ready; /* its tables */
	bool earlier;	   /* when they were read first they had routes of an earlier life */
	bool wgd_met;	   /* its tunnels, once */
	bool swept;	   /* what is stale of ours has been queued for removal */
	uint32_t next;	   /* number of the next message with entries; 0: none yet */
	uint32_t acked;	   /* the last one that was answered */
	uint32_t unsets;   /* the last one by which entries go; 0: none yet */
	uint32_t waived;   /* the last one that is not waited for any more; 0: none */
} fib_gate;
/* Whichever message is the later one; 0 is none. */
uint32_t fib_later(uint32_t a, uint32_t b);

struct item {
	struct rib_node *node;
	struct fib *target;	 /* owned reference */
	struct fib_owner *given; /* owned: entries handed to the covering route's owner; peer NULL:
				    wgd refused, and the entry went instead */
	unsigned n_given;
	struct addr hop; /* that gives the route */
	int err;	 /* the kernel's, 0 fine */
	uint16_t bad;	 /* owners of the target that wgd refused, a bit each */
	uint8_t write;	 /* enum route_op: what is planned */
	uint8_t drop;	 /* enum fib_drop */
	bool urgent;	 /* it was queued so */
	bool removed;	 /* the target has no route */
};

/* Why an item drops out of a batch under way: its route stays as it is, and is looked at again. */
enum fib_drop {
	DROP_NOT,
	DROP_ROOT,   /* wgd refused the owner that the route leads to, or its object is gone */
	DROP_BEHIND, /* it would catch or let go what belongs to one that did, or is not settled */
};

enum batch_state {
	BATCH_FREE,    /* empty, or being put together */
	BATCH_ASKED,   /* at wgd, or waits for the one before it that is */
	BATCH_WRITING, /* handed to the kernel, and not yet in the books */
};

struct batch {
	struct item items[BATCH_MAX];
	uint16_t by_length[BATCH_MAX]; /* indices of items, longest prefix first */
	unsigned n;
	enum batch_state state;
	bool grows;	       /* all get a route or keep it, and no object has to do with them */
	bool urgent;	       /* some are */
	bool stops;	       /* what is queued waits until this one is done */
	uint32_t awaited;      /* ASKED: number of the answer; 0: none, but its turn */
	uint64_t patience_ms;  /* ASKED: it waits until then for what others asked; 0: its answer */
	uint32_t unsets;       /* fib_unsets_on() the tunnels by which packets leave then that left
				  elsewhere before */
	uint32_t ticket;       /* WRITING: of out.route_flush() */
	uint64_t moves_before; /* fib_moves() when the entries were put together */
};

static inline bool fib_has_route(const struct fib *f)
{
	return f && f->type;
}

/* fib_batch.c. One is put together while the other may be under way. */
extern struct batch fib_batches[2];
struct batch *fib_other(const struct batch *b);
struct item *fib_item(const struct rib_node *n); /* NODE_IN_BATCH is set */
/* What N has behind the batch that it is in, if it is in one. */
const struct fib *fib_after(const struct rib_node *n);
/* The next item, for N; there is room. */
struct item *fib_batch_put(struct batch *b, struct rib_node *n);
void fib_batch_sort(struct batch *b);
/* Neither entries nor objects have to do with it, so no order: it may still be on its way into the
 * kernel while the next batch is put together. */
bool fib_batch_is_plain(const struct batch *b);
/* It is free, its prefixes to be looked at again. */
void fib_batch_abort(struct batch *b);
void fib_batch_free(struct batch *b); /* of items that are dealt with */

/* fib_entry.c: a message to wgd that is being put together; its array is kept. */
struct fib_entries {
	struct msg_allowed m;
	size_t cap;
	uint32_t sets; /* of its changes */
};
/* The node of P in that plane; NULL: there is none, or no such plane. */
struct rib_node *fib_node_in(const struct prefix *p, unsigned plane);
/* Who has the entry in another plane, where that was leaked; PLANE negative: whichever. */
struct tunnel_peer *fib_owner_elsewhere(const struct prefix *p, uint32_t ifindex, int plane);
void fib_entry(struct fib_entries *to, enum allowed_op op, const struct tunnel_peer *peer,
	       const struct prefix *p);
/* For N's entry that stands, unless the plan has one there. Where there is no room it goes. */
void fib_plan_entry(struct fib_plan *plan, const struct rib_node *n, const struct fib_owner *o,
		    struct fib_entries *to);

/* fib_cover.c. IT's route goes away: where its addresses then leave by an interface on which it has
 * an entry, the entry goes to the covering route's owner before. Where who that is, or the way of
 * the covering route, is known behind this batch only, IT waits. The last fib_unsets_on() those
 * interfaces. */
uint32_t fib_hand_over(struct item *it, struct fib_entries *to);
/* wgd refused what was given to PEER: the entry where it was has to go before the route. */
void fib_give_refused(struct item *it, const struct tunnel_peer *peer, struct fib_entries *to);
/* The interface's entry is dealt with by the two above; not where who was to have it is gone: it
 * may be where it was. */
bool fib_was_given(const struct item *it, uint32_t ifindex);
/* Packets for N's addresses leave by the interface where N has no route. */
bool fib_found_behind(const struct rib_node *n, uint32_t ifindex);
/* How often routes went another way outside of batches: with their object, or by somebody's hand.
 * Who covers whom may be another one then. */
uint64_t fib_moves(void);

/* fib_plan.c: the phases of a batch. Each is planned when it begins, by what is known then. */
void fib_plan_entries(struct batch *b, struct fib_entries *to); /* 1 */
void fib_plan_routes(struct batch *b);				/* 3: item.write */
/* 4, for one: the entries that go when all went well. */
void fib_plan_unsets(const struct item *it, struct fib_entries *to);
/* The same when not all went well: what is there with the route of FROM (NULL: none), and the
 * entries so far as wgd took them. */
void fib_plan_rest(const struct item *it, const struct fib *from, struct fib_plan *plan,
		   struct fib_entries *to);

/* fib_refused.c: what was refused becomes a reason that is told and heeded. */
void fib_route_refused(struct item *it); /* by the kernel: IT's error */
/* By wgd: it does not have the entry, whatever it was asked and had said before. */
void fib_entry_refused(const struct msg_allowed_refused *m, struct fib_entries *to);
void fib_entry_free(const struct msg_allowed_refused *m); /* it may be asked for again */

/* fib_run.c: does what is planned. */
void fib_run_routes(struct batch *b);			     /* hands them to the kernel */
void fib_run_books(struct batch *b, struct fib_entries *to); /* which has written them */
/* Takes every route of ours out of the kernel that NUMBERS gives another place (those in force: all
 * of them), entries stay. */
struct zconfig;
void fib_run_removal(const struct zconfig *numbers);

/* fib_turn.c: fills B, which is empty, from the queue. WITH_ENTRIES: the last one had some. True:
 * this turn's share was looked at, and there is more. */
bool fib_turn(struct batch *b, bool with_entries);
void fib_turn_reset(void);

/* fib_linger.c */
void fib_linger(struct rib_node *n, enum fib_linger how);

/* fib_held.c. The books: N has the entry of PEER, too, at a wgd that we have just met. */
void fib_hold(struct rib_node *n, struct tunnel_peer *peer, struct fib_entries *to);
/* N's entries are to stay, or to go. */
void fib_replay(struct rib_node *n, struct fib_entries *to);

/* fib_wgd.c: the conversation with wgd. */
struct fib_entries *fib_wgd_entries(void); /* what is sent next */
uint32_t fib_wgd_send(void);		   /* the number that its answer has; 0: nothing to send */
void fib_wgd_sync_when(bool settled);	   /* no entry is missing in what was sent: wgd may sweep */
bool fib_wgd_listens(void);		   /* it may be sent to */
bool fib_wgd_is_new(void);		   /* it has not got everything again */
/* Sends it some. True: there is more to do. SETTLED: it may sweep when that was all. */
bool fib_wgd_replay(bool settled);
bool fib_wgd_swept(uint32_t answer);	/* that was the answer to it, and to nothing else */
bool fib_wgd_replayed(uint32_t answer); /* that was the end of the replay */
bool fib_wgd_idle(void);
void fib_wgd_begin(void);
void fib_wgd_lost(void);
void fib_wgd_forget(void); /* what is not sent, and the answer to a replay */
void fib_wgd_reset(void);

#endif
