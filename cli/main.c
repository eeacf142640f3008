/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgbgp-cli: the operator's program. Commands from -c in order, or one as words, or from standard
 * input where that is no terminal, or from a prompt. Exit status: 0; 1 when a command failed; 2 for
 * wrong usage; that of the last plan (plan.h).
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "config.h"
#include "edit.h"
#include "import.h"
#include "log.h"
#include "loop.h"
#include "session.h"
#include "util.h"

#define DEFAULT_RUNDIR "/run/wgbgp"

static const struct option names[] = {
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};

static int usage(FILE *out, int status)
{
	fputs("usage: wgbgp-cli [-r RUNDIR] [-c COMMAND]...\n"
	      "       wgbgp-cli [-r RUNDIR] COMMAND WORD...\n"
	      "       wgbgp-cli import wg-quick FILE... | running [INTERFACE]... [--output FILE]\n"
	      "                 [--overwrite] [--keys DIR]\n"
	      "       wgbgp-cli -V\n"
	      "Without -c: a prompt (? for help), or commands from standard input.\n",
	      out);
	return status;
}

static bool run_stdin(struct cli_session *s)
{
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	while (!s->quit && getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		ok = session_run(s, line) == 0 && ok;
	}
	free(line);
	return ok;
}

/* Words that a shell took apart are one line again; to be freed. */
static char *line_of(char *const *words, int n)
{
	char *line = xstrdup(words[0]);

	for (int i = 1; i < n; i++) {
		bool blanks = strpbrk(words[i], " \t") != NULL;
		const char *quote = !blanks ? "" : strchr(words[i], '"') ? "'" : "\"";
		char *longer = xasprintf("%s %s%s%s", line, quote, words[i], quote);

		free(line);
		line = longer;
	}
	return line;
}

int main(int argc, char **argv)
{
	struct cli_session s = {.grammar = &cli_commands, .out = stdout, .err = stderr};
	const char *rundir = DEFAULT_RUNDIR;
	const char **commands = xcalloc(argc, sizeof(*commands));
	char *words = NULL;
	bool ok = true;
	int opt, n = 0;

	log_init("wgbgp-cli");
	while ((opt = getopt_long(argc, argv, "+r:c:Vh", names, NULL)) != -1) {
		switch (opt) {
		case 'r':
			rundir = optarg;
			break;
		case 'c':
			commands[n++] = optarg;
			break;
		case 'V':
			free(commands);
			puts("wgbgp-cli " WGBGP_VERSION);
			return 0;
		default:
			free(commands);
			return usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : 2);
		}
	}
	if (optind < argc && n) {
		free(commands);
		return usage(stderr, 2);
	}
	if (optind < argc && str_eq(argv[optind], "import")) {
		free(commands);
		return import_main(argc - optind, argv + optind);
	}
	if (optind < argc)
		commands[n++] = words = line_of(argv + optind, argc - optind);
	s.client = client_new(rundir);
	s.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (n == 0 && isatty(STDIN_FILENO)) {
		s.interactive = true;
		edit_run(&s);
	} else if (n == 0) {
		ok = run_stdin(&s);
	}
	for (int i = 0; i < n && !s.quit; i++)
		ok = session_run(&s, commands[i]) == 0 && ok;
	ok = session_end(&s) == 0 && ok;
	client_free(s.client);
	free(commands);
	free(words);
	if (fflush(stdout) != 0 || ferror(stdout))
		ok = false;
	return ok ? s.status : 1;
}
