/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: what a daemon gives up for good before it reads anything that a remote sent, beside its
 * user and its capabilities. Two mechanisms of the kernel that do not know of each other:
 *
 *   seccomp    which system calls there are. bgpd and bfdd have a list of what they may do with
 *              descriptors that they have and with sockets of IP: nothing in it opens a file, runs
 *              a program or reaches another process. bgpd may make a copy of itself, which has the
 *              same list (rehearse.h). zebra-lite has a list of what it may not do: above all it
 *              opens no file for reading and speaks to no WireGuard. None of the three can leave
 *              its process group, which is killed with it. wgbgp-web has bfdd's list, and may
 *              listen and connect to UNIX sockets.
 *   Landlock   which files can be opened: none, but for zebra-lite what it writes in RUNDIR.
 *
 * Each alone keeps the key files from being read, also where a daemon is the user that owns them (a
 * container in which the user cannot be changed), so one of the two is enough to go on with.
 *
 * A refused call fails with EPERM and does not kill the daemon (the kernel's audit log names
 * refused calls of bgpd and bfdd). A daemon may be the only way into a site: when a new C library
 * makes a call that is not in the list, a function fails and the site stays reachable. An intruder
 * gains nothing by that.
 *
 * A build with AddressSanitizer has Landlock alone, with the files that the sanitizer reads itself
 * (/proc, /usr): what it calls at its end (ptrace, clone, execve) is what the lists are against.
 */
#ifndef WGBGP_SANDBOX_H
#define WGBGP_SANDBOX_H

enum sandbox_profile { SANDBOX_NONE, SANDBOX_BGPD, SANDBOX_BFDD, SANDBOX_WEB, SANDBOX_ZEBRA };

#define SANDBOX_SECCOMP 1u
#define SANDBOX_LANDLOCK 2u
#define SANDBOX_ALL (SANDBOX_SECCOMP | SANDBOX_LANDLOCK)

/*
 * In the only thread of the process. RUNDIR: where zebra-lite keeps its marker; must exist by then.
 * WITH: what to try, SANDBOX_ALL but in tests. Returns what is in force now; sets no_new_privs.
 */
unsigned sandbox_enter(enum sandbox_profile profile, const char *rundir, unsigned with);

#endif
