/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_diff.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

#define PATH_MAX_LEN 200
#define TAIL 24 /* of the text: " and 4294967295 more" */

struct diff {
	char *out;
	size_t len, size;
	unsigned n, left; /* statements; those that did not fit */
};

static void diff_add(struct diff *d, char sign, const char *path)
{
	size_t need = strlen(path) + 1 + (d->len ? 2 : 0);

	d->n++;
	if (d->left || d->len + need + TAIL >= d->size) {
		d->left++;
		return;
	}
	d->len += (size_t)snprintf(d->out + d->len, d->size - d->len, "%s%c%s", d->len ? ", " : "",
				   sign, path);
}

/* PATH with one more word, which may have a module's name in front. */
static void longer(char out[PATH_MAX_LEN], const char *path, const char *word)
{
	const char *colon = strchr(word, ':');

	snprintf(out, PATH_MAX_LEN, "%.150s%s%.48s", path, *path ? " " : "", word);
	if (*path ||
	    !colon) /* a key may be an IPv6 address: only members of the top have modules */
		return;
	snprintf(out, PATH_MAX_LEN, "%.150s", colon + 1);
}

/* The key of an entry: its first member. */
static const char *key_of(const json_t *entry, char buf[24])
{
	void *it = json_object_iter((json_t *)entry);
	const json_t *value = it ? json_object_iter_value(it) : NULL;

	if (json_is_integer(value)) {
		snprintf(buf, 24, "%lld", (long long)json_integer_value(value));
		return buf;
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

/* Entries by key; to be freed. */
static json_t *index_of(const json_t *list)
{
	json_t *index = json_object(), *entry;
	char buf[24];
	size_t i;

	json_array_foreach (list, i, entry)
		json_object_set(index, key_of(entry, buf), entry);
	return index;
}

static void compare(struct diff *d, const char *path, const json_t *before, const json_t *after);

static bool is_list(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void compare_lists(struct diff *d, const char *path, const json_t *before,
			  const json_t *after)
{
	json_t *olds = index_of(before), *news = index_of(after), *entry;
	char at[PATH_MAX_LEN];
	const char *key;

	json_object_foreach (olds, key, entry) {
		longer(at, path, key);
		if (!json_object_get(news, key))
			diff_add(d, '-', at);
	}
	json_object_foreach (news, key, entry) {
		const json_t *old = json_object_get(olds, key);

		longer(at, path, key);
		if (old)
			compare(d, at, old, entry);
		else
			diff_add(d, '+', at);
	}
	json_decref(olds);
	json_decref(news);
}

static void compare_members(struct diff *d, const char *path, const json_t *before,
			    const json_t *after)
{
	char at[PATH_MAX_LEN];
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)before, name, value) {
		if (json_object_get(after, name))
			continue;
		longer(at, path, name);
		if (is_list(value))
			compare_lists(d, at, value, NULL);
		else
			diff_add(d, '-', at);
	}
	json_object_foreach ((json_t *)after, name, value) {
		const json_t *old = json_object_get(before, name);

		longer(at, path, name);
		if (!old && !is_list(value))
			diff_add(d, '+', at);
		else
			compare(d, at, old, value);
	}
}

static void compare(struct diff *d, const char *path, const json_t *before, const json_t *after)
{
	if (json_equal(before, after))
		return;
	if (json_is_object(before) && json_is_object(after))
		compare_members(d, path, before, after);
	else if (is_list(before) || is_list(after))
		compare_lists(d, path, before, after);
	else
		diff_add(d, '~', path);
}

unsigned conf_diff(const json_t *before, const json_t *after, char *out, size_t size)
{
	struct diff d = {.out = out, .size = size};

	ensure(size > 2 * TAIL);
	out[0] = '\0';
	compare_members(&d, "", before, after);
	if (d.left)
		snprintf(out + d.len, size - d.len, "%sand %u more", d.len ? " " : "", d.left);
	return d.n;
}
