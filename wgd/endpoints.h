/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoints: where peers were last heard from, on disk, so that a hub reaches the sites behind NAT
 * at once after a reboot instead of waiting until they speak.
 *
 * One text file, endpoints, in STATEDIR (LOCALSTATEDIR/lib/wgbgp, or WGBGP_STATEDIR of the
 * environment): a line "INTERFACE KEY ENDPOINT" a peer. Written some seconds after a change, to a
 * new file that then takes the old one's place. A state directory that cannot be written is said
 * once; nothing else depends on it.
 */
#ifndef WGBGP_ENDPOINTS_H
#define WGBGP_ENDPOINTS_H

#include <stdbool.h>

#include "prefix.h"
#include "wg.h"

void endpoints_open(void);  /* reads the file */
void endpoints_close(void); /* writes what is pending, frees */
/* False when none is known. */
bool endpoints_find(const char *ifname, const uint8_t *key, struct endpoint *out);
void endpoints_note(const char *ifname, const uint8_t *key, const struct endpoint *endpoint);

#endif
