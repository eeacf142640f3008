/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "util.h"

#define ESCAPE '\033'

struct output_size output_size(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		return (struct output_size){0};
	return (struct output_size){size.ws_row, size.ws_col};
}

bool output_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (!no || !*no) && term && !str_eq(term, "dumb");
}

/* ---- the pager */

struct pager {
	FILE *out;
	char *command;
	struct output_size size;
	char *held; /* what may fit */
	size_t len;
	unsigned lines, column; /* of the screen that HELD takes */
	bool escape;		/* inside a sequence that moves nothing */
	FILE *to;		/* the program, once it runs */
	pid_t pid;
	struct sigaction interrupt, broken; /* what they did before */
};

static bool on_path(const char *program)
{
	const char *path = getenv("PATH");
	char *copy = xstrdup(path ? path : "/usr/bin:/bin"), *rest = copy, *dir;
	bool found = false;

	while (!found && (dir = strsep(&rest, ":"))) {
		char *file = xasprintf("%s/%s", dir, program);

		found = access(file, X_OK) == 0;
		free(file);
	}
	free(copy);
	return found;
}

char *pager_command(void)
{
	const char *command = getenv("WGBGP_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = on_path("less") ? "less" : "";
	return *command && !str_eq(command, "cat") ? xstrdup(command) : NULL;
}

/* Counts the lines of the screen that TEXT takes behind what is held. */
static void measure(struct pager *p, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = text[i];

		if (p->escape) {
			p->escape = c != 'm';
		} else if (c == ESCAPE) {
			p->escape = true;
		} else if (c == '\n') {
			p->lines++;
			p->column = 0;
		} else if ((c & 0xc0) != 0x80 && ++p->column > p->size.columns) {
			p->lines++;
			p->column = 1;
		}
	}
}

static _Noreturn void be_pager(const char *command, int fd)
{
	dup2(fd, STDIN_FILENO);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	setenv("LESS", "FRX", 0); /* colours as they are, nothing cleared at the end */
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Without a process it all goes to the terminal. */
static void start_pager(struct pager *p)
{
	int fds[2];

	if (pipe(fds) < 0)
		return;
	fflush(p->out);
	p->pid = fork();
	if (p->pid == 0) {
		close(fds[1]);
		be_pager(p->command, fds[0]);
	}
	close(fds[0]);
	p->to = p->pid > 0 ? fdopen(fds[1], "w") : NULL;
	if (!p->to)
		close(fds[1]);
}

/* Writes what was held to where everything goes from now on. */
static FILE *release(struct pager *p)
{
	FILE *to = p->to ? p->to : p->out;

	fwrite(p->held, 1, p->len, to);
	free(p->held);
	p->held = NULL;
	p->len = 0;
	return to;
}

static ssize_t pager_write(void *cookie, const char *text, size_t size)
{
	struct pager *p = cookie;
	FILE *to = p->to ? p->to : p->out;

	if (p->command) {
		p->held = xrealloc(p->held, p->len + size + 1);
		memcpy(p->held + p->len, text, size);
		p->len += size;
		measure(p, text, size);
		if (p->lines + 1 < p->size.rows)
			return size;
		start_pager(p);
		free(p->command);
		p->command = NULL;
		to = release(p);
	} else {
		fwrite(text, 1, size, to);
	}
	return fflush(to) == 0 && !ferror(to) ? (ssize_t)size : 0;
}

static int pager_close(void *cookie)
{
	struct pager *p = cookie;

	if (p->command)
		release(p);
	if (p->to) {
		fclose(p->to);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	fflush(p->out);
	sigaction(SIGINT, &p->interrupt, NULL);
	sigaction(SIGPIPE, &p->broken, NULL);
	free(p->command);
	free(p);
	return 0;
}

/* NULL where nothing would be paged. */
static FILE *pager_open(FILE *out)
{
	static const cookie_io_functions_t functions = {.write = pager_write, .close = pager_close};
	static const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct output_size size = output_size(out);
	char *command = pager_command();
	struct pager *p;
	FILE *stream;

	if (!command || !size.rows || !size.columns) {
		free(command);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->out = out;
	p->command = command;
	p->size = size;
	sigaction(SIGINT, &ignore, &p->interrupt);
	sigaction(SIGPIPE, &ignore, &p->broken);
	stream = fopencookie(p, "w", functions);
	ensure(stream);
	return stream;
}

/* ---- */

FILE *output_open(struct output_stack *stack, FILE *out, const struct line_parts *parts, bool paged)
{
	FILE *pager = paged && !parts->no_more ? pager_open(out) : NULL;

	stack->n = 0;
	if (pager)
		out = stack->at[stack->n++] = pager;
	for (size_t i = parts->n_filters; i--;)
		out = stack->at[stack->n++] = filter_open(out, &parts->filter[i]);
	return out;
}

void output_close(struct output_stack *stack)
{
	while (stack->n)
		fclose(stack->at[--stack->n]);
}
