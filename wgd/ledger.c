/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "log.h"
#include "util.h"

#define COMPACT_MIN_LINES 4096
#define IMPORTED "imported"

/* An item of a set is its line without the sign: "entry 10.0.0.0/8". */
struct item {
	struct hash_node node; /* first */
	char text[];
};

struct ledger {
	char *path;
	int ifindex;
	FILE *file;
	struct hash_table items;
	size_t lines;	/* in the file, `=` lines not counted */
	size_t compact; /* so many of them, most of them void, and it is written anew */
	int error;	/* of writing, negative: the file does not say what the sets say */
};

static struct item *ledger_find(const struct ledger *l, const char *text)
{
	struct hash_node *n = hash_find(&l->items, hash_bytes(text, strlen(text)));

	while (n && !str_eq(((struct item *)n)->text, text))
		n = hash_find_next(n);
	return (struct item *)n;
}

static void put_line(struct ledger *l, char sign, const char *text)
{
	if (!l->error && fprintf(l->file, "%c %s\n", sign, text) < 0)
		l->error = -errno;
	l->lines++;
}

static void insert(struct ledger *l, const char *text)
{
	size_t len = strlen(text);
	struct item *item = xmalloc(sizeof(*item) + len + 1);

	memcpy(item->text, text, len + 1);
	hash_insert(&l->items, &item->node, hash_bytes(text, len));
}

static void ledger_drop(struct ledger *l, struct item *item)
{
	hash_remove(&l->items, &item->node);
	free(item);
}

static FILE *ledger_create(const char *path, int ifindex)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (file)
		fprintf(file, "wgbgp-ledger 1 %d\n", ifindex);
	return file;
}

/* 0 or -errno; what an earlier call could not write is an error for good. */
static int ledger_write(FILE *file)
{
	return fflush(file) != 0 ? -errno : ferror(file) ? -EIO : 0;
}

static void write_items(const struct ledger *l, FILE *file)
{
	for (struct hash_node *n = hash_first(&l->items); n; n = hash_next(&l->items, n))
		fprintf(file, "+ %s\n", ((struct item *)n)->text);
}

/* Writes the file anew with what is valid, then takes it for the old one. 0 or -errno. */
static int compact(struct ledger *l)
{
	char *tmp = xasprintf("%s.new", l->path);
	FILE *file = ledger_create(tmp, l->ifindex);
	int err = file ? 0 : -errno;

	if (file) {
		write_items(l, file);
		err = ledger_write(file);
		if (err == 0 && rename(tmp, l->path) < 0)
			err = -errno;
	}
	if (err == 0) {
		if (l->file)
			fclose(l->file);
		l->file = file;
		l->lines = l->items.count;
		l->compact = COMPACT_MIN_LINES;
	} else if (file) {
		fclose(file);
		unlink(tmp);
	}
	free(tmp);
	return err;
}

/* False: it is in there. */
static bool ledger_add(struct ledger *l, const char *text)
{
	if (ledger_find(l, text))
		return false;
	put_line(l, '+', text);
	insert(l, text);
	return true;
}

static void ledger_take(struct ledger *l, const char *text)
{
	struct item *item = ledger_find(l, text);

	if (!item)
		return;
	ledger_drop(l, item);
	put_line(l, '-', text);
}

static bool ledger_read_line(struct ledger *l, char *line)
{
	struct item *item;

	if (strlen(line) < 3 || line[1] != ' ')
		return false;
	item = ledger_find(l, line + 2);
	if (line[0] == '+' && !item)
		insert(l, line + 2);
	else if (line[0] == '-' && item)
		ledger_drop(l, item);
	else if (!strchr("+-=", line[0]))
		return false;
	return true;
}

/* False when there is none for this interface. */
static bool read_file(struct ledger *l)
{
	FILE *file = fopen(l->path, "re");
	char line[256];
	int ifindex = -1;

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file) || sscanf(line, "wgbgp-ledger 1 %d", &ifindex) != 1 ||
	    ifindex != l->ifindex) {
		fclose(file);
		return false;
	}
	while (fgets(line, sizeof(line), file)) {
		char *nl = strchr(line, '\n');

		/* A last line without its end was never completed, nor was what it announced. */
		if (!nl)
			break;
		*nl = '\0';
		if (!ledger_read_line(l, line))
			log_warn("ledger-malformed", "file=%s line=\"%s\"", l->path, line);
	}
	fclose(file);
	return true;
}

