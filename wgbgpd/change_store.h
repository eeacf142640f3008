/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_store: STATEDIR/commits, which outlives a crash and a reboot:
 *
 *     index    journal and history (change_index.h), a JSON document
 *     NUMBER   the texts of one version (conf_texts.h)
 *
 * All are 0600, in a directory of 0700. Each is written beside its place, on the disk, and then
 * takes it: what is read was written whole. Of two wgbgpd with one STATEDIR the second has no
 * store. Where none can be had, -errno says why, and nothing is kept.
 */
#ifndef WGBGP_CHANGE_STORE_H
#define WGBGP_CHANGE_STORE_H

#include "change_index.h"
#include "conf_texts.h"

/* Reads the index of the configuration MAIN, an absolute path; without one it is empty. */
int change_store_open(const char *main, struct change_index *out);
/* Why there is none: 0 or -errno. */
int change_store_error(void);
void change_store_close(void);

int change_store_put(uint32_t number, const struct conf_texts *texts);
/* 0 with OUT for conf_texts_free(), or -errno; -EBADMSG: damaged. */
int change_store_get(uint32_t number, struct conf_texts *out);
/* Writes INDEX. Forgets the oldest records, when there are too many, and versions without one. */
int change_store_save(struct change_index *index);

#endif
