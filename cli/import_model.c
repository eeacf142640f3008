/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_model.h"

#include <ctype.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define KEY_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static void free_peer(struct import_peer *p)
{
	sodium_memzero(p->psk, sizeof(p->psk));
	free(p->label);
	free(p->endpoint);
	free(p->allowed);
}

static void free_interface(struct import_interface *f)
{
	sodium_memzero(f->private_key, sizeof(f->private_key));
	for (size_t i = 0; i < f->n_peers; i++)
		free_peer(&f->peers[i]);
	free(f->peers);
	free(f->addrs);
	free(f->file);
}

void import_free(struct import *im)
{
	for (size_t i = 0; i < im->n_ifs; i++)
		free_interface(&im->ifs[i]);
	for (size_t i = 0; i < im->n_notes; i++)
		free(im->notes[i].text);
	free(im->ifs);
	free(im->notes);
	*im = (struct import){0};
}

/* As xgrow(), but what held secrets is wiped before it is freed. */
static void *grow_secret(void *array, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return array;
	*cap = *cap ? 2 * *cap : 4;
	more = xcalloc(*cap, size);
	if (!n)
		return more;
	memcpy(more, array, n * size);
	sodium_memzero(array, n * size);
	free(array);
	return more;
}

struct import_interface *import_add_interface(struct import *im, const char *file, const char *name)
{
	struct import_interface *f;

	im->ifs = grow_secret(im->ifs, im->n_ifs, &im->cap_ifs, sizeof(*im->ifs));
	f = &im->ifs[im->n_ifs++];
	*f = (struct import_interface){.file = file ? xstrdup(file) : NULL, .routes = true};
	str_copy(f->name, name, sizeof(f->name));
	return f;
}

struct import_peer *import_add_peer(struct import_interface *f, unsigned line)
{
	struct import_peer *p;

	f->peers = grow_secret(f->peers, f->n_peers, &f->cap_peers, sizeof(*f->peers));
	p = &f->peers[f->n_peers++];
	*p = (struct import_peer){.line = line};
	return p;
}

void import_add_entry(struct import_peer *p, const struct prefix *prefix)
{
	p->allowed = xgrow(p->allowed, p->n_allowed, &p->cap_allowed, sizeof(*p->allowed));
	p->allowed[p->n_allowed++] = (struct import_entry){.prefix = *prefix};
}

void import_add_address(struct import_interface *f, const struct addr *addr, uint8_t len)
{
	f->addrs = xgrow(f->addrs, f->n_addrs, &f->cap_addrs, sizeof(*f->addrs));
	f->addrs[f->n_addrs++] = (struct import_address){*addr, len};
}

/* ---- notes */

/* Runs of as many letters as a key has, in commands that somebody wrote into the file, say. */
static void mask_keys(char *text)
{
	while (*text) {
		size_t len = strspn(text, KEY_LETTERS);

		if (len >= WG_KEY_STRLEN - 2)
			memset(text, '*', len);
		text += len + (text[len] != '\0');
	}
}

/* What is no text would garble the terminal. */
static void mask_controls(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void import_note(struct import *im, enum import_weight weight, const char *file, unsigned line,
		 const char *fmt, ...)
{
	char *said, *text;
	va_list ap;

	va_start(ap, fmt);
	said = xvasprintf(fmt, ap);
	va_end(ap);
	mask_keys(said);
	mask_controls(said);
	if (!file)
		text = xstrdup(said);
	else if (line)
		text = xasprintf("%s:%u: %s", file, line, said);
	else
		text = xasprintf("%s: %s", file, said);
	free(said);
	im->notes = xgrow(im->notes, im->n_notes, &im->cap_notes, sizeof(*im->notes));
	im->notes[im->n_notes++] = (struct import_note){weight, text};
	im->errors += weight == IMPORT_ERROR;
}

void import_notes_print(const struct import *im, FILE *out)
{
	static const char *const titles[] = {"% Not imported:", "Not carried over:", "Remarks:"};

	for (enum import_weight w = IMPORT_ERROR; w <= IMPORT_REMARK; w++) {
		bool titled = false;

		for (size_t i = 0; i < im->n_notes; i++) {
			if (im->notes[i].weight != w)
				continue;
			fprintf(out, "%s%s    %s\n", titled ? "" : titles[w], titled ? "" : "\n",
				im->notes[i].text);
			titled = true;
		}
	}
}

/* ---- who has what */

struct held {
	struct import_entry *entry;
	const struct import_peer *peer;
	size_t order; /* of all entries of the interface */
};

static int held_cmp(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int c = prefix_cmp(&x->entry->prefix, &y->entry->prefix);

	return c ? c : x->order < y->order ? -1 : 1;
}

static void drop_held(struct import *im, const struct import_interface *f, const struct held *lost,
		      const struct held *by)
{
	lost->entry->dropped = true;
	if (lost->peer != by->peer)
		import_note(im, IMPORT_REMARK, f->file, lost->peer->line,
			    "%s: the peer in line %u has it, too: WireGuard gives it to the last "
			    "one",
			    PREFIX_STR(&lost->entry->prefix), by->peer->line);
}

static void finish_entries(struct import *im, struct import_interface *f)
{
	struct held *all;
	size_t n = 0;

	for (size_t i = 0; i < f->n_peers; i++)
		n += f->peers[i].n_allowed;
	all = xcalloc(n + 1, sizeof(*all));
	n = 0;
	for (size_t i = 0; i < f->n_peers; i++)
		for (size_t k = 0; k < f->peers[i].n_allowed; k++, n++) {
			struct import_entry *e = &f->peers[i].allowed[k];

			e->route |= f->file && f->routes;
			all[n] = (struct held){e, &f->peers[i], n};
		}
	qsort(all, n, sizeof(*all), held_cmp);
	for (size_t i = 1; i < n; i++)
		if (prefix_eq(&all[i - 1].entry->prefix, &all[i].entry->prefix))
			drop_held(im, f, &all[i - 1], &all[i]);
	free(all);
}

/* ---- names */

/* LABEL as a name of the configuration; false: nothing of it is left. */
static bool name_of_label(const char *label, char out[IMPORT_NAME_MAX])
{
	size_t n = 0;

	for (; *label && n < IMPORT_NAME_MAX - 1; label++) {
		bool fits = isalnum((unsigned char)*label) || *label == '_' ||
			    (n && (*label == '.' || *label == '-'));

		if (fits)
			out[n++] = *label;
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && (out[n - 1] == '-' || out[n - 1] == '.'))
		n--;
	out[n] = '\0';
	return n;
}

struct named {
	struct import_peer *peer;
	size_t number; /* from 1 */
};

static int named_cmp(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->peer->name, y->peer->name);

	return c ? c : x->number < y->number ? -1 : 1;
}

