/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_texts: the files of one configuration, byte for byte as they were read; the first one is the
 * main file, the others are those that it includes, in the order in which they were met.
 *
 * As one blob they are a line of JSON, {"files": [{"path", "bytes", "sha256"}, ..]}, and behind it
 * the bytes of the files, one behind the other: comments need not be UTF-8.
 */
#ifndef WGBGP_CONF_TEXTS_H
#define WGBGP_CONF_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

struct wr;

#define CONF_FILE_MAX (64u << 20) /* bytes of one file */
#define CONF_HASH_HEX 65	  /* SHA-256 in hexadecimal, terminated */

struct conf_text {
	char *path; /* as it is opened */
	char *text; /* terminated behind LEN bytes */
	size_t len;
};

struct conf_texts {
	struct conf_text *v;
	size_t n, cap;
};

/* Takes TEXT over, which is terminated behind LEN bytes. */
void conf_texts_add(struct conf_texts *texts, const char *path, char *text, size_t len);
const struct conf_text *conf_texts_find(const struct conf_texts *texts, const char *path);
/* The path of the file WORD that FROM includes: it is relative to FROM. To be freed. */
char *conf_texts_path(const char *from, const char *word);
/* The same files with the same bytes. */
bool conf_texts_equal(const struct conf_texts *a, const struct conf_texts *b);
/* What tells one text from another. */
void conf_texts_hash(const void *text, size_t len, char hex[CONF_HASH_HEX]);
/* The same of all of them, with their paths and their order. */
void conf_texts_hash_all(const struct conf_texts *texts, char hex[CONF_HASH_HEX]);
void conf_texts_copy(struct conf_texts *out, const struct conf_texts *from);
void conf_texts_free(struct conf_texts *texts); /* and empties it */

/* 0, or -EILSEQ: a path is not UTF-8. */
int conf_texts_put(const struct conf_texts *texts, struct wr *out);
/* 0, or -EBADMSG: a byte is not as it was written; OUT is empty then. */
int conf_texts_get(const void *blob, size_t len, struct conf_texts *out);

#endif
