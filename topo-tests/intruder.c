/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intruder PID FILE: makes a running process try to open a file for reading, as code that somebody
 * got into it would, by each system call that there is for it. Prints a line for each: its name and
 * 0, or the error's name. Uses ptrace(2), as root; status 77 on a processor that it does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	return 77;
}
#else
#include <sys/user.h>

#define RED_ZONE 128 /* below the stack pointer: in use by the function that was interrupted */
#define SYSCALL 0x050f
#define SYS_OPENAT2 437
#define TRIES 1000

static pid_t pid;
static struct user_regs_struct saved;

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "intruder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(unsigned long where, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(long)) {
		long word = 0;

		memcpy(&word, (const char *)data + i,
		       len - i < sizeof(word) ? len - i : sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, where + i, word) < 0)
			give_up("POKEDATA");
	}
}

/* Where it waits in a system call the instruction for one is just behind it. */
static void catch_it(void)
{
	for (int n = 0; n < TRIES; n++) {
		if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
			give_up("ATTACH");
		if (waitpid(pid, NULL, __WALL) < 0 || ptrace(PTRACE_GETREGS, pid, NULL, &saved) < 0)
			give_up("GETREGS");
		errno = 0;
		if ((ptrace(PTRACE_PEEKTEXT, pid, saved.rip - 2, NULL) & 0xffff) == SYSCALL &&
		    !errno)
			return;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		usleep(1000);
	}
	give_up("it does not wait");
}

static void let_go(void)
{
	if (ptrace(PTRACE_SETREGS, pid, NULL, &saved) < 0 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
		give_up("DETACH");
}

static long call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	struct user_regs_struct r = saved;

	r.rip -= 2;
	r.orig_rax = -1UL; /* nothing to start again */
	r.rax = (unsigned long)nr;
	r.rdi = a;
	r.rsi = b;
	r.rdx = c;
	r.r10 = d;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &r) < 0 ||
	    ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, NULL, __WALL) < 0 ||
	    ptrace(PTRACE_GETREGS, pid, NULL, &r) < 0)
		give_up("SINGLESTEP");
	return (long)r.rax;
}

static void say(const char *name, long result)
{
	printf("%s %s\n", name, result < 0 ? strerrorname_np((int)-result) : "0");
	if (result >= 0)
		call(SYS_close, (unsigned long)result, 0, 0, 0);
}

int main(int argc, char **argv)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_RDONLY, 0, 0};
	unsigned long path, at; /* in its stack */

	if (argc != 3)
		return 2;
	pid = (pid_t)strtol(argv[1], NULL, 10);
	catch_it();
	path = (saved.rsp - RED_ZONE - 8192) & ~15UL;
	at = path - sizeof(how);
	put(path, argv[2], strlen(argv[2]) + 1);
	put(at, &how, sizeof(how));
	say("open", call(SYS_open, path, O_RDONLY, 0, 0));
	say("open-both", call(SYS_open, path, O_RDWR, 0, 0));
	say("openat", call(SYS_openat, (unsigned long)AT_FDCWD, path, O_RDONLY, 0));
	say("openat2", call(SYS_OPENAT2, (unsigned long)AT_FDCWD, path, at, sizeof(how)));
	let_go();
	return 0;
}
#endif
