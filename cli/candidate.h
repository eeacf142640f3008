/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate: a configuration that an operator edits: the texts of its files, and the tree that they
 * make. Statements are changed in the texts (conf_edit.h), so that comments and all other lines
 * stay; then the texts are read again. What would not be a configuration any more is undone.
 */
#ifndef WGBGP_CLI_CANDIDATE_H
#define WGBGP_CLI_CANDIDATE_H

#include "conf_edit.h"
#include "conf_tree.h"
#include "configure_path.h"

struct candidate {
	struct ly_ctx *ctx;
	struct conf *base; /* as the files were read; with their texts */
	struct conf *now;
	struct conf_texts texts; /* of NOW */
};

/* Reads the file MAIN and what it includes; NULL after errors, which are on ERRS. */
struct candidate *candidate_new(struct ly_ctx *ctx, const char *main, struct conf_errors *errs);
void candidate_free(struct candidate *c); /* NULL is fine */
bool candidate_changed(const struct candidate *c);
void candidate_discard(struct candidate *c);
/* What is committed is the base from now on. */
void candidate_committed(struct candidate *c);

/* An edit of the texts: 0, or -ENOENT or -EEXIST. HOLDS: it is in the tree; may be NULL. */
struct candidate_edit {
	int (*edit)(struct candidate *c, struct conf_edit *e, void *arg);
	bool (*holds)(const struct conf *conf, void *arg);
	void *arg;
};
/* 0, or -errno of the edit; -EINVAL: what comes of it is no configuration, ERRS says why;
 * -ENOTSUP: the texts are written in a way that the edit does not reach. */
int candidate_edit(struct candidate *c, const struct candidate_edit *edit,
		   struct conf_errors *errs);

/* All values of LINE, or its place where it has none. */
int candidate_set(struct candidate *c, const struct configure_line *line, struct conf_errors *errs);
/* The values of LINE, or else its leaf, all entries of its list, its place. */
int candidate_delete(struct candidate *c, const struct configure_line *line,
		     struct conf_errors *errs);
/* Another key for the entry AT. */
int candidate_rename(struct candidate *c, const struct configure_path *at, const char *key,
		     struct conf_errors *errs);

/* A place in the words of the texts, whose keys may be written in another form (FD00::1); of the
 * first N steps. */
struct candidate_place {
	struct conf_step steps[CONFIGURE_DEPTH];
	struct conf_path at;
};
void candidate_place(const struct conf_edit *e, const struct configure_path *at, size_t n,
		     struct candidate_place *out);
void candidate_place_free(struct candidate_place *place);

#endif
