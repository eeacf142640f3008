/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_edit: what a single change makes of a text; and candidates at random, written into commented
 * files, against a model: the same changes made to the tree as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf.h"
#include "conf_edit.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "conf_schema.h"

static struct ly_ctx *ctx;
static const char *srcdir;

static void add_text(struct conf_texts *t, const char *path, const char *text)
{
	conf_texts_add(t, path, xstrdup(text), strlen(text));
}

/* ---- single changes */

/* STEPS: "a b:key" */
static size_t parse_path(char *text, struct conf_step steps[8])
{
	size_t n = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		char *colon = strchr(word, ':');

		if (colon)
			*colon = '\0';
		steps[n++] = (struct conf_step){word, colon ? colon + 1 : NULL};
	}
	return n;
}

static const struct {
	const char *text, *path, *op, *name, *value, *want; /* WANT NULL: it is refused */
} rows[] = {
	{"a { b 1; } # c\n", "a", "set", "b", "2", "a { b 2; } # c\n"},
	{"a { b 1; } # c\n", "a", "set", "d", "x y", "a { b 1; d \"x y\"; } # c\n"},
	{"a {\n\tb 1; # c\n}\n", "a", "set", "d", "2", "a {\n\tb 1; # c\n\td 2;\n}\n"},
	{"a {\n  # c\n}\n", "a", "set", "d", "2", "a {\n  # c\n    d 2;\n}\n"},
	{"a { }\n", "a", "set", "d", "2", "a { d 2; }\n"},
	{"a {}", "a", "set", "d", "2", "a { d 2; }"},
	{"# c", "a", "set", "d", "2", "# c\na {\n    d 2;\n}\n"},
	{"x 1;\n", "a l:k", "set", "d", "2", "x 1;\na {\n    l k {\n        d 2;\n    }\n}\n"},
	{"l k; # c\n", "l:k", "set", "d", "2", "l k { d 2; } # c\n"},
	{"a { b 1; }\na { d 1; }\n", "a", "set", "d", "2", "a { b 1; }\na { d 2; }\n"},
	{"a { b 1; }\na { d 1; }\n", "a", "set", "e", "2", "a { b 1; }\na { d 1; e 2; }\n"},
	{"a {\n  b 1; # c\n  d 2;\n}\n", "a", "delete", "b", NULL, "a {\n  # c\n  d 2;\n}\n"},
	{"a {\n  b 1;\n  d 2;\n}\n", "a", "delete", "b", NULL, "a {\n  d 2;\n}\n"},
	{"a { b 1; d 2; }\n", "a", "delete", "d", NULL, "a { b 1; }\n"},
	{"a { b 1; d 2; }\n", "a", "delete", "x", NULL, NULL},
	{"b 1;", "", "delete", "b", NULL, ""},
	{"a { l [ x y ]; }\n", "a", "add", "l", "z", "a { l [ x y z ]; }\n"},
	{"a { l [ x # c\n y # d\n ]; }\n", "a", "add", "l", "z",
	 "a { l [ x # c\n y z # d\n ]; }\n"},
	{"a { l x; }\n", "a", "add", "l", "z", "a { l [ x z ]; }\n"},
	{"a { l []; }\n", "a", "add", "l", "z", "a { l [ z ]; }\n"},
	{"a { l x; }\n", "a", "add", "l", "x", NULL},
	{"a { }\n", "a", "add", "l", "x", "a { l x; }\n"},
	{"a { l [ x y ]; }\n", "a", "remove", "l", "x", "a { l [ y ]; }\n"},
	{"a { l [ x ]; }\n", "a", "remove", "l", "x", "a { l [ ]; }\n"},
	{"a { l x; m 1; }\n", "a", "remove", "l", "x", "a { m 1; }\n"},
	{"a { l x; }\n", "a", "remove", "l", "y", NULL},
	{"a {\n  l k { x 1; } # c\n  l m;\n}\n", "a l:k", "drop", NULL, NULL,
	 "a {\n  # c\n  l m;\n}\n"},
	{"a {\n  l k;\n  l m;\n}\n", "a l:k", "drop", NULL, NULL, "a {\n  l m;\n}\n"},
	{"a 1;\na { }\na { b 1; }\n", "a", "drop", NULL, NULL, "a 1;\n"},
	{"a { l k { x 1; } }\n", "a l:k", "rename", NULL, "new one",
	 "a { l \"new one\" { x 1; } }\n"},
	{"a { l k; l m; }\n", "a l:k", "rename", NULL, "m", NULL},
	{"a { l k; l m; }\n", "a l:k", "rename", NULL, "k", NULL},
	{"a { l k; }\n", "a", "make", NULL, NULL, NULL},
	{"a {\n  l k;\n}\n", "a l:m", "make", NULL, NULL, "a {\n  l k;\n  l m {\n  }\n}\n"},
};

