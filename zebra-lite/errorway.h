/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * errorway: what this machine itself says from an address of a plane goes back by the plane.
 *
 * A packet too big, too old or with no way makes the kernel send an ICMP error. It is one of this
 * machine's own, so the rules by incoming interface do not hold: it would go by the main table,
 * that is nowhere, or in the clear. Its source is an address of the interface that the packet came
 * in by (IPv6 by itself, IPv4 where icmp_errors_use_inbound_ifaddr is set, which the parent does),
 * so each own address of a plane has a rule: ICMP errors from it look into the plane's table.
 *
 * Who asked such an address may be of the plane, or of another one (a LAN of the main one, say);
 * a rule does not know by what interface the question came. So answers look into the main table
 * for what it knows better than by a default route, and else into the plane's. So do the errors
 * that are answers, too: no such port or protocol, fragments missing, a header not understood. A
 * firewall's refusal of what came to such an address (administratively prohibited) cannot be told
 * from one of what goes on.
 *
 * From an address of an interface that is no tunnel, WireGuard's own packets may come, whose way is
 * the main plane's: of what it says only TCP and ICMP go by the plane.
 *
 * An address that interfaces of several planes have says nothing and has no rule.
 */
#ifndef WGBGP_ZEBRA_ERRORWAY_H
#define WGBGP_ZEBRA_ERRORWAY_H

void errorway_changed(void);  /* the configuration, addresses or interfaces */
void errorway_read_end(void); /* of addresses; that of the rules comes after it */
void errorway_reset(void);

#endif
