/* SPDX-License-Identifier: BSD-2-Clause */
#include "password.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "tcp_md5.h"
#include "util.h"

struct password {
	unsigned refs;
	char *text; /* of sodium_malloc() */
};

struct file {
	LIST_ENTRY(file) link;
	char *path;
	struct password *password; /* what it holds; referenced */
};

static LIST_HEAD(, file) files = LIST_HEAD_INITIALIZER(files);

static struct password *password_new(const char *text)
{
	struct password *p = xcalloc(1, sizeof(*p));

	p->refs = 1;
	p->text = sodium_malloc(strlen(text) + 1);
	if (!p->text)
		fatal("no locked memory for a password");
	memcpy(p->text, text, strlen(text) + 1);
	sodium_mprotect_readonly(p->text);
	return p;
}

struct password *password_ref(struct password *p)
{
	if (p)
		p->refs++;
	return p;
}

void password_unref(struct password *p)
{
	if (!p)
		return;
	ensure(p->refs);
	if (--p->refs)
		return;
	sodium_free(p->text);
	free(p);
}

bool password_eq(const struct password *a, const struct password *b)
{
	return a == b || (a && b && str_eq(a->text, b->text));
}

static struct file *password_find(const char *path)
{
	struct file *f;

	LIST_FOREACH (f, &files, link)
		if (str_eq(f->path, path))
			return f;
	return NULL;
}

void password_put(const char *path, const char *text)
{
	struct file *f = password_find(path);

	if (f && str_eq(f->password->text, text))
		return;
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->path = xstrdup(path);
		LIST_INSERT_HEAD(&files, f, link);
	}
	password_unref(f->password);
	f->password = password_new(text);
}

struct password *password_get(const char *path)
{
	struct file *f = password_find(path);

	return f ? password_ref(f->password) : NULL;
}

int password_set(const struct password *p, int fd, const struct addr *address)
{
	struct prefix whole = prefix_make(address->family, address->b,
					   (uint8_t)family_bits(address->family));

	return tcp_md5_set(fd, &whole, p->text, strlen(p->text));
}

void password_sweep(void)
{
	struct file *f, *next;

	for (f = LIST_FIRST(&files); f; f = next) {
		next = LIST_NEXT(f, link);
		if (f->password->refs > 1)
			continue;
		LIST_REMOVE(f, link);
		password_unref(f->password);
		free(f->path);
		free(f);
	}
}
