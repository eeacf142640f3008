/* SPDX-License-Identifier: BSD-2-Clause */
/* document: an answer of a daemon as wgbgp-cli's `json` writes it, made as it comes. */
#ifndef WGBGP_WEB_DOCUMENT_H
#define WGBGP_WEB_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/buffer.h>

#include "asker.h"

struct document {
	struct evbuffer *out; /* what was not taken out */
	bool begun, list, rows;
};

void document_begin(struct document *d);
void document_head(struct document *d, const char *list, const char *json, size_t len);
void document_row(struct document *d, const char *json, size_t len);
void document_end(struct document *d, const char *error); /* ERROR may be NULL */
void document_free(struct document *d);			  /* also fine when it was not begun */
/* The status of HTTP where it was asked for, and nothing of it is sent yet. */
int document_status(enum ask_end how);

#endif
