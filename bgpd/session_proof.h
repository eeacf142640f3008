/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_proof: does the neighbour still know this session?
 *
 * A session may outlive its tunnel: silence alone does not end it. When the tunnel is back the
 * neighbour may have been without power in between, and know nothing of what it told us: its paths
 * would lead into nothing until its TCP refuses what we send next. So something is sent at once,
 * and until it is acknowledged, or a message came, the next hops behind the tunnel stay down
 * (nexthop.h). Where the session ends instead, its paths go with it, before anybody used them.
 */
#ifndef WGBGP_BGPD_SESSION_PROOF_H
#define WGBGP_BGPD_SESSION_PROOF_H

#include "peer.h"

/* Asks for the proof, unless it is asked for; the hook `proved` says when it is there, or when
 * there is no session any more. False: the session is younger than SINCE (ms), or there is none. */
bool session_prove(struct peer *p, uint64_t since);

/* Of session.c. */
void session_proof_init(struct session *s);
void session_proof_free(struct session *s);

#endif
