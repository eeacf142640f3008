/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datastore: the running configuration, and the candidate that may become it.
 */
#ifndef WGBGP_DATASTORE_H
#define WGBGP_DATASTORE_H

#include <jansson.h>

#include "conf_load.h"

/* One configuration with a number, in every form that is needed. */
struct datastore_version {
	struct conf_loaded loaded;
	char *text;   /* effective, as JSON for the daemons */
	size_t len;   /* of text */
	json_t *json; /* the same, parsed */
	uint32_t generation;
};

void datastore_init(struct ly_ctx *ctx, const char *path);
const char *datastore_path(void); /* of the main file */
/* Reads the file; NULL after errors. The caller frees it or makes it the running one. */
struct datastore_version *datastore_read(struct conf_errors *errs);
/* The same of files that were read before. FLAGS: enum conf_check_flags. */
struct datastore_version *datastore_read_texts(const struct conf_texts *texts, unsigned flags,
					       struct conf_errors *errs);
/* The same of the files as READER gives them. */
struct datastore_version *datastore_read_by(struct conf_reader *reader, unsigned flags,
					    struct conf_errors *errs);
/* V has no WireGuard interface, while BEFORE (NULL: nothing) has: an empty file, comments alone.
 * Says it. */
bool datastore_would_empty(const struct datastore_version *before,
			   const struct datastore_version *v, struct conf_errors *errs);
/* Another version of the running one with a log level of the operator's. */
struct datastore_version *datastore_with_log_level(const char *level);
const struct datastore_version *datastore_running(void); /* NULL before the first commit */
/* `system hostname` of the running configuration, or the kernel's host name; valid until the next
 * call. */
const char *datastore_hostname(void);
void datastore_set_running(struct datastore_version *version); /* takes it over */
/* The same; the caller gets what ran before (NULL: nothing did). */
struct datastore_version *datastore_exchange(struct datastore_version *version);
/* Another number for a version that is applied once more. */
void datastore_renumber(struct datastore_version *version);
void datastore_version_free(struct datastore_version *version);
void datastore_free(void);

#endif
