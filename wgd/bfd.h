/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd: wgd's side of BFD: which sessions bfdd is to have, and what becomes of its news.
 *
 * Each configured peer with a tunnel address gets one session where BFD is on, from the interface's
 * own address of that family, while the device is READY. What bfdd was told is kept beside the peer
 * and compared with what is wanted; a new bfdd is told everything again.
 *
 * BFD's silence alone is not the tunnel's: its daemon over there may have died. So at SUSPECT the
 * device is read, at EXPIRED again, and liveness is told from when on a byte received contradicts
 * it. All peers whose news came together share a reading.
 */
#ifndef WGBGP_WGD_BFD_H
#define WGBGP_WGD_BFD_H

#include "loop.h"
#include "messages.h"
#include "silence.h"

struct device;
struct peer;

struct peer_bfd {
	struct msg_bfd_session sent; /* id 0: bfdd has none of this peer */
	bool asked;		     /* the next news is how a session stands, not a change */
	bool suspect, expired;	     /* a reading is due for it */
	uint64_t again_at;	     /* ms: EXPIRED, and that is the second one; 0: the first */
	struct silence silence;	     /* since SUSPECT */
	struct timer confirm;	     /* EXPIRED was found, not seen: time to show life */
};

void bfd_channel(int fd); /* to a new bfdd */
void bfd_settled(void);	  /* perhaps every device was tried by now */
void bfd_close(void);
/* The interface came, went or changed, or its configuration did. */
void bfd_device(struct device *dev);
void bfd_forget(struct peer *p); /* before it is freed */

#endif
