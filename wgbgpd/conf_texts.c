/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_texts.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "conf.h"
#include "util.h"

void conf_texts_add(struct conf_texts *texts, const char *path, char *text, size_t len)
{
	texts->v = xgrow(texts->v, texts->n, &texts->cap, sizeof(*texts->v));
	texts->v[texts->n++] = (struct conf_text){xstrdup(path), text, len};
}

const struct conf_text *conf_texts_find(const struct conf_texts *texts, const char *path)
{
	for (size_t i = 0; i < texts->n; i++)
		if (str_eq(texts->v[i].path, path))
			return &texts->v[i];
	return NULL;
}

char *conf_texts_path(const char *from, const char *word)
{
	const char *slash = strrchr(from, '/');

	if (word[0] == '/' || !slash)
		return xstrdup(word);
	return xasprintf("%.*s/%s", (int)(slash - from), from, word);
}

bool conf_texts_equal(const struct conf_texts *a, const struct conf_texts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct conf_text *x = &a->v[i], *y = &b->v[i];

		if (!str_eq(x->path, y->path) || x->len != y->len ||
		    memcmp(x->text, y->text, x->len) != 0)
			return false;
	}
	return true;
}

void conf_texts_hash(const void *text, size_t len, char hex[CONF_HASH_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, text, len);
	sodium_bin2hex(hex, CONF_HASH_HEX, hash, sizeof(hash));
}

static void add_copy(struct conf_texts *out, const char *path, const void *text, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	conf_texts_add(out, path, copy, len);
}

void conf_texts_copy(struct conf_texts *out, const struct conf_texts *from)
{
	for (size_t i = 0; i < from->n; i++)
		add_copy(out, from->v[i].path, from->v[i].text, from->v[i].len);
}

void conf_texts_free(struct conf_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		free(texts->v[i].path);
		free(texts->v[i].text);
	}
	free(texts->v);
	*texts = (struct conf_texts){0};
}

/* ---- as one blob */

/* The first line, to be freed. *ERR: -EILSEQ, or 0. */
static char *head_line(const struct conf_texts *texts, int *err)
{
	json_t *files = json_array(), *head = json_pack("{s:o}", "files", files);
	char hex[CONF_HASH_HEX], *line;

	*err = 0;
	for (size_t i = 0; i < texts->n; i++) {
		const struct conf_text *t = &texts->v[i];

		conf_texts_hash(t->text, t->len, hex);
		if (json_array_append_new(files,
					  json_pack("{s:s, s:I, s:s}", "path", t->path, "bytes",
						    (json_int_t)t->len, "sha256", hex)) < 0)
			*err = -EILSEQ;
	}
	line = json_dumps(head, CONF_JSON_LINE);
	json_decref(head);
	return line;
}

int conf_texts_put(const struct conf_texts *texts, struct wr *out)
{
	int err;
	char *line = head_line(texts, &err);

	wr_bytes(out, line, strlen(line));
	wr_u8(out, '\n');
	for (size_t i = 0; i < texts->n; i++)
		wr_bytes(out, texts->v[i].text, texts->v[i].len);
	free(line);
	return err;
}

void conf_texts_hash_all(const struct conf_texts *texts, char hex[CONF_HASH_HEX])
{
	int err;
	char *line = head_line(texts, &err);

	conf_texts_hash(line, strlen(line), hex);
	free(line);
}

/* The next file of the blob, at *AT. */
static bool get_file(const json_t *file, const char **at, const char *end, struct conf_texts *out)
{
	const char *path = conf_str(file, "path", NULL), *hash = conf_str(file, "sha256", "");
	const json_t *length = json_object_get(file, "bytes");
	json_int_t bytes = json_is_integer(length) ? json_integer_value(length) : -1;
	char hex[CONF_HASH_HEX];

	if (!path || bytes < 0 || bytes > end - *at)
		return false;
	conf_texts_hash(*at, (size_t)bytes, hex);
	add_copy(out, path, *at, (size_t)bytes);
	*at += bytes;
	return str_eq(hash, hex);
}

int conf_texts_get(const void *blob, size_t len, struct conf_texts *out)
{
	const char *at = blob, *end = at + len, *eol = memchr(at, '\n', len);
	json_t *head = eol ? conf_read(at, (size_t)(eol - at)) : NULL;
	const json_t *files = conf_list(head, "files"), *file;
	bool good = json_array_size(files) > 0;
	size_t i;

	*out = (struct conf_texts){0};
	at = eol ? eol + 1 : end;
	json_array_foreach (files, i, file)
		good = good && get_file(file, &at, end, out);
	json_decref(head);
	if (good && at == end)
		return 0;
	conf_texts_free(out);
	return -EBADMSG;
}
