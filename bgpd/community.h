/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * community: communities (RFC 1997) as numbers and as text: HIGH:LOW, or the name of a well-known
 * one. Host order.
 */
#ifndef WGBGP_BGPD_COMMUNITY_H
#define WGBGP_BGPD_COMMUNITY_H

#include <stdbool.h>
#include <stdint.h>

#define COMMUNITY_GRACEFUL_SHUTDOWN 0xffff0000u /* RFC 8326 */
#define COMMUNITY_LLGR_STALE 0xffff0006u	/* RFC 9494 */
#define COMMUNITY_NO_LLGR 0xffff0007u
#define COMMUNITY_BLACKHOLE 0xffff029au /* RFC 7999 */
#define COMMUNITY_NO_EXPORT 0xffffff01u
#define COMMUNITY_NO_ADVERTISE 0xffffff02u
#define COMMUNITY_NO_EXPORT_SUBCONFED 0xffffff03u
#define COMMUNITY_NO_PEER 0xffffff04u /* RFC 3765 */

#define COMMUNITY_STRLEN 24

bool community_parse(const char *text, uint32_t *out); /* false: it is none */
const char *community_str(uint32_t value, char out[COMMUNITY_STRLEN]);

#endif
