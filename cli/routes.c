/* SPDX-License-Identifier: BSD-2-Clause */
#include "routes.h"

#include "messages.h"
#include "render.h"
#include "util.h"

static bool has_best(const json_t *row)
{
	const json_t *paths = json_object_get(row, "paths");
	json_t *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (json_is_true(json_object_get(path, "best")))
			return true;
	return false;
}

/* A path that is not eligible never becomes a route, so `show route PREFIX` names it as well. */
static void say_refused(struct cli_session *s, const json_t *request)
{
	json_t *ask = json_copy((json_t *)request), *answer, *rows, *row;
	char error[MSG_ERROR_MAX];
	size_t i;

	json_object_set_new(ask, "command", json_string("bgp-routes"));
	answer = client_ask(s->client, ask, error, sizeof(error));
	rows = json_object_get(answer, "routes");
	json_array_foreach (rows, i, row)
		if (!has_best(row))
			render_refused_paths(s->out, row);
	json_decref(answer);
	json_decref(ask);
}

int routes_run(struct cli_session *s, const struct cli_line *line)
{
	int err = session_request(s, line);

	if ((err == 0 || s->absent) && !line->json && !json_object_get(line->request, "longer") &&
	    (json_object_get(line->request, "prefix") || json_object_get(line->request, "address")))
		say_refused(s, line->request);
	return err;
}
