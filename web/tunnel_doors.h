/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel_doors: addresses behind a tunnel: only who comes in by that WireGuard interface reaches
 * them. The interface has to be one of a plane that has a name: in the main plane every site would
 * come. wgbgpd is asked for that, and again every few seconds: one whose interface has come to the
 * main plane, or is gone, is closed, with the connections that came in by it, until it may be open
 * again.
 */
#ifndef WGBGP_WEB_TUNNEL_DOORS_H
#define WGBGP_WEB_TUNNEL_DOORS_H

#include <stdbool.h>

/* ADDRESS is one with an interface; it must stay. */
void tunnel_door_wait(const char *address);
bool tunnel_door_is_open(const char *address);
void tunnel_door_drop(const char *address); /* it is shut; also fine when it is none */
void tunnel_doors_free(void);

#endif
