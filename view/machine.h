/* SPDX-License-Identifier: BSD-2-Clause */
/* machine: what the kernel and the file system say of this machine; needs no privilege. */
#ifndef WGBGP_VIEW_MACHINE_H
#define WGBGP_VIEW_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "prefix.h"

/* A flow of packets that conntrack knows, by its first packet. */
struct machine_flow {
	struct addr from, to;
	bool answered; /* packets came back */
};

/* Errors of IPv4 have an address of the interface that the packet came in by. */
#define ERRORS_KNOB "net/ipv4/icmp_errors_use_inbound_ifaddr"

/* A number below /proc/sys, as "net/ipv4/ip_forward"; -1 when there is none. */
long machine_sysctl(const char *path);
/* A counter of TCP in this network namespace (TcpExt in /proc/net/netstat); 0 where it is not
 * known. */
uint64_t machine_tcp_count(const char *name);
/* Flows of TCP and ICMP in this network namespace, which want answers, at most MAX; owned by the
 * caller. NULL with *N 0 where there are none, or this user may not know. */
struct machine_flow *machine_flows(size_t max, size_t *n);
/* MTU of an interface of this network namespace; 0 when there is none. */
uint32_t machine_mtu(const char *interface);
/* Interfaces of this network namespace by their index: name, state (up, down, no-carrier), mtu,
 * addresses. Owned by the caller. */
json_t *machine_interfaces(void);
/* Runs a program (WORDS end with NULL), which writes to OUT and its errors to ours, until it ends;
 * an interrupt is for it alone. Its exit status, or -errno where it could not be started. */
int machine_run(const char *const *words, FILE *out);
/* "CLIENT PORT SERVER PORT": the SSH connection that whoever uses this program came in by. sudo and
 * su take it from the environment: that of our parents is looked at behind sudo, or on a terminal.
 * Owned by the caller; NULL: none. */
char *machine_ssh_connection(void);
/* The wall clock. */
time_t machine_clock(void);

#endif
