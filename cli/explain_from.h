/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_from: facts about packets with a certain source: where they come from, the kernel's way
 * for them, and the way of the answer as far as this router knows it.
 */
#ifndef WGBGP_CLI_EXPLAIN_FROM_H
#define WGBGP_CLI_EXPLAIN_FROM_H

#include "explain_ask.h"

/* The fact "source": an address of this machine, or behind which interface. */
void explain_ask_source(struct gathering *g);
/* In a plane: whether sockets have to be bound to get there, as its rules do not ask for the
 * source; true of packets of others. Kept in the fact "source", behind that. */
bool explain_is_bound(struct gathering *g);
/* The fact "kernel", of packets with that source; of a socket that is bound to INTERFACE, or "". */
void explain_ask_way(struct gathering *g, const char *interface);
/* The fact "back", where answers come in by INTERFACE. */
void explain_ask_back(struct gathering *g, const char *interface);
/* The facts "firewall", "back" and "announced"; behind all others. False with g->error. */
bool explain_ask_return(struct gathering *g);

#endif
