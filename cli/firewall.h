/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall: what the chains of nftables do to an echo request, to the answer to one, or to what
 * comes to a port.
 *
 * A hint: the rule set is walked with what is known of the packet. What is not known (marks,
 * limits, maps, extensions of iptables) makes both ways possible, so a certain verdict is one
 * whatever they say. Pure: the rule set is what `nft -j list ruleset` writes.
 */
#ifndef WGBGP_CLI_FIREWALL_H
#define WGBGP_CLI_FIREWALL_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"

enum firewall_verdict { FIREWALL_PASSES, FIREWALL_PERHAPS, FIREWALL_DROPS };

struct firewall_packet {
	const char *in,
		*out; /* interfaces; "": none, it is this machine's own, or for it; NULL: ? */
	struct addr from, to; /* all zero but the family: not known */
	bool answer;	      /* an echo reply, of a flow that is known */
	uint8_t protocol;     /* IPPROTO_UDP or IPPROTO_TCP, to PORT; 0: it is an echo */
	uint16_t port;
	bool perhaps_known; /* it may be of a flow that is known */
};

/* By all filter chains of HOOK; those of "ingress" and "egress" are the interface's own. WHERE: the
 * chain that drops it, or may: "inet filter forward". */
enum firewall_verdict firewall_judge(const json_t *ruleset, const char *hook,
				     const struct firewall_packet *p, char *where, size_t size);

#endif