static int change(struct conf_edit *e, struct conf_path at, const char *op, const char *name,
		  const char *value)
{
	return str_eq(op, "set")      ? conf_edit_set(e, at, name, value)
	       : str_eq(op, "add")    ? conf_edit_add(e, at, name, value)
	       : str_eq(op, "remove") ? conf_edit_remove(e, at, name, value)
	       : str_eq(op, "delete") ? conf_edit_delete(e, at, name)
	       : str_eq(op, "drop")   ? conf_edit_delete_place(e, at)
	       : str_eq(op, "make")   ? conf_edit_make(e, at)
				      : conf_edit_rename(e, at, value);
}

static void test_single_changes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conf_step steps[8];
		char *path = xstrdup(rows[i].path);
		struct conf_path at = {steps, parse_path(path, steps)};
		struct conf_texts t = {0};
		struct conf_edit *e;
		int err;

		add_text(&t, "/c", rows[i].text);
		e = conf_edit_new(&t);
		assert_non_null(e);
		err = change(e, at, rows[i].op, rows[i].name, rows[i].value);
		assert_int_equal(err == 0, rows[i].want != NULL);
		assert_string_equal(conf_edit_texts(e)->v[0].text,
				    rows[i].want ? rows[i].want : rows[i].text);
		conf_edit_free(e);
		conf_texts_free(&t);
		free(path);
	}
}

/* What is in an included file is changed there. */
static void test_includes(void **state)
{
	static const struct conf_step steps[] = {{"a", NULL}, {"l", "k"}};
	struct conf_path at = {steps, 2};
	struct conf_texts t = {0};
	struct conf_edit *e;

	add_text(&t, "/d/c", "a {\n  include more; # c\n}\n");
	add_text(&t, "/d/more", "l k {\n  x 1;\n}");
	e = conf_edit_new(&t);
	assert_non_null(e);
	assert_int_equal(conf_edit_set(e, at, "x", "2"), 0);
	assert_int_equal(conf_edit_set(e, at, "y", "3"), 0);
	assert_string_equal(conf_edit_texts(e)->v[0].text, "a {\n  include more; # c\n}\n");
	assert_string_equal(conf_edit_texts(e)->v[1].text, "l k {\n  x 2;\n  y 3;\n}");
	at.n = 1;
	assert_int_equal(conf_edit_set(e, at, "z", "4"), 0);
	assert_string_equal(conf_edit_texts(e)->v[0].text, "a {\n  include more; # c\n  z 4;\n}\n");
	conf_edit_free(e);
	conf_texts_free(&t);
}

static void test_no_statements(void **state)
{
	static const char *const texts[] = {"a {", "a }",    "a",	   "{ }",	"a [ b;",
					    "\"",  "a 1 2;", "include x;", "include c;"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct conf_texts t = {0};

		add_text(&t, "/c", texts[i]);
		assert_null(conf_edit_new(&t));
		conf_texts_free(&t);
	}
}

/* ---- at random */

static unsigned random_below(unsigned n)
{
	return (unsigned)random() % n;
}

/* The file, each line with a comment that no other one has, but for those that are in a list. */
static void add_commented(struct conf_texts *t, const char *name)
{
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name), line[1024], *text;
	FILE *f = fopen(path, "re"), *out;
	static unsigned number;
	size_t len;

	assert_non_null(f);
	out = open_memstream(&text, &len);
	while (fgets(line, sizeof(line), f)) {
		bool quiet = strchr(line, '#') || random_below(3) == 0;

		if (random_below(4) == 0)
			fprintf(out, "\t# own %u\n", number++);
		fprintf(out, "%.*s", (int)strcspn(line, "\n"), line);
		if (!quiet)
			fprintf(out, "  # behind %u;", number++);
		fputc('\n', out);
	}
	fclose(f);
	fclose(out);
	conf_texts_add(t, path, text, len);
	free(path);
}

