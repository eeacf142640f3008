/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what zebra-lite is told: tunnels, the fate of entries, acknowledgements. Without a
 * channel (link_zebra.h) nobody is.
 */
#ifndef WGBGP_REPORT_H
#define WGBGP_REPORT_H

#include "messages.h"

struct device;
struct ipc;
struct peer;

void report_to(struct ipc *channel); /* it knows nothing yet; NULL: nobody is told any more */
void report_if(struct device *dev);
void report_if_gone(struct device *dev);
void report_peer(struct peer *p);
void report_all(struct device *dev); /* the interface, and its configured peers */
void report_peer_gone(struct peer *p);
bool report_full(void); /* whoever has much to tell goes on later: replay.h */
void report_held(const struct msg_allowed *m); /* learned entries that stand */
void report_synced(void); /* all was told */
/* ALLOWED_SYNC of BATCH is answered as soon as nothing is being swept. */
void report_swept_for(uint32_t batch);
/* A device has removed what was stale: answers ALLOWED_SYNC behind the last. */
void report_swept(void);
void report_acked(const struct msg_allowed_ack *ack);
/* The fate of a standing entry changed: lost for REASON, or may be tried again (REASON_NONE). */
void report_refused(uint32_t peer_id, const struct prefix *p, enum reason reason);

#endif
