/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_md5: passwords of TCP connections (RFC 2385). The kernel keeps them in a table of each
 * socket, by the far end's address. A connection inherits the password that the listening socket
 * has for its far end. From an address that has a password only signed segments are accepted.
 */
#ifndef WGBGP_TCP_MD5_H
#define WGBGP_TCP_MD5_H

#include <stddef.h>

#include "prefix.h"

#define TCP_MD5_MAX 80 /* bytes of a password */

/* The password of all addresses in FROM, whose family is FD's; the longest prefix wins. LEN 0: none
 * any more, fine where there was none. 0 or -errno: -ENOPROTOOPT where the kernel has no TCP MD5,
 * -ENOMEM where net.core.optmem_max is too little for so many. */
int tcp_md5_set(int fd, const struct prefix *from, const void *password, size_t len);

#endif