/* A peer without a label, or with one that another one has as well, is known by its number. */
static void finish_names(struct import_interface *f)
{
	struct named *all = xcalloc(f->n_peers + 1, sizeof(*all));
	bool again = false;

	for (size_t i = 0; i < f->n_peers; i++) {
		struct import_peer *p = &f->peers[i];

		all[i] = (struct named){p, i + 1};
		if (!p->label || !name_of_label(p->label, p->name))
			snprintf(p->name, sizeof(p->name), "peer-%zu", i + 1);
	}
	do {
		qsort(all, f->n_peers, sizeof(*all), named_cmp);
		again = false;
		for (size_t i = f->n_peers; i-- > 1;) {
			struct import_peer *p = all[i].peer;

			if (!str_eq(p->name, all[i - 1].peer->name))
				continue;
			again = true;
			snprintf(p->name + strnlen(p->name, IMPORT_NAME_MAX - 24), 24, "-%zu",
				 all[i].number);
		}
	} while (again);
	free(all);
}

void import_finish(struct import *im)
{
	for (size_t i = 0; i < im->n_ifs; i++) {
		finish_entries(im, &im->ifs[i]);
		finish_names(&im->ifs[i]);
	}
}

static bool import_is_host(const struct prefix *p)
{
	return p->len == family_bits(p->family);
}

bool import_is_connected(const struct import_interface *f, const struct import_entry *entry)
{
	for (size_t i = 0; i < f->n_addrs; i++) {
		const struct import_address *a = &f->addrs[i];
		struct prefix net = prefix_make(a->addr.family, a->addr.b, a->len);

		if (prefix_covers(&net, &entry->prefix))
			return true;
	}
	return false;
}

/* True: F is in a network of the family of HOST; *INSIDE: in one that HOST is in. */
static bool has_network(const struct import_interface *f, const struct addr *host, bool *inside)
{
	bool any = false;

	*inside = false;
	for (size_t i = 0; i < f->n_addrs; i++) {
		const struct import_address *a = &f->addrs[i];
		struct prefix net = prefix_make(a->addr.family, a->addr.b, a->len);

		if (a->addr.family != host->family || import_is_host(&net))
			continue;
		any = true;
		*inside |= prefix_has_addr(&net, host);
	}
	return any;
}

static bool import_is_own(const struct import_interface *f, const struct addr *host)
{
	for (size_t i = 0; i < f->n_addrs; i++)
		if (addr_eq(&f->addrs[i].addr, host))
			return true;
	return false;
}

bool import_is_inner(const struct import_interface *f, const struct import_peer *p,
		     const struct import_entry *entry)
{
	struct addr host = addr_of_prefix(&entry->prefix);
	bool inside;

	if (!import_is_host(&entry->prefix) || import_is_own(f, &host))
		return false;
	if (has_network(f, &host, &inside))
		return inside;
	for (const struct import_entry *e = p->allowed; e < entry; e++) {
		struct addr other = addr_of_prefix(&e->prefix);

		if (!e->dropped && import_is_host(&e->prefix) && e->prefix.family == host.family &&
		    !import_is_own(f, &other))
			return false;
	}
	return true;
}
