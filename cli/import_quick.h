/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_quick: files of wg-quick(8): those of wg(8) with some keys more.
 *
 * Sections [Interface] and [Peer] of lines KEY = VALUE; # begins a comment anywhere; names count in
 * upper or lower case alike. Every key that the two programs document is known by name: what has no
 * statement with us becomes a note, as does a key that nobody documents. A comment in front of a
 * peer, behind its [Peer] or on its first line is what it is called.
 */
#ifndef WGBGP_CLI_IMPORT_QUICK_H
#define WGBGP_CLI_IMPORT_QUICK_H

#include <stdio.h>

#include "import_model.h"

/* The interface is called as the file is, without ".conf". What is wrong is a note each, of weight
 * IMPORT_ERROR. */
void import_quick_file(struct import *im, const char *path);
/* The same of an open file; NAME stands for it in notes. */
void import_quick_read(struct import *im, const char *name, FILE *file);

#endif
