/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * story: `show history`: what each daemon did last, in one order; `debug`, told to all of them.
 *
 * Of a prefix the story is more than the events that name it: a tunnel that went down, a session
 * that ended, where the prefix's own events name that tunnel or neighbor.
 */
#ifndef WGBGP_CLI_STORY_H
#define WGBGP_CLI_STORY_H

struct cli_line;
struct cli_session;

int story_run(struct cli_session *s, const struct cli_line *line);
int story_debug(struct cli_session *s, const struct cli_line *line);	 /* also debug-off */
int story_debug_off(struct cli_session *s, const struct cli_line *line); /* for `all` */
int story_debugs(struct cli_session *s, const struct cli_line *line);

#endif
