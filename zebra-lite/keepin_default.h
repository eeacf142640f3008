/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keepin_default: keeps in what nothing but a default route covers (keepin.h): an entry
 * `permit 0.0.0.0/0` or `::/0` in the main table.
 *
 * An unreachable default route there would lose against somebody else's, and two unreachable halves
 * would take the packets from the tunnel's own default route. So three rules come before the main
 * table's, and behind them is a table that has the tunnel's default route, the same as the main
 * table has, and an unreachable one:
 *
 *   PRIORITY      the main table, but not its default routes: networks, longer routes, host routes
 *   PRIORITY + 1  encrypted packets with a mark of our interfaces: all of the main table
 *   PRIORITY + 2  the table
 *
 * The last one alone would refuse all that is not for this host: it is there while the others are.
 * Endpoints that only a default route covers have host routes then (pin.h). The rules wait for
 * these, so that tunnels which are at work are not cut off; without end where the kernel refuses
 * the host route of such a tunnel, or of a host that is spared. Those found at the start are in
 * force at once. All of it goes with keep.h: put back, swept, taken out at the end.
 */
#ifndef WGBGP_ZEBRA_KEEPIN_DEFAULT_H
#define WGBGP_ZEBRA_KEEPIN_DEFAULT_H

#include <jansson.h>
#include <stdbool.h>

#include "out.h"

/* After keepin_configure(). True: keepin_default_on() has another answer for some family. */
bool keepin_default_configure(const json_t *config);
bool keepin_default_permitted(uint8_t family); /* it is configured, be it possible or not */
bool keepin_default_on(uint8_t family);	       /* endpoints need host routes */
bool keepin_default_leads(uint8_t family);     /* the tunnel's default route is in the table */
bool keepin_default_refuses(uint8_t family);   /* packets meet the unreachable route */
bool keepin_default_installed(uint8_t family);
uint32_t keepin_default_table(void);
uint32_t keepin_default_priority(void); /* of the first rule */

/* The tunnel's default route by K's interface, object, gateway and ways; NULL: there is none. Puts
 * back what somebody took. */
void keepin_default_route(uint8_t family, const struct kroute *k);
bool keepin_default_waits(void); /* for keepin_default_arm() */
void keepin_default_arm(void);	 /* every endpoint is reached by the main table: rules may come */
void keepin_default_read_end(void); /* before the ends of rules and side routes */
void keepin_default_reset(void);

#endif
