/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "conns.h"
#include "plain.h"

struct text {
	unsigned refs;
	size_t len;
	char *bytes;
};

static size_t bytes_kept;

struct text *text_new(char *bytes, size_t len)
{
	struct text *text = xcalloc(1, sizeof(*text));

	*text = (struct text){.refs = 1, .len = len, .bytes = bytes};
	bytes_kept += len;
	return text;
}

struct text *text_of_doc(json_t *doc, size_t flags)
{
	char *bytes = json_dumps(doc, flags);

	ensure(bytes);
	json_decref(doc);
	return text_new(bytes, strlen(bytes));
}

void text_unref(struct text *text)
{
	if (!text || --text->refs)
		return;
	bytes_kept -= text->len;
	free(text->bytes);
	free(text);
}

size_t texts_bytes(void)
{
	return bytes_kept;
}

static void on_sent(const void *data, size_t len, void *arg)
{
	text_unref(arg);
}

void reply_heads(struct evhttp_request *req, const char *type)
{
	struct evkeyvalq *heads = evhttp_request_get_output_headers(req);

	evhttp_add_header(heads, "Content-Type", type);
	evhttp_add_header(heads, "X-Content-Type-Options", "nosniff");
	if (!evhttp_find_header(heads, "Cache-Control"))
		evhttp_add_header(heads, "Cache-Control", "no-store");
}

/* evhttp sends a body with the head alone, too, where it is given one. */
static void reply_head(struct evhttp_request *req, int status, size_t len)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%zu", len);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Length", digits);
	evhttp_send_reply(req, status, NULL, NULL);
}

static void reply_body(struct evhttp_request *req, int status, struct text *text)
{
	struct evbuffer *body = evbuffer_new();

	ensure(body);
	text->refs++;
	if (evbuffer_add_reference(body, text->bytes, text->len, on_sent, text) < 0)
		fatal("out of memory");
	evhttp_send_reply(req, status, NULL, body);
	evbuffer_free(body);
}

void reply_text(struct evhttp_request *req, int status, const char *type, struct text *text)
{
	conns_taking(req, text->len);
	reply_heads(req, type);
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		reply_head(req, status, text->len);
	else
		reply_body(req, status, text);
}

json_t *reply_words(const char *text)
{
	char *own = xstrdup(text);
	json_t *words;

	plain_utf8(own);
	words = json_string(own);
	ensure(words);
	free(own);
	return words;
}

json_t *reply_error_doc(const char *text)
{
	return json_pack("{s:o}", "error", reply_words(text ? text : "no answer"));
}

void reply_error(struct evhttp_request *req, int status, const char *fmt, ...)
{
	struct text *text;
	va_list ap;
	char *why;

	va_start(ap, fmt);
	why = xvasprintf(fmt, ap);
	va_end(ap);
	text = text_of_doc(reply_error_doc(why), JSON_COMPACT);
	reply_text(req, status, REPLY_JSON, text);
	text_unref(text);
	free(why);
}
