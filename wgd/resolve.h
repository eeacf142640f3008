/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve: endpoints given by name, looked up without blocking the daemon.
 *
 * Each lookup runs in a thread of its own (getaddrinfo blocks); what it finds comes back through a
 * pipe as an event of the loop. At most RESOLVE_AT_ONCE run at a time, others wait in a queue.
 */
#ifndef WGBGP_RESOLVE_H
#define WGBGP_RESOLVE_H

#include <stdint.h>

#include "prefix.h"

#define RESOLVE_AGAIN_MS 30000 /* of a tunnel that is down */
#define RESOLVE_AT_ONCE 4

typedef void (*resolve_fn)(uint32_t id, const char *text, const struct endpoint *found);

void resolve_open(resolve_fn fn);
void resolve_close(void);
/* Looks up TEXT (HOST:PORT) for the peer ID; FN is called later where it is found. */
void resolve_start(uint32_t id, const char *text);
void resolve_cancel(uint32_t id);

#endif
