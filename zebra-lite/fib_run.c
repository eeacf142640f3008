/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_run: does what is planned for a batch: routes into the kernel, and what came of it into the
 * books. It knows nothing of why.
 */
#include <errno.h>
#include <stdlib.h>

#include "fib_internal.h"
#include "fib_retry.h"
#include "keepin_run.h"
#include "nhobj.h"
#include "rib_lost.h"
#include "rib_node.h"
#include "zconfig.h"
#include "zhistory.h"

static void fill_route(struct kroute *r, const struct rib_node *n, const struct fib *f)
{
	*r = (struct kroute){.prefix = rib_prefix(n),
			     .table = zconfig.plane_table[n->plane],
			     .metric = zconfig.metric,
			     .protocol = zconfig.protocol};
	if (!f)
		return;
	r->type = f->type;
	r->oif = fib_oif(f);
	r->nhid = f->nh ? f->nh->id : 0;
	r->gateway = f->gateway;
	for (unsigned i = 0; f->ways && i < f->ways->n; i++)
		r->way[r->n_ways++] = f->ways->way[i];
}

static void write_route(struct item *it)
{
	struct kroute r;
	const struct fib *f = it->write == ROUTE_DEL ? rib_installed(it->node) : it->target;

	fill_route(&r, it->node, f);
	zhistory_route(it->write, it->node, f, &it->hop, 0);
	if (it->write == ROUTE_DEL)
		rib_lost(it->node, f);
	else
		rib_lost_back(it->node, f);
	fib_counters.route_writes++;
	out.route(it->write, &r, &it->err);
}

/* Removals shortest first: a longer one still catches its own. */
static void write_all(struct batch *b, enum route_op op)
{
	for (unsigned i = 0; i < b->n; i++) {
		unsigned at = op == ROUTE_DEL ? b->n - 1 - i : i;
		struct item *it = &b->items[b->by_length[at]];

		if (it->write == op)
			write_route(it);
	}
}

/* What is refused when these routes go has to be there before they come. */
static void keep_in(const struct batch *b)
{
	for (unsigned i = b->n; i-- > 0;) {
		const struct item *it = &b->items[b->by_length[i]];

		if (it->write != ROUTE_NONE)
			keepin_before(it->node, it->target);
	}
}

static void let_go(const struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->items[i].write == ROUTE_DEL)
			keepin_between(b->items[i].node);
}

void fib_run_routes(struct batch *b)
{
	keep_in(b);
	write_all(b, ROUTE_ADD);
	write_all(b, ROUTE_CHANGE);
	let_go(b);
	write_all(b, ROUTE_DEL);
	b->ticket = out.route_flush();
	keepin_flushed(b->ticket);
	b->state = BATCH_WRITING;
}

void fib_route_failed(void *cookie, int err)
{
	int *answer = cookie;

	if (answer)
		*answer = err;
}

static bool delete_done(const struct item *it)
{
	return it->removed && (it->err == -ESRCH || it->err == -ENOENT || it->err == -ENODEV);
}

static void book_rest(const struct item *it, const struct fib *from, struct fib_entries *to)
{
	struct fib_plan plan;

	fib_plan_rest(it, from, &plan, to);
	fib_set_installed(it->node, fib_get(&plan));
	fib_dirty(it->node, false);
}

static void book(struct item *it, struct fib_entries *to)
{
	struct rib_node *n = it->node;
	bool refused = it->err && !delete_done(it);

	n->flags &= ~NODE_IN_BATCH;
	if (refused)
		fib_route_refused(it);
	if (refused || it->drop) {
		book_rest(it, rib_installed(n), to);
	} else if (it->bad) {
		book_rest(it, it->target, to);
	} else {
		fib_plan_unsets(it, to);
		fib_set_installed(n, fib_ref(it->target));
		fib_retry_done(n, it->target, &it->hop);
		if (it->write != ROUTE_NONE && it->target && it->target->nh)
			nhobj_taken(it->target->nh);
	}
	fib_unref(it->target);
	free(it->given);
}

void fib_run_books(struct batch *b, struct fib_entries *to)
{
	out.route_done(b->ticket, true);
	for (unsigned i = 0; i < b->n; i++)
		book(&b->items[i], to);
	for (unsigned i = 0; i < b->n; i++)
		rib_release(b->items[i].node);
	fib_batch_free(b);
}

/* N's route has the same place in the kernel by both. */
static bool same_numbers(const struct zconfig *c, const struct rib_node *n)
{
	return c->metric == zconfig.metric && c->protocol == zconfig.protocol &&
	       c->plane_table[n->plane] == zconfig.plane_table[n->plane];
}

void fib_run_removal(const struct zconfig *numbers)
{
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		struct kroute r;

		if (!fib_has_route(rib_installed(n)) ||
		    (numbers != &zconfig && same_numbers(numbers, n)))
			continue;
		fill_route(&r, n, rib_installed(n));
		r.table = numbers->plane_table[n->plane];
		r.metric = numbers->metric;
		r.protocol = numbers->protocol;
		out.route(ROUTE_DEL, &r, NULL);
		fib_drop_route(n);
		fib_dirty(n, false);
	}
	out.route_done(out.route_flush(), true);
}
