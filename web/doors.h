/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doors: the sockets that HTTP clients come in by. An address is ADDRESS:PORT, [ADDRESS]:PORT, or
 * the path of a UNIX socket. Others than those of this machine itself (loopback) and of the file
 * system are refused, unless a token is wanted of whoever comes; or they are
 * ADDRESS:PORT@INTERFACE: who comes in by that interface alone, a tunnel of a plane
 * (tunnel_doors.h). That may be all addresses, at a port that a loopback address has, too.
 */
#ifndef WGBGP_WEB_DOORS_H
#define WGBGP_WEB_DOORS_H

#include <stdbool.h>
#include <stddef.h>

#define DOORS_MAX 16
#define DOOR_USUAL "127.0.0.1:8179"

/* What stands behind the last @ of ADDRESS; NULL: nothing. */
const char *door_interface(const char *address);
/* A listening descriptor, or -errno with a sentence. GUARDED: who comes has to know a token. */
int door_open(const char *address, bool guarded, char *error, size_t size);

#endif