static json_t *tree_of(const struct conf_texts *texts)
{
	struct conf_errors errs = {0};
	struct conf *conf = conf_parse_texts(ctx, texts, &errs);
	char *text;
	json_t *json;

	if (!conf) {
		conf_errors_print(&errs, stderr);
		fail_msg("not read:\n%s", texts->v[0].text);
	}
	text = conf_print_json(conf, false);
	json = conf_read(text, strlen(text));
	free(text);
	conf_free(conf);
	conf_errors_free(&errs);
	return json;
}

/* What one walk chose: an object of the tree, and the way to it. */
struct choice {
	struct conf_step steps[16];
	size_t n;
	json_t *object, *list; /* LIST: of which it is an entry */
	size_t index;
	unsigned seen;
};

static const char *plain(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

static const char *key_of(json_t *entry)
{
	return json_string_value(json_object_iter_value(json_object_iter(entry)));
}

/* Each object of the tree has the same chance. */
static void choose(struct choice *out, struct choice *at)
{
	const char *name;
	json_t *value, *entry;
	size_t i;

	if (random_below(++out->seen) == 0) {
		unsigned seen = out->seen;

		*out = *at;
		out->seen = seen;
	}
	json_object_foreach (at->object, name, value) {
		struct choice in = *at;

		in.steps[in.n++] = (struct conf_step){plain(name), NULL};
		in.object = value;
		in.list = NULL;
		if (json_is_object(value))
			choose(out, &in);
		json_array_foreach (value, i, entry) {
			if (!json_is_object(entry) || !key_of(entry))
				continue;
			in.object = entry;
			in.list = value;
			in.index = i;
			in.steps[in.n - 1].key = key_of(entry);
			choose(out, &in);
		}
	}
}

/* A member of the object that is not its key; NULL: there is none. */
static const char *some_member(const struct choice *c, json_t **value)
{
	unsigned skip = c->list ? 1 : 0, n = (unsigned)json_object_size(c->object);
	void *it = json_object_iter(c->object);

	if (n <= skip)
		return NULL;
	for (unsigned i = skip + random_below(n - skip); i--;)
		it = json_object_iter_next(c->object, it);
	*value = json_object_iter_value(it);
	return json_object_iter_key(it);
}

static bool has_name(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static bool set_some(struct conf_edit *e, struct conf_path at, const struct choice *c)
{
	static const char *const numbers[] = {
		"listen-port", "persistent-keepalive", "cost",	    "metric",
		"hold-time",   "max-prefix",	       "max-peers", NULL};
	static const char *const described[] = {"interface", "peer", "neighbor", NULL};
	static const char *const texts[] = {"word", "two words", "a;b", "# none",
					    "\"",   "{",	 "x\\y"};
	const char *text = texts[random_below(ARRAY_SIZE(texts))];
	unsigned number = 10 + random_below(50);
	json_t *value;
	const char *name = some_member(c, &value);
	char digits[16];

	if (c->list && has_name(described, c->steps[c->n - 1].name)) {
		assert_int_equal(conf_edit_set(e, at, "description", text), 0);
		json_object_set_new(c->object, "description", json_string(text));
		return true;
	}
	if (!name || !has_name(numbers, name) || !json_is_integer(value))
		return false;
	snprintf(digits, sizeof(digits), "%u", number);
	assert_int_equal(conf_edit_set(e, at, name, digits), 0);
	json_object_set_new(c->object, name, json_integer(number));
	return true;
}

static bool change_list(struct conf_edit *e, struct conf_path at, const struct choice *c)
{
	static const char *const prefixes[] = {"permit", "network", "listen-range", NULL};
	json_t *value;
	const char *name = some_member(c, &value);
	char text[32];
	size_t i;

	if (!name || !has_name(prefixes, name) || !json_is_array(value))
		return false;
	if (json_array_size(value) > 1 && random_below(2)) {
		i = random_below((unsigned)json_array_size(value));
		assert_int_equal(
			conf_edit_remove(e, at, name, json_string_value(json_array_get(value, i))),
			0);
		json_array_remove(value, i);
		return true;
	}
	snprintf(text, sizeof(text), "10.%u.%u.0/24", random_below(200), random_below(200));
	if (conf_edit_add(e, at, name, text) == 0)
		json_array_append_new(value, json_string(text));
	return true;
}

static bool rename_some(struct conf_edit *e, struct conf_path at, const struct choice *c)
{
	static const char *const named[] = {"peer", "policy", "neighbor-group", "term", NULL};
	static unsigned number;
	char key[32];

	if (!c->list || !has_name(named, c->steps[c->n - 1].name))
		return false;
	snprintf(key, sizeof(key), "new-%u", number++);
	assert_int_equal(conf_edit_rename(e, at, key), 0);
	json_object_set_new(c->object, json_object_iter_key(json_object_iter(c->object)),
			    json_string(key));
	return true;
}

static bool delete_some(struct conf_edit *e, struct conf_path at, const struct choice *c)
{
	json_t *value;
	const char *name = some_member(c, &value);

	if (!name || json_is_object(value) ||
	    (json_is_array(value) && json_is_object(json_array_get(value, 0))))
		return false;
	assert_int_equal(conf_edit_delete(e, at, plain(name)), 0);
	json_object_del(c->object, name);
	return true;
}

static bool drop_some(struct conf_edit *e, struct conf_path at, const struct choice *c)
{
	if (!c->list)
		return false;
	assert_int_equal(conf_edit_delete_place(e, at), 0);
	json_array_remove(c->list, c->index);
	return true;
}

/* Containers and lists without anything are not there. */
static void prune(json_t *object)
{
	const char *name;
	json_t *value, *entry;
	void *next;
	size_t i;

	json_object_foreach_safe(object, next, name, value)
	{
		if (json_is_object(value))
			prune(value);
		json_array_foreach (value, i, entry)
			if (json_is_object(entry))
				prune(entry);
		if ((json_is_object(value) && !json_object_size(value)) ||
		    (json_is_array(value) && !json_array_size(value)))
			json_object_del(object, name);
	}
}

/* Every comment of BEFORE, in its order, but for those in what went as a whole. */
static void comments_are_there(const char *before, const char *after, bool whole)
{
	const char *at = after;

	for (const char *p = before; (p = strchr(p, '#')); p++) {
		size_t len = strcspn(p, "\n");
		char *comment = xasprintf("%.*s\n", (int)len, p);
		const char *found = strstr(at, comment);

		if (found)
			at = found + 1;
		else if (!whole &&
			 (strncmp(p, "# own ", 6) == 0 || strncmp(p, "# behind ", 9) == 0))
			fail_msg("%s is gone from:\n%s\n---- which was:\n%s", comment, after,
				 before);
		free(comment);
	}
}

static void random_candidate(void)
{
	static bool (*const changes[])(struct conf_edit *, struct conf_path,
				       const struct choice *) = {
		set_some, change_list, rename_some, delete_some, set_some, drop_some};
	struct conf_texts t = {0};
	struct conf_edit *e;
	json_t *model, *made;

	add_commented(&t, "hub.conf");
	add_commented(&t, "hub-peers.inc");
	e = conf_edit_new(&t);
	assert_non_null(e);
	model = tree_of(&t);
	for (int done = 0; done < 6;) {
		struct choice top = {.object = model}, c = {0};
		struct conf_texts before = {0};
		unsigned kind = random_below(ARRAY_SIZE(changes));

		choose(&c, &top);
		conf_texts_copy(&before, conf_edit_texts(e));
		if (changes[kind](e, (struct conf_path){c.steps, c.n}, &c)) {
			done++;
			prune(model);
			made = tree_of(conf_edit_texts(e));
			if (!json_equal(made, model))
				fail_msg("change %u at %s %s:\n%s", kind, c.steps[c.n - 1].name,
					 c.steps[c.n - 1].key ? c.steps[c.n - 1].key : "",
					 conf_edit_texts(e)->v[0].text);
			json_decref(made);
			for (size_t i = 0; i < before.n; i++)
				comments_are_there(before.v[i].text, conf_edit_texts(e)->v[i].text,
						   changes[kind] == drop_some);
		}
		conf_texts_free(&before);
	}
	json_decref(model);
	conf_edit_free(e);
	conf_texts_free(&t);
}

static void test_random_candidates(void **state)
{
	const char *seed = getenv("WGBGP_SEED");
	unsigned number = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)time(NULL);

	print_message("seed %u\n", number);
	srandom(number);
	for (int i = 0; i < 500; i++)
		random_candidate();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_changes),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_no_statements),
		cmocka_unit_test(test_random_candidates),
	};
	struct conf_errors errs = {0};
	char *yang;
	int failed;

	srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	yang = xasprintf("%s/yang", srcdir);
	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	ctx = conf_schema_load(conf_schema_dir(), &errs);
	if (!ctx)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ly_ctx_destroy(ctx);
	return failed;
}
