/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports: for tests: TCP ports of this machine, as others use them. ADDRESS is an IPv4 or IPv6 one,
 * numbers are in host order.
 */
#ifndef WGBGP_PORTS_H
#define WGBGP_PORTS_H

#include <stdbool.h>

/* Listens there; PORT 0: at any that is free. The socket never blocks, and is the caller's to
 * close; the check fails where there is none to be had. */
int port_take(const char *address, unsigned port);
unsigned port_of(int fd);
unsigned port_any(void); /* one that nobody has now */

bool port_is_free(const char *address, unsigned port); /* nobody has bound a socket to it */
bool port_answers(const char *address, unsigned port); /* somebody listens there */

#endif
