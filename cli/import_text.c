/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_text.h"

#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "import_keys.h"
#include "util.h"

#define DESCRIPTION_MAX 255
/*
 * Worse than all that BGP learns (20, 200): the route counts as long as BGP has none. Better than
 * what zebra-lite gives to somebody's route for an entry that is handed over (249, rib_choice.c):
 * so ours is in the kernel behind theirs, and no packet is lost when theirs is taken away.
 */
#define ROUTE_DISTANCE 240

/* A statement, its value in quotes where it needs them. */
static void put_leaf(FILE *out, unsigned depth, const char *name, const char *value)
{
	char *word = conf_lex_word(value);

	fprintf(out, "%*s%s %s;\n", (int)(4 * depth), "", name, word);
	free(word);
}

static void put_number(FILE *out, unsigned depth, const char *name, uint32_t value)
{
	if (value)
		fprintf(out, "%*s%s %u;\n", (int)(4 * depth), "", name, value);
}

/* ---- a peer */

static bool import_is_text(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return strlen(text) <= DESCRIPTION_MAX;
}

/* The lists that an entry belongs to. */
static bool goes_inside(const struct import_interface *f, const struct import_peer *p,
			const struct import_entry *e)
{
	return import_is_inner(f, p, e);
}

static bool is_handed_over(const struct import_interface *f, const struct import_peer *p,
			   const struct import_entry *e)
{
	return !import_is_inner(f, p, e);
}

/* BGP may say of it what was allowed before, but of no default route, and not of the network that
 * the tunnel itself is. */
static bool is_permitted(const struct import_interface *f, const struct import_peer *p,
			 const struct import_entry *e)
{
	return e->prefix.len && !import_is_inner(f, p, e) && !import_is_connected(f, e);
}

/* Its AllowedIPs of one list: how many. */
static size_t put_entries(FILE *out, const struct import_interface *f, const struct import_peer *p,
			  const char *name,
			  bool (*belongs)(const struct import_interface *f,
					  const struct import_peer *p,
					  const struct import_entry *e))
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_allowed; i++) {
		const struct import_entry *e = &p->allowed[i];
		struct addr host = addr_of_prefix(&e->prefix);

		if (e->dropped || !belongs(f, p, e))
			continue;
		if (n++ == 0)
			fprintf(out, "            %s [", name);
		fprintf(out, " %s",
			belongs == goes_inside ? ADDR_STR(&host) : PREFIX_STR(&e->prefix));
	}
	if (n)
		fputs(" ];\n", out);
	return n;
}

static void put_key_file(FILE *out, unsigned depth, const char *name, const char *keys,
			 const struct import_interface *f, const struct import_peer *p)
{
	char *path = import_key_path(keys, f, p);

	put_leaf(out, depth, name, path);
	free(path);
}

static void import_put_peer(struct import *im, FILE *out, const char *keys,
			    const struct import_interface *f, const struct import_peer *p)
{
	fprintf(out, "        peer %s {\n", p->name);
	if (p->label && !str_eq(p->label, p->name) && import_is_text(p->label))
		put_leaf(out, 3, "description", p->label);
	fprintf(out, "            public-key \"%s\";\n", p->key);
	if (*p->psk)
		put_key_file(out, 3, "preshared-key-file", keys, f, p);
	if (p->endpoint)
		put_leaf(out, 3, "endpoint", p->endpoint);
	put_number(out, 3, "persistent-keepalive", p->keepalive);
	if (!put_entries(out, f, p, "tunnel-address", goes_inside))
		import_note(im, IMPORT_REMARK, f->file, p->line,
			    "peer %s: no tunnel-address is known, by which BGP could reach it",
			    p->name);
	put_entries(out, f, p, "imported", is_handed_over);
	put_entries(out, f, p, "permit", is_permitted);
	fputs("        }\n", out);
}

/* ---- an interface */

static void put_addresses(FILE *out, const struct import_interface *f)
{
	if (!f->n_addrs)
		return;
	fputs("        address [", out);
	for (size_t i = 0; i < f->n_addrs; i++)
		fprintf(out, " %s/%u", ADDR_STR(&f->addrs[i].addr), f->addrs[i].len);
	fputs(" ];\n", out);
}

