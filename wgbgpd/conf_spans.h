/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_spans: where the statements of a configuration's texts are, as a tree: offsets of what they
 * consist of. Statements of an included file are among those of the block that includes it.
 */
#ifndef WGBGP_CONF_SPANS_H
#define WGBGP_CONF_SPANS_H

#include "conf_texts.h"

struct span {
	size_t begin, end; /* offsets in the file's text */
};

struct statement {
	struct statement *next, *children, **last; /* in their order */
	size_t file;				   /* number in the texts */
	char *name;				   /* NULL: the whole of the first file */
	struct span whole;			   /* from its name to its ';' or '}' */
	struct span head;			   /* its name and values, without ';' and block */
	struct span body;			   /* between '{' and '}'; END 0: it has no block */
	struct span list;			   /* from '[' to ']'; END 0: it has none */
	struct span *spans;			   /* of its values or its key */
	char **values;
	size_t n, cap;
};

/* NULL: the texts are no statements to their end. */
struct statement *conf_spans(const struct conf_texts *texts);
void conf_spans_free(struct statement *top);

#endif
