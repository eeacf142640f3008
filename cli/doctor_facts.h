/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_facts: what doctor has read and found so far, and what its checks do with it: they ask it
 * questions, and add findings.
 */
#ifndef WGBGP_CLI_DOCTOR_FACTS_H
#define WGBGP_CLI_DOCTOR_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"
#include "util.h"

struct cli_session;

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
	SOURCE_RIB, /* one row: counters */
	/* passing by */
	SOURCE_BGP,
	SOURCE_ROUTES,
	SOURCE_ENTRIES, /* AllowedIPs */
	/* made of what passed by */
	SOURCE_REFUSED, /* paths that are not eligible: one row for each neighbor and reason */
	SOURCE_MACHINE, /* one empty row */
	SOURCE_COUNT
};

#define DOCTOR_KEPT (SOURCE_RIB + 1)

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
	struct cli_session *s;
	const char *check;	   /* the name of the one that looks */
	json_t *kept[DOCTOR_KEPT]; /* arrays of rows */
	json_t *refused;	   /* object: "neighbor reason" → row */
	struct network *networks; /* of interfaces among the routes; what passed by last is first */
	bool shares[2];		  /* IPv4, IPv6: some route has several active next hops */
	json_t *tunnel_of;	  /* object: tunnel address → row of SOURCE_TUNNELS */
	unsigned *counts;	  /* findings of each check */
	unsigned *count;	  /* of the one that looks */
	unsigned lookups;	  /* of the kernel's routes for prefixes */
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
#define DOCTOR_LEAVES 1
/* Which way packets for the first host of a prefix leave, FROM an interface or "": that; -errno
 * where the kernel refuses them; 0: it is this machine, or too many were looked up already. */
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

#endif