static void put_interface(struct import *im, FILE *out, const char *keys,
			  const struct import_interface *f)
{
	fprintf(out, "    interface %s {\n", f->name);
	fputs("        adopt true;    # where it runs already it is taken as it is\n", out);
	if (*f->private_key)
		put_key_file(out, 2, "private-key-file", keys, f, NULL);
	put_number(out, 2, "listen-port", f->listen_port);
	put_number(out, 2, "fwmark", f->fwmark);
	put_addresses(out, f);
	put_number(out, 2, "mtu", f->mtu);
	for (size_t i = 0; i < f->n_peers; i++)
		import_put_peer(im, out, keys, f, &f->peers[i]);
	fputs("    }\n", out);
}

/* ---- routes */

struct wanted {
	const struct import_interface *f;
	const struct import_peer *p;
	struct prefix prefix;
	size_t order;
};

static int wanted_cmp(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int c = prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : x->order < y->order ? -1 : 1;
}

/* As many as there may be are counted first. */
static size_t count_entries(const struct import *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->n_ifs; i++)
		for (size_t k = 0; k < im->ifs[i].n_peers; k++)
			n += im->ifs[i].peers[k].n_allowed;
	return n;
}

/* A tunnel address has a route of its own. */
static bool wants_route(const struct import_interface *f, const struct import_peer *p,
			const struct import_entry *e)
{
	return e->route && !e->dropped && !import_is_inner(f, p, e) && !import_is_connected(f, e);
}

static size_t collect_routes(const struct import *im, struct wanted *out)
{
	size_t n = 0;

	for (size_t i = 0; i < im->n_ifs; i++)
		for (size_t k = 0; k < im->ifs[i].n_peers; k++) {
			const struct import_interface *f = &im->ifs[i];
			const struct import_peer *p = &f->peers[k];

			for (size_t e = 0; e < p->n_allowed; e++)
				if (wants_route(f, p, &p->allowed[e])) {
					out[n] = (struct wanted){f, p, p->allowed[e].prefix, n};
					n++;
				}
		}
	return n;
}

static void import_put_route(struct import *im, FILE *out, const struct wanted *w,
			     const struct wanted *by)
{
	if (!w->prefix.len)
		import_note(im, IMPORT_LEFT_OUT, w->f->file, w->p->line,
			    "%s: no route is made for it. A default route comes by BGP, where "
			    "the peer's permit has it and `rib { distance { kernel 250; } }` "
			    "prefers it "
			    "to that of the underlay",
			    PREFIX_STR(&w->prefix));
	else if (by)
		import_note(im, IMPORT_LEFT_OUT, w->f->file, w->p->line,
			    "%s: its route leads by %s, which has it, too", PREFIX_STR(&w->prefix),
			    by->f->name);
	else
		fprintf(out, "    static %s { interface %s; distance %d; }\n",
			PREFIX_STR(&w->prefix), w->f->name, ROUTE_DISTANCE);
}

/* A prefix has one static route: where two interfaces want it the first one gets it. */
static void put_routes(struct import *im, FILE *out)
{
	struct wanted *all = xcalloc(count_entries(im) + 1, sizeof(*all));
	size_t n = collect_routes(im, all), first = 0;

	qsort(all, n, sizeof(*all), wanted_cmp);
	if (n)
		fputs("\nrib {\n", out);
	for (size_t i = 0; i < n; i++) {
		if (!prefix_eq(&all[i].prefix, &all[first].prefix))
			first = i;
		import_put_route(im, out, &all[i], i > first ? &all[first] : NULL);
	}
	if (n)
		fputs("}\n", out);
	free(all);
}

char *import_text(struct import *im, const char *keys)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fatal("out of memory");
	fputs("# Written by `wgbgp-cli import`. Each interface is taken over where it runs.\n"
	      "wireguard {\n",
	      out);
	for (size_t i = 0; i < im->n_ifs; i++)
		put_interface(im, out, keys, &im->ifs[i]);
	fputs("}\n", out);
	put_routes(im, out);
	fclose(out);
	return text;
}
