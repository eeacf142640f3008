/* SPDX-License-Identifier: BSD-2-Clause */
#include "habits.h"

#include <stdlib.h>

#include "util.h"

int habits_request(struct cli_session *s, const struct cli_line *line)
{
	json_object_del(line->request, "family");
	if (str_eq(str_of(line->request, "neighbor"), "all") &&
	    !str_eq(line->row->command, "clear"))
		json_object_del(line->request, "neighbor");
	return session_request(s, line);
}

int habits_write(struct cli_session *s, const struct cli_line *line)
{
	fputs("Nothing to write: what runs is in the configuration file already. After an edit of\n"
	      "it `reload check` says what would change, `reload` applies it, and\n"
	      "`reload confirmed 2` takes it back unless you `confirm` within 2 minutes.\n",
	      s->out);
	return 0;
}

int habits_section(struct cli_session *s, const struct cli_line *line)
{
	const char *entry = str_of(line->request, "entry");
	char *text = xasprintf("show configuration | section \"^ *%s[^ ]*%s%s\"",
			       str_of(line->request, "section"), *entry ? " " : "", entry);
	int err = session_line(s, text);

	free(text);
	return err;
}

int habits_policy(struct cli_session *s, const struct cli_line *line)
{
	fputs("Policies are in the configuration: `show configuration | begin ^policy`; what they\n"
	      "refused stands in `show bgp neighbors NEIGHBOR routes`.\n",
	      s->out);
	return 0;
}

int habits_terminal(struct cli_session *s, const struct cli_line *line)
{
	s->no_pager = atoi(str_of(line->request, "lines")) == 0;
	fputs(s->no_pager ? "No pager any more\n" : "What is long is read in a pager\n", s->out);
	return 0;
}

int habits_nothing(struct cli_session *s, const struct cli_line *line)
{
	return 0;
}
