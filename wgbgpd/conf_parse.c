/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "conf_make.h"
#include "conf_parse_json.h"
#include "conf_schema.h"

static void parse_block(struct source *src, struct lyd_node *parent, const struct lyd_node *block);
static void include_file(struct parser *p, const char *path, struct lyd_node *parent,
			 const struct conf_pos *from);

static struct conf_pos source_pos(const struct source *src)
{
	return (struct conf_pos){src->name, src->lex.token_line, src->lex.token_col};
}

static void complain_token(struct source *src, const struct lyd_node *parent, const char *name,
			   const char *expected)
{
	struct conf_pos pos = source_pos(src);
	char buf[80];

	conf_complain(src, &pos, parent, name, "found %s; expected %s",
		      conf_lex_describe(&src->lex, buf, sizeof(buf)), expected);
}

/* Goes on behind the ';' or '}' that ends the statement of the current token; a '}' that closes the
 * block around it is left for the caller. True: the current token is that '}' or the end. */
static bool recover(struct source *src)
{
	unsigned depth = 0;

	for (;; conf_lex_next(&src->lex)) {
		switch (src->lex.token) {
		case CONF_TOKEN_EOF:
			return true;
		case CONF_TOKEN_SEMI:
			if (!depth)
				return false;
			break;
		case CONF_TOKEN_OPEN:
			depth++;
			break;
		case CONF_TOKEN_CLOSE:
			if (!depth)
				return true;
			if (!--depth)
				return false;
			break;
		default:
			break;
		}
	}
}

/* What ends with ';'. The current token is the name; behind it, the ';' or what is wrong. */
static void parse_leaf(struct source *src, struct lyd_node *parent, const struct lysc_node *schema)
{
	struct conf_pos pos = source_pos(src);
	struct lyd_node *old = NULL;
	char *value;

	if (conf_lex_next(&src->lex) != CONF_TOKEN_WORD) {
		char *expected = conf_schema_describe_type(conf_schema_type(schema));

		complain_token(src, parent, schema->name, expected);
		free(expected);
		return;
	}
	lyd_find_sibling_val(conf_siblings(src, parent), schema, NULL, 0, &old);
	if (old) {
		conf_complain(src, &pos, parent, schema->name, "is there twice; first in line %u",
			      conf_line(old));
		return;
	}
	pos = source_pos(src);
	value = xstrdup(src->lex.word);
	if (conf_lex_next(&src->lex) != CONF_TOKEN_SEMI) {
		complain_token(src, parent, schema->name, "';' after the value");
		free(value);
		return;
	}
	conf_make_value(src, parent, schema, &pos, value);
	free(value);
}

static void parse_leaf_list(struct source *src, struct lyd_node *parent,
			    const struct lysc_node *schema)
{
	bool list = conf_lex_next(&src->lex) == CONF_TOKEN_LIST;

	if (list)
		conf_lex_next(&src->lex);
	while (src->lex.token == CONF_TOKEN_WORD) {
		struct conf_pos pos = source_pos(src);

		conf_make_value(src, parent, schema, &pos, src->lex.word);
		conf_lex_next(&src->lex);
		if (!list)
			break;
	}
	if (list && src->lex.token != CONF_TOKEN_END) {
		complain_token(src, parent, schema->name, "a value or ']'");
		return;
	}
	if (list)
		conf_lex_next(&src->lex);
	if (src->lex.token != CONF_TOKEN_SEMI)
		complain_token(src, parent, schema->name,
			       list ? "';' after the list"
				    : "a value, or '[ value ... ]', and ';'");
}

/* The current token is behind the name and the key: '{' or ';'. NODE is in the tree. */
static bool parse_body(struct source *src, struct lyd_node *node)
{
	if (src->lex.token == CONF_TOKEN_SEMI)
		return true;
	if (src->lex.token != CONF_TOKEN_OPEN) {
		complain_token(src, node, NULL, "'{' or ';'");
		return false;
	}
	parse_block(src, node, node);
	return true;
}

static bool parse_container(struct source *src, struct lyd_node *parent,
			    const struct lysc_node *schema)
{
	struct conf_pos pos = source_pos(src);
	struct lyd_node *node = conf_make_container(src, parent, schema, &pos);

	conf_lex_next(&src->lex);
	return parse_body(src, node);
}

static bool parse_list(struct source *src, struct lyd_node *parent, const struct lysc_node *schema)
{
	struct conf_pos pos = source_pos(src), key_pos;
	struct lyd_node *node;

	if (conf_lex_next(&src->lex) != CONF_TOKEN_WORD) {
		complain_token(src, parent, schema->name, "the entry's name before '{'");
		return false;
	}
	key_pos = source_pos(src);
	node = conf_make_entry(src, parent, schema, &pos, src->lex.word, &key_pos);
	if (!node)
		return false;
	conf_lex_next(&src->lex);
	return parse_body(src, node);
}