struct ledger *ledger_open(const char *rundir, const char *ifname, int ifindex, bool *fresh)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	int err;

	l->path = xasprintf("%s/ledger-%s", rundir, ifname);
	l->ifindex = ifindex;
	*fresh = !read_file(l);
	err = compact(l);
	if (err == 0)
		return l;
	ledger_close(l);
	errno = -err;
	return NULL;
}

void ledger_close(struct ledger *l)
{
	struct hash_node *n;

	if (!l)
		return;
	while ((n = hash_first(&l->items)))
		ledger_drop(l, (struct item *)n);
	hash_clear(&l->items);
	if (l->file)
		fclose(l->file);
	free(l->path);
	free(l);
}

void ledger_delete(struct ledger *l)
{
	if (l)
		unlink(l->path);
	ledger_close(l);
}

/* A line that could not be written may be there in part, and lines behind it would not be read:
 * such a file is written anew. */
int ledger_flush(struct ledger *l)
{
	if (!l->error)
		l->error = ledger_write(l->file);
	if (!l->error && l->lines > l->compact && l->lines > 2 * l->items.count && compact(l) < 0)
		l->compact = 2 * l->lines; /* the longer one will do */
	if (l->error)
		l->error = compact(l);
	return l->error;
}

struct text {
	char s[96];
};

static bool is_kind(const char *text, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(text, kind, len) == 0 && text[len] == ' ';
}

static struct text entry_text(const struct prefix *p)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "entry %s", PREFIX_STR(p));
	return t;
}

static struct text peer_text(const uint8_t *key)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "peer %s", WG_KEY_STR(key));
	return t;
}

static struct text addr_text(const struct addr *a, uint8_t len)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "address %s/%u", ADDR_STR(a), len);
	return t;
}

bool ledger_has_entry(const struct ledger *l, const struct prefix *p)
{
	return ledger_find(l, entry_text(p).s) != NULL;
}

bool ledger_add_entry(struct ledger *l, const struct prefix *p)
{
	return ledger_add(l, entry_text(p).s);
}

void ledger_remove_entry(struct ledger *l, const struct prefix *p)
{
	ledger_take(l, entry_text(p).s);
}

bool ledger_has_peer(const struct ledger *l, const uint8_t *key)
{
	return ledger_find(l, peer_text(key).s) != NULL;
}

bool ledger_add_peer(struct ledger *l, const uint8_t *key)
{
	return ledger_add(l, peer_text(key).s);
}

void ledger_remove_peer(struct ledger *l, const uint8_t *key)
{
	ledger_take(l, peer_text(key).s);
}

bool ledger_has_addr(const struct ledger *l, const struct addr *a, uint8_t len)
{
	return ledger_find(l, addr_text(a, len).s) != NULL;
}

bool ledger_add_addr(struct ledger *l, const struct addr *a, uint8_t len)
{
	return ledger_add(l, addr_text(a, len).s);
}

void ledger_remove_addr(struct ledger *l, const struct addr *a, uint8_t len)
{
	ledger_take(l, addr_text(a, len).s);
}

static struct text imported_text(const struct prefix *p)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), IMPORTED " %s", PREFIX_STR(p));
	return t;
}

bool ledger_has_imported(const struct ledger *l, const struct prefix *p)
{
	return ledger_find(l, imported_text(p).s) != NULL;
}

bool ledger_add_imported(struct ledger *l, const struct prefix *p)
{
	return ledger_add(l, imported_text(p).s);
}

void ledger_remove_imported(struct ledger *l, const struct prefix *p)
{
	ledger_take(l, imported_text(p).s);
}

void ledger_forget_imported(struct ledger *l)
{
	struct hash_node *next;

	for (struct hash_node *n = hash_first(&l->items); n; n = next) {
		const char *text = ((struct item *)n)->text;

		next = hash_next(&l->items, n);
		if (!is_kind(text, IMPORTED))
			continue;
		put_line(l, '-', text);
		ledger_drop(l, (struct item *)n);
	}
}

void ledger_each(const struct ledger *l, const char *kind, void (*fn)(void *arg, const char *text),
		 void *arg)
{
	for (struct hash_node *n = hash_first(&l->items); n; n = hash_next(&l->items, n)) {
		const char *text = ((struct item *)n)->text;

		if (is_kind(text, kind))
			fn(arg, text + strlen(kind) + 1);
	}
}

void ledger_note_foreign(struct ledger *l, const struct prefix *p, const uint8_t *key)
{
	if (!l->error && fprintf(l->file, "= %s %s\n", PREFIX_STR(p), WG_KEY_STR(key)) < 0)
		l->error = -errno;
}
