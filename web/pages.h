/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages: the files of a directory, by their names: read at the start and never again, so that the
 * process needs no right to open files. `/` is index.html, and `/DIR/` that of a directory.
 */
#ifndef WGBGP_WEB_PAGES_H
#define WGBGP_WEB_PAGES_H

#include <stddef.h>

#include <event2/http.h>

#define PAGES_FILES_MAX 256
#define PAGES_BYTES_MAX (16u * 1024 * 1024)

/* The number of files, or -errno; -EFBIG: too many, or too large. */
int pages_read(const char *dir);
/* One more, that is asked for as PATH; 0 or -errno. */
int pages_read_file(const char *file, const char *path);
void pages_free(void);

/* PATH as in the URI, decoded. */
void pages(struct evhttp_request *req, const char *path);

#endif
