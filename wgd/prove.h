/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prove: does an interface carry packets now? What was known before the question does not count.
 *
 * Echo requests go to the first tunnel address of each peer until one of them lives: an answer
 * came, or WireGuard received something from it since, as it does within ten seconds also from a
 * far end that answers no echo requests; and its tunnel is not down. One peer is enough.
 */
#ifndef WGBGP_WGD_PROVE_H
#define WGBGP_WGD_PROVE_H

#include <stdbool.h>

#include "show.h"

struct device;
struct icmp_answer;

/* Request `prove` (`interface`), answered within 12 s by {"peer", "by", "why"}: PEER lives, BY echo
 * or received; or null, and WHY there is none. */
void prove_request(struct show *s);
void prove_step(struct show *s);
void prove_finish(struct show *s);

/* True: it was an answer to a request of this. */
bool prove_answer(const struct device *dev, const struct icmp_answer *a);

#endif
