/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipc: a framed message channel between two of our processes, over a UNIX stream socket.
 *
 * A frame is u32 body length, u16 type, u16 zero, u32 generation of the configuration, then the
 * body, all in network order. A frame may carry one descriptor. The bodies are lib/messages.h's
 * business.
 *
 * Sending appends to a queue and never blocks; nothing is dropped. A sender of much data asks
 * ipc_full() and stops until its `drained` callback (high water 256 KiB, low water 64 KiB).
 * Receiving hands out at most a quantum of frames per turn of the loop; ipc_pause() stops reading,
 * so that the far end fills up and stops in its turn.
 */
#ifndef WGBGP_IPC_H
#define WGBGP_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define IPC_FRAME_MAX (16u * 1024 * 1024) /* bytes of body; a larger one breaks the channel */

struct ipc;

struct ipc_frame {
	uint16_t type;
	uint32_t generation;
	const uint8_t *body; /* valid during the callback only */
	size_t len;
	int fd; /* -1, or a descriptor that the callee now owns */
};

struct ipc_handlers {
	void (*frame)(void *arg, const struct ipc_frame *frame);
	void (*closed)(void *arg,
		       const char *why); /* end of file or a broken frame; free it here or later */
	void (*drained)(void *arg);	 /* fell below low water after ipc_full(); may be NULL */
};

/* Takes FD (closed by ipc_free()). HANDLERS must stay valid. */
struct ipc *ipc_new(int fd, const struct ipc_handlers *handlers, void *arg);
void ipc_free(struct ipc *ipc); /* fine inside its own callbacks, and with NULL */

void ipc_send(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len);
/* The same in two steps: what is queued goes out behind what was kicked before it was. */
void ipc_queue(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len);
void ipc_kick(struct ipc *ipc);
/* The descriptor is duplicated; the caller keeps FD. */
void ipc_send_fd(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body, size_t len,
		 int fd);
bool ipc_full(const struct ipc *ipc);
size_t ipc_queued(const struct ipc *ipc); /* bytes not yet written */
void ipc_pause(struct ipc *ipc);
void ipc_resume(struct ipc *ipc);
int ipc_flush(
	struct ipc *ipc); /* blocks until written; 0 or -errno; for the last word before exit */
/* Flushes, and leaves nothing of what was sent in memory: for secrets. 0 or -errno. */
int ipc_flush_and_wipe(struct ipc *ipc);

/* A connected pair, close-on-exec, non-blocking. 0 or -errno. */
int ipc_pair(int fds[2]);

#endif