static void parse_include(struct source *src, struct lyd_node *parent)
{
	struct conf_pos pos = source_pos(src);
	char *path;

	if (conf_lex_next(&src->lex) != CONF_TOKEN_WORD) {
		complain_token(src, parent, "include", "a file");
		return;
	}
	path = conf_texts_path(src->name, src->lex.word);
	if (conf_lex_next(&src->lex) != CONF_TOKEN_SEMI) {
		complain_token(src, parent, "include", "';' after the file");
		free(path);
		return;
	}
	if (!src->p->reader)
		conf_complain(src, &pos, parent, "include", "is only possible in a file");
	else if (src->p->depth >= CONF_INCLUDE_DEPTH)
		conf_complain(src, &pos, parent, "include", "is nested more than %d deep",
			      CONF_INCLUDE_DEPTH);
	else if (src->p->included >= CONF_INCLUDE_FILES)
		conf_complain(src, &pos, parent, "include", "more than %d files",
			      CONF_INCLUDE_FILES);
	else
		include_file(src->p, path, parent, &pos);
	free(path);
}

static void complain_unknown(struct source *src, struct lyd_node *parent,
			     const struct lysc_node *schema)
{
	struct conf_pos pos = source_pos(src);

	conf_complain_unknown(src, &pos, parent, schema, src->lex.word);
}

/* The current token is the first of a statement. True: a block that was read to its end, which is
 * the current token; else recover() finds the end, a ';' that is the current token first of all. */
static bool parse_statement(struct source *src, struct lyd_node *parent)
{
	const struct lysc_node *outer = parent ? parent->schema : NULL;
	const struct lysc_node *schema;

	if (src->lex.token != CONF_TOKEN_WORD || src->lex.quoted) {
		complain_token(src, parent, NULL, "a statement");
		return false;
	}
	if (str_eq(src->lex.word, "include")) {
		parse_include(src, parent);
		return false;
	}
	schema = conf_schema_find(src->p->ctx, outer, src->lex.word);
	if (!schema || lysc_is_key(schema)) {
		complain_unknown(src, parent, outer);
		return false;
	}
	switch (schema->nodetype) {
	case LYS_CONTAINER:
		return parse_container(src, parent, schema);
	case LYS_LIST:
		return parse_list(src, parent, schema);
	case LYS_LEAF:
		parse_leaf(src, parent, schema);
		return false;
	default: /* a leaf-list: a module has nothing else */
		parse_leaf_list(src, parent, schema);
		return false;
	}
}

static bool is_at_end(const struct source *src, bool in_block)
{
	return src->lex.token == CONF_TOKEN_EOF || (src->lex.token == CONF_TOKEN_CLOSE && in_block);
}

/* Statements to the end of the file, or (BLOCK not NULL) to the '}', which is then the current
 * token. */
static void parse_block(struct source *src, struct lyd_node *parent, const struct lyd_node *block)
{
	struct conf_pos opened = source_pos(src);

	for (conf_lex_next(&src->lex); !is_at_end(src, block); conf_lex_next(&src->lex)) {
		if (src->lex.token == CONF_TOKEN_SEMI)
			continue;
		if (src->lex.token != CONF_TOKEN_CLOSE &&
		    (parse_statement(src, parent) || !recover(src)))
			continue;
		if (is_at_end(src, block))
			break;
		complain_token(src, parent, NULL, "a statement"); /* a '}' of no block */
	}
	if (src->lex.token == CONF_TOKEN_EOF && block)
		conf_complain(src, &opened, parent, NULL,
			      "this '{' has no '}' before the end of the file");
}

/* Files of others that are given to us by mistake, known by how a line of theirs begins. */
static const struct {
	const char *line, *what;
} strangers[] = {
	{"[Interface]", "a file of wg-quick(8)"},
	{"[Peer]", "a file of wg-quick(8)"},
	{"frr version", "a configuration of FRR"},
	{"frr defaults", "a configuration of FRR"},
	{"router bgp ", "a configuration of FRR"},
	{"service integrated-vtysh-config", "a configuration of FRR"},
	{"!\n", "a configuration of FRR"},
	{"protocol device", "a configuration of BIRD"},
};

static const struct {
	const char *bytes, *what;
} marks[] = {
	{"\xef\xbb\xbf", "begins with a byte order mark; expected UTF-8 without one"},
	{"\xff\xfe", "is UTF-16; expected UTF-8"},
	{"\xfe\xff", "is UTF-16; expected UTF-8"},
};

/* One sentence in place of a hundred about its statements. True: said. */
static bool is_foreign(struct parser *p, const char *name, const char *text)
{
	struct conf_pos pos = {name, 1, 1};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (strncmp(text, marks[i].bytes, strlen(marks[i].bytes)) == 0) {
			conf_error(p->errs, &pos, "the file %s", marks[i].what);
			return true;
		}
	for (const char *at = text; at && *at; at = strchr(at, '\n'), pos.line++) {
		at += pos.line > 1;
		for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
			if (strncmp(at, strangers[i].line, strlen(strangers[i].line)) == 0) {
				conf_error(p->errs, &pos,
					   "'%.*s': this is %s; expected statements of "
					   "wgbgp.conf(5)",
					   (int)strcspn(at, "\r\n"), at, strangers[i].what);
				return true;
			}
	}
	return false;
}

