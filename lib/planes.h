/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * planes: the planes of the configuration: names, numbers, and which interface belongs to which.
 *
 * The parent gives each plane a number that stays (wgbgpd's conf_effective.h), so it means the same
 * in all daemons. A plane that the configuration no longer has keeps its name here until another
 * one gets its number: what is left of it can still be named.
 */
#ifndef WGBGP_PLANES_H
#define WGBGP_PLANES_H

#include <jansson.h>

#include "prefix.h"

#define PLANE_MAIN 0
#define PLANE_NAME_MAX 65

/* Keeps what the following say; true when interfaces belong to other planes than before. */
bool planes_read(const json_t *config);
bool plane_present(uint8_t plane);     /* the configuration has it; the main one always */
bool planes_several(void);	       /* there is one besides the main one */
const char *plane_name(uint8_t plane); /* "main"; "" for a number without a plane */
int plane_by_name(const char *name);   /* its number, or -1 */
/* The plane that NAME, an interface, belongs to. */
uint8_t plane_of_interface(const char *name);
/* It is a tunnel of a plane besides the main one. */
bool plane_is_tunnel(const char *name);

/* The I-th interface of a plane besides the main one; NULL: no more. */
const char *plane_interface(uint8_t plane, size_t i);
const char *plane_tunnel(uint8_t plane, size_t i); /* those that are tunnels alone */

/* The entry of list "plane" in the configuration with this number, or NULL. */
const json_t *plane_conf(const json_t *config, uint8_t plane);

#endif
