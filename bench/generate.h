/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generate: tables made up, with the shape of today's Internet: six prefixes an attribute set on
 * average, the prefix lengths in their shares, AS paths of three to six, some communities. The same
 * seed gives the same table on every machine. The prefixes may come from a file instead.
 */
#ifndef WGBGP_BENCH_GENERATE_H
#define WGBGP_BENCH_GENERATE_H

#include "routes.h"

/* Adds COUNT distinct IPv4 prefixes outside special-purpose space. AS paths lack the neighbour's
 * own AS, and no next hop is set: both are given when the table is encoded. */
void generate_ipv4(struct routes *r, size_t count, uint64_t seed);

/* Adds at most COUNT prefixes from a file with a prefix first on each line (";", "#": comment; .gz
 * and .bz2 are unpacked). Returns the number added or a negative errno. */
long generate_from_file(struct routes *r, const char *path, size_t count, uint64_t seed);

/* Adds COUNT distinct IPv4 prefixes outside special-purpose space: those of the file as far as they
 * go, then made-up ones. Returns the number from the file or a negative errno. */
long generate_real_ipv4(struct routes *r, const char *path, size_t count, uint64_t seed);

#endif
