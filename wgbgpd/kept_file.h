/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kept_file: STATEDIR/keep-in, the unreachable routes that keep packets in (I10), so that a reboot
 * does not forget them. wgbgpd writes it, and `wgbgpd -k` puts it into the kernel before there is a
 * network.
 *
 * One text file, the same routes being the same bytes:
 *
 *     # wgbgp keep-in 1
 *     192.168.2.0/24 table 254 proto 222 metric 4294967294
 *     # end 1
 *
 * A line is what ip(8) takes behind `route add unreachable`; the last one has the number of routes.
 * The default route of the main table is kept in by another table (zebra-lite/keepin_default.h),
 * and has the priority of the first of the rules that lead there:
 *
 *     0.0.0.0/0 table 22200 proto 222 metric 4294967294 priority 32763
 *
 * Who reads it is root, so a file that differs from what would be written in any byte is refused as
 * a whole; so is one that others than its owner can write.
 */
#ifndef WGBGP_KEPT_FILE_H
#define WGBGP_KEPT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

#define KEPT_FILE_MAX 400000	/* routes: more than zebra-lite keeps in all planes */
#define KEPT_PRIORITY_MAX 32763 /* three rules, and behind them the main table's */

struct kept_route {
	struct prefix prefix;	/* in the main plane: the table says which it is */
	uint32_t table, metric; /* of the kernel */
	uint32_t protocol;	/* rtm_protocol */
	uint32_t priority;	/* of the first rule that leads to the table; 0: none of ours */
};

struct kept {
	struct kept_route *routes;
	size_t n, cap;
};

/* False: it is no route that keeps packets in, and not added. */
bool kept_add(struct kept *k, const struct kept_route *r);
void kept_free(struct kept *k);

/* 0 with *OUT for kept_free(); -ENOENT; else -errno or -EINVAL with WHY, a sentence. */
int kept_file_read(const char *path, struct kept *out, char *why, size_t size);
/* To a new file that takes the old one's place, on the disk when this returns. 0 or -errno. */
int kept_file_write(const char *path, const struct kept *k);

#endif
