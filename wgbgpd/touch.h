/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * touch: which tunnel interfaces and BGP neighbors a change of the configuration touches. Pure: two
 * effective configurations (conf_effective.h) as JSON, the one that runs and the one that is to.
 *
 * An interface is touched by what is said of it and of its peers, by its plane, and by what rides
 * on it: neighbors at its peers' tunnel addresses or in its networks with the policies that they
 * name, static routes that lead there or lie in what its peers are permitted. What concerns all
 * neighbors or all routes touches every interface that has some.
 *
 * It is not touched where a peer is removed or disabled, the neighbor at its tunnel address with
 * it: a revocation must not wait for anything. Nor are interfaces that are new. Descriptions and
 * `system` touch nothing. What one interface loses since another one's paths became better is not
 * seen here.
 */
#ifndef WGBGP_TOUCH_H
#define WGBGP_TOUCH_H

#include <jansson.h>

/* {NAME: "neighbor 10.9.0.2"}: each touched interface of BEFORE, with the first statement that
 * touches it; a new reference. BEFORE may be NULL. */
json_t *touch_interfaces(const json_t *before, const json_t *after);
/* What is there before and after, and is not touched: {"neighbors": {ADDRESS: true}, "peers":
 * {"INTERFACE PEER": true}}; a new reference. A neighbor on an interface that is touched, or at the
 * address of a peer that is revoked, is not of them; nor are peers that are disabled, or have no
 * endpoint: those come and go. */
json_t *touch_stays(const json_t *before, const json_t *after);

#endif
