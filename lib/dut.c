/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asked.h"
#include "dut.h"
#include "quoted.h"

static pid_t pid;
static struct ipc *control;
static uint32_t generation;
static bool done; /* CONFIG_DONE came */
static char error[MSG_ERROR_MAX];
static bool gone;

static json_t *answer;
static bool answered;

void dut_turn(void)
{
	struct timeval tv = {.tv_usec = 10000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

uint64_t dut_blocked(bool first)
{
	DIR *d = opendir("/proc/self/task");
	uint64_t mask = 0;
	struct dirent *e;

	while ((e = readdir(d))) {
		char *path = xasprintf("/proc/self/task/%s/status", e->d_name), line[256];
		FILE *f = e->d_name[0] != '.' && (atoi(e->d_name) == getpid()) == first
				  ? fopen(path, "re")
				  : NULL;

		while (f && fgets(line, sizeof(line), f))
			if (strncmp(line, "SigBlk:", 7) == 0)
				mask |= strtoull(line + 7, NULL, 16);
		if (f)
			fclose(f);
		free(path);
	}
	closedir(d);
	return mask;
}

void dut_namespace(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    system("ip link set lo up") != 0)
		exit(77);
}

static char *command(const char *head, const char *fmt, va_list ap)
{
	char *rest = NULL, *all;

	if (vasprintf(&rest, fmt, ap) < 0)
		fail();
	all = xasprintf("%s %s", head, rest);
	free(rest);
	return all;
}

void dut_ip(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = command("ip", fmt, ap);
	va_end(ap);
	if (system(text) != 0)
		fail_msg("%s failed", text);
	free(text);
}

void dut_link(const char *name)
{
	dut_ip("link add %s type veth peer name %s.far", name, name);
	dut_ip("link set %s.far up", name);
	dut_ip("link set %s up", name);
}

json_t *dut_ip_json(const char *fmt, ...)
{
	va_list ap;
	char *text;
	FILE *f;
	json_t *j;

	va_start(ap, fmt);
	text = command("ip -j", fmt, ap);
	va_end(ap);
	f = popen(text, "r");
	assert_non_null(f);
	j = json_loadf(f, 0, NULL);
	pclose(f);
	free(text);
	return j ? j : json_array(); /* nothing is said where there is nothing */
}

static void on_reply(const struct ipc_frame *f)
{
	struct msg_reply m;

	assert_int_equal(msg_get_reply(f->type, f->body, f->len, &m), 0);
	answered = asked_take(&answer, f->type, &m);
}

static void on_control(void *arg, const struct ipc_frame *f)
{
	switch (f->type) {
	case MSG_CONFIG_DONE:
		assert_int_equal(msg_get_done(f->body, f->len, error), 0);
		assert_int_equal(f->generation, generation);
		done = true;
		break;
	case MSG_REPLY_HEAD:
	case MSG_REPLY_ROW:
	case MSG_REPLY_END:
		on_reply(f);
		break;
	default:
		break; /* events */
	}
}

static void on_gone(void *arg, const char *why)
{
	gone = true;
}

void dut_start(int (*daemon_main)(int argc, char **argv), const char *rundir)
{
	static const struct ipc_handlers handlers = {on_control, on_gone, NULL};
	char *argv[] = {"daemon", "-r", (char *)rundir, NULL};
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		loop_free(); /* the test's */
		if (fds[1] == 3)
			fcntl(3, F_SETFD, 0);
		else
			dup2(fds[1], 3);
		for (int fd = 4; fd < 64; fd++)
			close(fd);
		optind = 1;
		_exit(daemon_main(3, argv));
	}
	close(fds[1]);
	gone = false;
	control = ipc_new(fds[0], &handlers, NULL);
}

static int end(void)
{
	int status = 0;
	uint64_t until = now_ms() + test_patience_ms();

	while (waitpid(pid, &status, WNOHANG) == 0) {
		dut_turn();
		if (now_ms() > until)
			fail_msg("the daemon does not end");
	}
	pid = 0;
	return status;
}

void dut_stop(void)
{
	if (!pid)
		return;
	ipc_free(control);
	control = NULL;
	assert_int_equal(end(), 0);
}

void dut_kill(void)
{
	kill(pid, SIGKILL);
	end();
	ipc_free(control);
	control = NULL;
}

static const char *ask(enum msg_type type, const char *text)
{
	done = false;
	ipc_send(control, type, generation, text, strlen(text));
	DUT_AWAIT(done || gone);
	if (gone)
		fail_msg("the daemon is gone");
	return error;
}

const char *dut_check(const char *config)
{
	json_t *j = quoted(config);
	char *text = json_dumps(j, JSON_COMPACT);

	generation++;
	ask(MSG_CONFIG_CHECK, text);
	free(text);
	json_decref(j);
	return error;
}

void dut_apply(const char *config)
{
	json_t *j = quoted(config);
	char *text = json_dumps(j, JSON_COMPACT);

	generation++;
	assert_string_equal(ask(MSG_CONFIG_CHECK, text), "");
	assert_string_equal(ask(MSG_CONFIG_APPLY, text), "");
	assert_string_equal(ask(MSG_CONFIG_PRUNE, ""), "");
	free(text);
	json_decref(j);
}

void dut_teardown(void)
{
	assert_string_equal(ask(MSG_TEARDOWN, ""), "");
}

void dut_secret(const struct msg_secret *m)
{
	struct wr w = {0};

	msg_put_secret(&w, m);
	dut_say(control, MSG_SECRET, &w);
}

static void ignore(void *arg, const char *why)
{
}

struct ipc *dut_channel(enum daemon_id peer, void (*frame)(void *arg, const struct ipc_frame *f))
{
	static struct ipc_handlers handlers[DAEMON_COUNT];
	struct wr w = {0};
	int fds[2];

	handlers[peer] = (struct ipc_handlers){frame, ignore, NULL};
	assert_int_equal(ipc_pair(fds), 0);
	msg_put_channel(&w, peer);
	ipc_send_fd(control, MSG_CHANNEL, generation, w.data, w.len, fds[1]);
	wr_free(&w);
	close(fds[1]);
	return ipc_new(fds[0], &handlers[peer], NULL);
}

void dut_say(struct ipc *channel, enum msg_type type, struct wr *w)
{
	ipc_send(channel, type, generation, w->data, w->len);
	wr_free(w);
}

json_t *dut_show(const char *request)
{
	struct wr w = {0};
	json_t *j = quoted(request), *out;
	char *text = json_dumps(j, JSON_COMPACT);

	answer = json_object();
	answered = false;
	msg_put_request(&w, 7, text, strlen(text));
	ipc_send(control, MSG_REQUEST, generation, w.data, w.len);
	wr_free(&w);
	free(text);
	json_decref(j);
	DUT_AWAIT(answered || gone);
	assert_false(gone);
	out = answer;
	answer = NULL;
	return out;
}

const char *dut_cell(const char *request, const char *list, const char *key, const char *is,
		     const char *member)
{
	static char ring[4][2048];
	static unsigned at;
	json_t *all = dut_show(request), *row;
	size_t i;

	at = (at + 1) % 4;
	strcpy(ring[at], "-");
	json_array_foreach (json_object_get(all, list), i, row) {
		const char *text = json_string_value(json_object_get(row, key));
		const json_t *v = json_object_get(row, member);
		char *out;

		if (!text || !str_eq(text, is))
			continue;
		if (!v)
			fail_msg("no member %s", member);
		out = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
		str_copy(ring[at], out, sizeof(ring[at]));
		free(out);
		break;
	}
	json_decref(all);
	return ring[at];
}
