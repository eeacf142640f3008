/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_facts: what doctor has read and found so far, and what its checks do with it: they ask it
 * questions, and add findings.
 */
#ifndef WGBGP_VIEW_DOCTOR_FACTS_H
#define WGBGP_VIEW_DOCTOR_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"
#include "util.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

enum doctor_source {
	/* kept */
	SOURCE_DAEMONS,
	SOURCE_PRIVILEGES,    /* that are missing */
	SOURCE_COMMITS,	      /* changes of the configuration, newest first */
	SOURCE_CONFIGURATION, /* one row: the file as it was written */
	SOURCE_INTERFACES,
	SOURCE_TUNNELS,
	SOURCE_NEIGHBORS,
	SOURCE_NEXTHOPS,
	SOURCE_PINS,
	SOURCE_RIB,  /* one row: counters */
	SOURCE_KEYS, /* files of keys */
	SOURCE_HOST, /* one row: what the kernel says of the machine */
	/* passing by */
	SOURCE_BGP,
	SOURCE_ROUTES,
	SOURCE_ENTRIES, /* AllowedIPs */
	/* made of what passed by */
	SOURCE_REFUSED, /* paths that are not eligible: one row for each neighbor and reason */
	SOURCE_MACHINE, /* one empty row */
	SOURCE_COUNT
};

#define DOCTOR_KEPT (SOURCE_HOST + 1)

#define DOCTOR_SHOWN_MAX 5   /* findings of one check that are written */
#define DOCTOR_TEXT_MAX 1024 /* of a finding or an advice, with its end */

/* Where a finding is; members may be NULL. */
struct where {
	const char *interface, *peer, *neighbor, *prefix;
};

struct network {
	struct network *next;
	struct prefix prefix;
	json_t *row; /* of SOURCE_ROUTES, a reference */
};

struct doctor {
	int source;		   /* that is asked for; behind them all: questions of checks */
	const char *check;	   /* the name of the one that looks */
	json_t *kept[DOCTOR_KEPT]; /* arrays of rows */
	json_t *refused;	   /* object: "neighbor reason" → row */
	struct network *networks; /* of interfaces among the routes; what passed by last is first */
	bool shares[2];		  /* IPv4, IPv6: some route has several active next hops */
	json_t *tunnel_of;	  /* object: tunnel address → row of SOURCE_TUNNELS */
	unsigned *counts;	  /* findings of each check */
	unsigned *count;	  /* of the one that looks */
	json_t *questions;	  /* requests that checks want answers to */
	size_t question;	  /* the first one that was not answered */
	json_t *answers;  /* object: question as text → answer; null: not yet, false: it failed */
	bool later;	  /* the one that looks has to look again when they are answered */
	json_t *put_off;  /* such looks: {check, row} */
	unsigned lookups; /* of the kernel's routes for prefixes */
	const char *refusal;	    /* of the last one, where the kernel refuses such packets */
	struct doctor_flows *flows; /* of conntrack; NULL: not read yet */
	json_t *findings;
	unsigned severities[3];
};

extern const char *const doctor_severities[]; /* by enum severity */

/* A finding of the check that looks, or one more to count; ADVICE is what to do about it. */
void doctor_find(struct doctor *d, enum severity severity, struct where where, const char *advice,
		 const char *fmt, ...) PRINTF_LIKE(5, 6);
/* A finding that is written, whatever there is already. */
void doctor_add(struct doctor *d, const char *check, enum severity severity,
		const struct where *where, const char *text, const char *advice);
#define FIND(...) doctor_find(d, __VA_ARGS__)
#define AT(...) ((struct where){__VA_ARGS__})

/* The row of a kept source whose KEY has VALUE; NULL when there is none. */
const json_t *doctor_row(const struct doctor *d, enum doctor_source source, const char *key,
			 const char *value);
/* One of WireGuard, as wgd knows. */
bool doctor_is_tunnel_if(const struct doctor *d, const char *interface);

/*
 * What others have to be asked for. A check that gets no answer yet goes on as if nothing were
 * known; what it found is forgotten, and it looks at the same row again when all is answered.
 */

/* The answer to REQUEST (taken over); borrowed. NULL: none, or none yet. */
const json_t *doctor_ask(struct doctor *d, json_t *request);
/* A number below /proc/sys, of those that host.h names; -1: it is not there. */
long doctor_knob(const struct doctor *d, const char *name);
/* A counter of TCP, of those that host.h names. */
uint64_t doctor_tcp_count(const struct doctor *d, const char *name);
/* Which way packets with a firewall mark go to A; NULL: none, or not known. Borrowed. */
const json_t *doctor_way_marked(struct doctor *d, const struct addr *a, uint32_t mark);
#define DOCTOR_LEAVES 1
#define DOCTOR_REFUSED (-1)
/* Which way packets for the first host of a prefix leave, FROM an interface or "": that;
 * DOCTOR_REFUSED with d->refusal where the kernel does so; 0: it is this machine, or not known, or
 * too many were looked up already. */
int doctor_leaves_by(struct doctor *d, const struct prefix *p, const char *from, char *interface);
/* The same for packets in a plane: what passes through it, in another one than the main plane. */
int doctor_way(struct doctor *d, const struct prefix *p, const char *plane, char *interface);
/* Packets for P, which is behind a tunnel of PLANE, leave by another interface, in the clear. */
bool doctor_leaks(struct doctor *d, const struct prefix *p, const char *plane, char *interface);
/* A static route that keeps them in while no path is usable, and gives way to one that is. */
const char *doctor_blackhole(const struct prefix *p, const char *plane, char *out, size_t size);
#define DOCTOR_BLACKHOLE(p, plane) doctor_blackhole((p), (plane), (char[256]){0}, 256)
/* Any selected route of BGP inside P? */
bool doctor_learned_inside(struct doctor *d, const struct prefix *p);

/* The first question that was not answered has the answer ANSWER; NULL: none, unless it had one. */
void doctor_said(struct doctor *d, const json_t *answer);
/* A row of that, where it is about routes. */
void doctor_said_route(struct doctor *d, const json_t *route);

#endif
