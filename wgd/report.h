/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: the channel to zebra-lite: tunnels up, AllowedIPs down, acknowledgements up.
 *
 * A new channel gets every interface and peer, then (once each interface was tried) the end mark.
 * What comes down is the business of batches.h; ALLOWED_SYNC is answered when the sweep is over.
 */
#ifndef WGBGP_REPORT_H
#define WGBGP_REPORT_H

#include "messages.h"

struct device;
struct peer;

void report_channel(int fd); /* replaces the one before */
void report_close(void);
void report_if(struct device *dev);
void report_if_gone(struct device *dev);
void report_peer(struct peer *p);
void report_all(struct device *dev); /* the interface, and its configured peers */
void report_peer_gone(struct peer *p);
void report_settled(void); /* sends the end mark when it is time */
/* A device has removed what was stale: answers ALLOWED_SYNC behind the last. */
void report_swept(void);
void report_acked(const struct msg_allowed_ack *ack);
/* The fate of a standing entry changed: lost for REASON, or may be tried again (REASON_NONE). */
void report_refused(uint32_t peer_id, const struct prefix *p, enum reason reason);

#endif
