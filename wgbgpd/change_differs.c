/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_differs.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change_journal.h"
#include "change_offer.h"
#include "conf.h"
#include "conf_texts.h"
#include "util.h"

/* A file as it was committed, and as it was read last. */
struct mark {
	char *path;
	char hex[CONF_HASH_HEX];
	struct stat at;
	bool known, differs;
};

static struct mark *marks;
static size_t n_marks;
static unsigned marked; /* the commit that they are of */

static void marks_free(void)
{
	for (size_t i = 0; i < n_marks; i++)
		free(marks[i].path);
	free(marks);
	marks = NULL;
	n_marks = 0;
}

static void marks_read(void)
{
	json_t *base = change_offer_base(), *row;
	size_t i;

	marks_free();
	marks = xcalloc(json_array_size(base) + 1, sizeof(*marks));
	json_array_foreach (base, i, row) {
		struct mark *m = &marks[n_marks++];

		m->path = xstrdup(conf_str(row, "path", ""));
		str_copy(m->hex, conf_str(row, "sha256", ""), sizeof(m->hex));
	}
	json_decref(base);
	marked = change_journal.committed;
}

/* NULL: it cannot be read. */
static char *text_of_file(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = (size_t)st->st_size, len = 0;
	char *text = fd >= 0 ? xcalloc(size + 1, 1) : NULL;
	ssize_t n = 1;

	while (fd >= 0 && len < size && n > 0) {
		n = read(fd, text + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (len == size)
		return text;
	free(text);
	return NULL;
}

static bool says_else(const struct mark *m, const struct stat *st)
{
	char hex[CONF_HASH_HEX] = "", *text;

	if (!S_ISREG(st->st_mode) || st->st_size > CONF_FILE_MAX)
		return true;
	text = text_of_file(m->path, st);
	if (text)
		conf_texts_hash(text, (size_t)st->st_size, hex);
	free(text);
	return !str_eq(hex, m->hex);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool mark_differs(struct mark *m)
{
	struct stat st;

	if (stat(m->path, &st) < 0)
		return true;
	if (!m->known || !is_same_file(&m->at, &st))
		m->differs = says_else(m, &st);
	m->known = true;
	m->at = st;
	return m->differs;
}

bool change_differs(void)
{
	bool any = false;

	if (!marks || marked != change_journal.committed)
		marks_read();
	for (size_t i = 0; i < n_marks; i++)
		any |= mark_differs(&marks[i]);
	return any;
}
