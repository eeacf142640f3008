/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook_run.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

#define EXIT_NO_PROGRAM 127 /* as a shell says it */
#define EXIT_NOT_POSTED 126

/* A descriptor to read TEXT from; -errno. */
static int text_open(const char *text)
{
	int fd = memfd_create("event", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -EIO;
}

static _Noreturn void become(const struct hook_call *call)
{
	char *argv[] = {(char *)call->program, NULL};
	char name[64], path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char *env[] = {path, name, NULL};

	snprintf(name, sizeof(name), "WGBGP_EVENT=%s", call->word);
	execve(call->program, argv, env);
	dprintf(STDERR_FILENO, "wgbgp-events: %s: %s\n", call->program, strerror(errno));
	_exit(EXIT_NO_PROGRAM);
}

static size_t drop(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

/* Of the URL the host alone is said: the rest may be a secret of the operator's. */
static _Noreturn void post(const struct hook_call *call)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");
	CURLcode code;

	ensure(curl && head);
	curl_easy_setopt(curl, CURLOPT_URL, call->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->text);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "wgbgp-events");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)call->seconds);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		dprintf(STDERR_FILENO, "wgbgp-events: not posted: %s\n", curl_easy_strerror(code));
	_exit(code == CURLE_OK ? 0 : EXIT_NOT_POSTED);
}

/* What the parent made of signals is not the program's. */
static void signals_reset(void)
{
	static const int own[] = {SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		signal(own[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child(const struct hook_call *call, int in)
{
	setpgid(0, 0);
	signals_reset();
	if (chdir("/") < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(EXIT_NO_PROGRAM);
	if (call->program)
		become(call);
	post(call);
}

pid_t hook_run(const struct hook_call *call)
{
	int in = text_open(call->text);
	pid_t pid;

	if (in < 0)
		return in;
	pid = fork();
	if (pid == 0)
		child(call, in);
	if (pid < 0)
		pid = -errno;
	else
		setpgid(pid, pid); /* whoever comes first: a kill must not miss it */
	close(in);
	return pid;
}

void hook_run_kill(pid_t pid)
{
	kill(-pid, SIGKILL);
}

const char *hook_run_failure(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(out, size, "status %d", WEXITSTATUS(status));
	else
		out[0] = '\0';
	return out;
}
