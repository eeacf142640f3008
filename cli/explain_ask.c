/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_ask.h"

#include <string.h>

#include "conf.h"
#include "session.h"
#include "table.h"

static void scan_head(void *arg, const char *list, const json_t *head)
{
}

static void scan_row(void *arg, const char *text, size_t len)
{
	struct gathering *g = arg;
	json_t *row = conf_read(text, len);
	const char *prefix = str_of(row, "prefix");
	struct prefix p;

	if (!json_is_object(row) ||
	    (*prefix && (prefix_parse(prefix, &p) < 0 || !prefix_covers(&p, g->covers))))
		json_decref(row);
	else
		json_array_append_new(g->rows, row);
}

bool explain_ask(struct gathering *g, const char *name, json_t *request,
		 const struct prefix *address)
{
	static const struct client_sink sink = {scan_head, scan_row};
	int err;

	g->rows = json_array();
	g->covers = address;
	json_object_set_new(g->facts, name, g->rows);
	err = client_request(g->s->client, request, &sink, g, g->error, sizeof(g->error));
	json_decref(request);
	return err == 0;
}

json_t *explain_way_json(int err, const struct kernel_route *k)
{
	return json_pack("{s:s?, s:b, s:s, s:s?, s:i}", "error", err < 0 ? strerror(-err) : NULL,
			 "local", k->local, "interface", k->interface, "gateway",
			 k->gateway.family ? ADDR_STR(&k->gateway) : NULL, "mtu", (int)k->mtu);
}
