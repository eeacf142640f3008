/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_offer: a configuration that a client offers. It has written the files that differ beside
 * those of the configuration (change_files.h), which shows that it may write them; hashes say what
 * it started from. Where a file says something else by now, the offer is refused: who changed it,
 * and when.
 */
#ifndef WGBGP_CHANGE_OFFER_H
#define WGBGP_CHANGE_OFFER_H

#include <jansson.h>
#include <stdint.h>

#include "change_files.h"
#include "datastore.h"

struct change_offer {
	const json_t *base;  /* [{"path", "sha256"}] of all files, the main one first */
	const json_t *files; /* the same of those that were written anew */
	int64_t uid;	     /* of the client */
};

/* The configuration that is offered, with the files that differ, or NULL with ERRS; FILES are for
 * change_files_abort() then, too. A file of `base` or `files` that nothing includes is no part of
 * it: it is not even looked at. */
struct datastore_version *change_offer_read(const struct change_offer *offer,
					    struct change_files *files, struct conf_errors *errs);

/* [{"path", "sha256"}] of the files as they were committed last; a new reference. */
json_t *change_offer_base(void);

#endif
