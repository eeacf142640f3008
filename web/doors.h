/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doors: the sockets that HTTP clients come in by. An address is ADDRESS:PORT, [ADDRESS]:PORT, or
 * the path of a UNIX socket. What is neither this machine's own (loopback) nor in the file system
 * is refused.
 */
#ifndef WGBGP_WEB_DOORS_H
#define WGBGP_WEB_DOORS_H

#include <stddef.h>

#define DOORS_MAX 16
#define DOOR_USUAL "127.0.0.1:8179"

/* A listening descriptor, or -errno with a sentence. */
int door_open(const char *address, char *error, size_t size);

#endif
