/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_way: the sentences of explain about packets with a certain source: where they come in,
 * the way of the answer, and what echo requests showed. Beside explain_steps.c, for the same list.
 */
#ifndef WGBGP_VIEW_EXPLAIN_WAY_H
#define WGBGP_VIEW_EXPLAIN_WAY_H

#include <stdbool.h>

struct judge;

void explain_say_source(struct judge *f);
/* What keeps a packet from the kernel's route. True: it does not come to that. */
bool explain_say_entry(struct judge *f);
/* Rules of a firewall, what the far end was told, and our own end of the way back. */
void explain_say_return(struct judge *f);
void explain_say_probe(struct judge *f);

#endif