static void parse_text(struct parser *p, const char *name, const char *text, size_t len,
		       struct lyd_node *parent)
{
	struct source *src;

	if (is_foreign(p, name, text))
		return;
	src = xmalloc(sizeof(*src));
	src->p = p;
	src->name = conf_file_name(p->conf, name);
	conf_lex_init(&src->lex, text, len);
	parse_block(src, parent, NULL);
	free(src);
}

/* ---- readers */

/* 0 or -errno. Nobody waits for whoever would write into a FIFO. */
static int read_regular(struct conf_reader *r, const char *path, int fd, struct wr *text)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return wr_fill(text, fd, CONF_FILE_MAX);
	snprintf(r->why, sizeof(r->why), "%s: it is no regular file", path);
	return -EINVAL;
}

static char *read_whole(struct conf_reader *r, const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;
	struct wr text = {0};

	if (fd < 0)
		return NULL;
	err = read_regular(r, path, fd, &text);
	close(fd);
	if (err) {
		wr_free(&text);
		errno = -err;
		return NULL;
	}
	*len = text.len;
	wr_u8(&text, '\0');
	return (char *)text.data;
}

static char *read_known(struct conf_reader *r, const char *path, size_t *len)
{
	const struct conf_text *known = conf_texts_find(r->arg, path);
	char *copy;

	if (!known) {
		errno = ENOENT;
		return NULL;
	}
	*len = known->len;
	copy = xmalloc(known->len + 1);
	memcpy(copy, known->text, known->len + 1);
	return copy;
}

/* ---- files */

/* Each file is read once, so that what is kept is what was parsed. NULL with errno. */
static const struct conf_text *file_text(struct parser *p, const char *path)
{
	const struct conf_text *known = conf_texts_find(&p->conf->texts, path);
	size_t len;
	char *text;

	if (known)
		return known;
	p->reader->why[0] = '\0';
	text = p->reader->read(p->reader, path, &len);
	if (!text)
		return NULL;
	conf_texts_add(&p->conf->texts, path, text, len);
	return conf_texts_find(&p->conf->texts, path);
}

static void complain_file(struct parser *p, const char *path, const struct conf_pos *from)
{
	const struct conf_pos here = {path, 0, 0};
	int err = errno;

	if (p->reader->why[0])
		conf_error(p->errs, NULL, "%s", p->reader->why);
	else if (from)
		conf_error(p->errs, from, "include: %s: %s", path, strerror(err));
	else
		conf_error(p->errs, &here, "%s", strerror(err));
}

static void include_file(struct parser *p, const char *path, struct lyd_node *parent,
			 const struct conf_pos *from)
{
	const struct conf_text *file = file_text(p, path);
	const char *text = file ? file->text : NULL;
	size_t len = file ? file->len : 0;

	p->included++;
	if (!text) {
		complain_file(p, path, from);
		return;
	}
	if (!from && text[strspn(text, " \t\r\n")] == '{') {
		conf_parse_json(p, path, text, len);
	} else {
		p->depth++;
		parse_text(p, path, text, len, parent);
		p->depth--;
	}
}

static struct conf *parser_result(struct parser *p, unsigned errors_before)
{
	if (p->errs->errors > errors_before) {
		conf_free(p->conf);
		return NULL;
	}
	conf_prune(p->conf);
	return p->conf;
}

struct conf *conf_parse_by(struct ly_ctx *ctx, const char *path, struct conf_reader *reader,
			   struct conf_errors *errs)
{
	struct parser p = {.ctx = ctx, .conf = conf_new(ctx), .errs = errs, .reader = reader};
	unsigned before = errs->errors;

	include_file(&p, path, NULL, NULL);
	return parser_result(&p, before);
}

struct conf *conf_parse_file(struct ly_ctx *ctx, const char *path, struct conf_errors *errs)
{
	struct conf_reader reader = {.read = read_whole};

	return conf_parse_by(ctx, path, &reader, errs);
}

struct conf *conf_parse_texts(struct ly_ctx *ctx, const struct conf_texts *texts,
			      struct conf_errors *errs)
{
	struct conf_reader reader = {.read = read_known, .arg = texts};

	ensure(texts->n > 0);
	return conf_parse_by(ctx, texts->v[0].path, &reader, errs);
}

struct conf *conf_parse_text(struct ly_ctx *ctx, const char *name, const char *text, size_t len,
			     struct conf_errors *errs)
{
	struct parser p = {.ctx = ctx, .conf = conf_new(ctx), .errs = errs};
	char *copy = xmalloc(len + 1);
	unsigned before = errs->errors;

	memcpy(copy, text, len);
	copy[len] = '\0';
	if (copy[strspn(copy, " \t\r\n")] == '{')
		conf_parse_json(&p, name, copy, len);
	else
		parse_text(&p, name, copy, len, NULL);
	free(copy);
	return parser_result(&p, before);
}
