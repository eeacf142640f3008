/* SPDX-License-Identifier: BSD-2-Clause */
#include "show_metrics.h"

#include "metrics.h"
#include "machine.h"
#include "messages.h"
#include "session.h"

static int metrics_gather(struct cli_session *s, struct metrics *m)
{
	char error[MSG_ERROR_MAX];
	const char *command;
	int err = 0;

	for (size_t n = 0; (command = metrics_command(n)); n++) {
		json_t *request = json_pack("{s:s}", "command", command);
		json_t *answer = client_ask(s->client, request, error, sizeof(error));

		if (answer) {
			metrics_take(m, n, answer);
		} else {
			fprintf(s->err, "%% %s: %s\n", command, error);
			err = -1;
		}
		json_decref(answer);
		json_decref(request);
	}
	return err;
}

int metrics_run(struct cli_session *s, const struct cli_line *line)
{
	struct metrics *m = metrics_new(machine_clock());
	int err = metrics_gather(s, m);
	json_t *doc;

	if (line->json) {
		doc = metrics_json(m);
		json_dumpf(doc, s->out, JSON_INDENT(1));
		putc('\n', s->out);
		json_decref(doc);
	} else {
		metrics_write(m, s->out);
	}
	metrics_free(m);
	return err;
}
