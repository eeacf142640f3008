/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_files: puts the texts of a version back into the configuration's files. What a file said
 * lies beside it then, as FILE.rejected; mode and owner stay, a symbolic link stays one where it is
 * followed (change_place.h). Files that are as they should be are not touched, so all of it may be
 * done again after a crash.
 *
 * In two halves: where a new text cannot be written, no file was changed.
 */
#ifndef WGBGP_CHANGE_FILES_H
#define WGBGP_CHANGE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "conf_texts.h"

struct wr;

#define CHANGE_FILES_EDIT ".wgbgp-edit" /* behind a file's name: its new text, by a client */

struct change_file; /* one that has to change */
struct change_files {
	struct change_file *v;
	size_t n, cap;
	bool offered; /* by a client: what it started from is not kept beside them */
};

/* What a file says: it is appended to OUT. 0 or -errno. */
int change_files_read(const char *path, struct wr *out, struct stat *st);
/* How many of the files do not say what TEXTS are. OUT: which, as far as they fit; may be NULL. */
size_t change_files_differ(const struct conf_texts *texts, char *out, size_t size);
/* The new text that the client UID has written beside the file PATH becomes one of F, in a file of
 * our own with mode and owner of the old one, and is appended to OUT; the client's file goes. 0 or
 * -errno; -EPERM: it is somebody else's. WAS is the hash of what the client started from. */
int change_files_offer(struct change_files *f, const char *path, const char *was, int64_t uid,
		       struct wr *out);

/* Writes the new texts beside their files. 0, or -errno with WHY, which names the file. */
int change_files_prepare(const struct conf_texts *texts, struct change_files *out, char *why,
			 size_t size);
/* They take the files' places; frees F. The same errors: what could be changed is. With 0, WHY says
 * which file was edited behind a client's back, or is empty. */
int change_files_commit(struct change_files *f, char *why, size_t size);
/* Leaves the files as they are; frees F. */
void change_files_abort(struct change_files *f);
/* Both halves. */
int change_files_put(const struct conf_texts *texts, char *why, size_t size);
/* What a crash left beside the files of TEXTS goes, what clients wrote for it, too. */
void change_files_sweep(const struct conf_texts *texts);

#endif
