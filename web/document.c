/* SPDX-License-Identifier: BSD-2-Clause */
#include "document.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "reply.h"

static void document_add(struct document *d, const char *text)
{
	evbuffer_add(d->out, text, strlen(text));
}

void document_begin(struct document *d)
{
	*d = (struct document){.out = evbuffer_new()};
	ensure(d->out);
}

void document_head(struct document *d, const char *list, const char *json, size_t len)
{
	if (d->begun || len < 2)
		return;
	d->begun = true;
	evbuffer_add(d->out, json, len - 1); /* the closing brace comes at the end */
	d->rows = len > 2;		     /* a member is in front */
	if (!*list)
		return;
	evbuffer_add_printf(d->out, "%s\"%s\":[", d->rows ? "," : "", list);
	d->list = true;
	d->rows = false;
}

void document_row(struct document *d, const char *json, size_t len)
{
	if (!d->list)
		return;
	document_add(d, d->rows ? ",\n" : "\n");
	evbuffer_add(d->out, json, len);
	d->rows = true;
}

static void add_error(struct document *d, const char *error)
{
	json_t *value = reply_words(error);
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	ensure(text);
	evbuffer_add_printf(d->out, "%s\"error\":%s", d->list || d->rows ? "," : "", text);
	free(text);
	json_decref(value);
}

void document_end(struct document *d, const char *error)
{
	if (!d->begun)
		document_add(d, "{");
	if (d->list)
		document_add(d, d->rows ? "\n]" : "]");
	if (error)
		add_error(d, error);
	document_add(d, "}\n");
}

void document_free(struct document *d)
{
	if (d->out)
		evbuffer_free(d->out);
	*d = (struct document){0};
}

int document_status(enum ask_end how)
{
	return how == ASK_ANSWERED  ? HTTP_OK
	       : how == ASK_REFUSED ? 502 /* Bad Gateway: who was asked says no */
				    : HTTP_SERVUNAVAIL;
}
