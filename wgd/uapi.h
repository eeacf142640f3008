/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uapi: the text of the cross-platform WireGuard socket: requests written, answers read.
 *
 * An answer is lines of key=value and ends with an empty line; errno=N stands before it, N negative
 * or zero. The reader takes what another program sends: unknown keys are passed over, malformed
 * values of known ones make the whole answer -EBADMSG.
 */
#ifndef WGBGP_UAPI_H
#define WGBGP_UAPI_H

#include "buf.h"
#include "wg.h"

/* A whole answer has been received (it ends with an empty line). */
bool uapi_complete(const char *text, size_t len);
/* Reads an answer to get=1. DUMP must be initialised. 0, the answer's errno, or -EBADMSG. */
int uapi_read_get(const char *text, size_t len, struct wg_dump *dump);
/* Reads an answer to set=1: the errno in it, or -EBADMSG. */
int uapi_read_set(const char *text, size_t len);

void uapi_put_set(struct wr *w); /* the first line; then any of these; then uapi_put_end() */
void uapi_put_device(struct wr *w, const struct wg_device_set *set);
void uapi_put_peer(struct wr *w, const struct wg_peer_set *set);
void uapi_put_remove_peer(struct wr *w, const uint8_t *key);
/* In order; removals go by way of GRAVEYARD, which is gone again at the end. */
void uapi_put_changes(struct wr *w, const struct wg_change *changes, size_t n,
		      const uint8_t *graveyard);
void uapi_put_end(struct wr *w);

#endif
