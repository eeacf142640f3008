/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_engine: the sessions, their sockets and their clock.
 *
 * There is a session for each one that wgd wants. It is found by interface, own and far address, or
 * by the discriminator that we chose for it. When wgd was replaced, the new one names the sessions
 * again under new ids: those that it wants go on without a change, and those that it has not named
 * by its sync message end. The sockets of a session are opened when the interface and its address
 * exist; that is tried each second.
 *
 * One timer runs, for the session that has to act next. Before a session is declared silent its
 * socket is read to the end. Nothing is allocated for a packet.
 */
#ifndef WGBGP_BFD_ENGINE_H
#define WGBGP_BFD_ENGINE_H

#include <sys/queue.h>

#include "bfd_heap.h"
#include "bfd_session.h"
#include "hash.h"
#include "log.h"

struct bfd_rx; /* the socket of an interface and family */

struct bfd_entry {
	TAILQ_ENTRY(bfd_entry) link;
	struct hash_node by_id, by_remote, by_discr;
	struct bfd_due due;
	struct msg_bfd_session want; /* as wgd said; want.id 0: not claimed by this wgd */
	struct bfd_session s;
	struct bfd_rx *rx; /* NULL while there are no sockets */
	int fd;		   /* to speak from; -1 */
	int error;	   /* -errno: why there are no sockets; 0 */
	uint64_t send_errors;
	struct log_bucket bucket;
};
TAILQ_HEAD(bfd_list, bfd_entry);

typedef void (*bfd_news_fn)(const struct bfd_entry *e, enum bfd_news news);

void bfd_engine_open(bfd_news_fn fn);
/* Ends all sessions, with a last word to the far ends; takes a tenth of a second. */
void bfd_engine_close(void);
void bfd_engine_restart(void); /* a new wgd: none is claimed yet */
void bfd_engine_want(const struct msg_bfd_session *want);
void bfd_engine_gone(uint32_t id);
void bfd_engine_sync(void); /* all were named: the others end */
const struct bfd_list *bfd_engine_sessions(void);
uint64_t bfd_engine_refused(enum bfd_refusal r); /* packets, of all sessions */

#endif
