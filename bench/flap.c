/* SPDX-License-Identifier: BSD-2-Clause */
#include "flap.h"

#include <stdlib.h>

#include "util.h"

enum { AHEAD = 4 }; /* segments of a table that wait to be written */

struct flap {
	struct session *session;
	struct encoded half[2]; /* announce, withdraw */
	size_t sent;		/* halves */
	uint64_t begin_us, end_us;
};

struct flap *flap_new(struct session *s, const struct routes *routes, const struct attrs_target *to,
		      double seconds)
{
	struct flap *f = xcalloc(1, sizeof(*f));
	struct prefix *all = xcalloc(routes->count, sizeof(*all));

	for (size_t i = 0; i < routes->count; i++)
		all[i] = routes->list[i].prefix;
	routes_encode(routes, to, &f->half[0]);
	routes_encode_withdraw(all, routes->count, &f->half[1]);
	free(all);
	f->session = s;
	f->begin_us = now_us();
	f->end_us = f->begin_us + seconds * 1e6;
	return f;
}

bool flap_done(struct flap *f, json_t *reply)
{
	struct session *s = f->session;
	bool over = now_us() >= f->end_us || s->state != SESSION_ESTABLISHED;

	while ((!over && s->queued < AHEAD) || f->sent % 2) {
		const struct wr *bytes = &f->half[f->sent++ % 2].bytes;

		session_send(s, bytes->data, bytes->len, NULL);
	}
	if (!over || s->queued)
		return false;
	json_object_set_new(reply, "rounds", json_integer(f->sent / 2));
	json_object_set_new(reply, "rate", json_real(f->sent / 2 * 1e6 / (now_us() - f->begin_us)));
	return true;
}

void flap_free(struct flap *f)
{
	if (!f)
		return;
	for (int i = 0; i < 2; i++)
		wr_free(&f->half[i].bytes);
	free(f);
}
