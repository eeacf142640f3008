/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * out: the seam between the RIB and the world: the kernel's routes, wgd and bgpd.
 *
 * The program fills the table with kernel_write.c and the channels, unit tests with a model.
 * Nothing else in the RIB writes anywhere.
 */
#ifndef WGBGP_ZEBRA_OUT_H
#define WGBGP_ZEBRA_OUT_H

#include "messages.h"

#define ROUTE_WAYS_MAX ROUTE_HOPS_MAX /* those beyond are passed over */

/* One of a multipath route. */
struct way {
	uint32_t oif;
	uint8_t weight;	     /* 1 at least */
	struct addr gateway; /* family 0: none */
};

/* A route of a kernel table; table, metric and protocol of ours come from the configuration. */
struct kroute {
	struct prefix prefix;
	uint32_t table, metric, oif;
	struct addr gateway; /* family 0: none */
	struct addr source;  /* preferred; family 0: the kernel chooses */
	uint8_t protocol;    /* rtm_protocol */
	uint8_t type;	     /* RTN_UNICAST, RTN_BLACKHOLE, … */
	bool replaced;	     /* read: the notification says that it took another one's place */
	bool appended;	     /* read: the notification says that it stands behind another one */
	bool listed;	     /* read: in a listing, which goes by the kernel's order */
	uint32_t nhid;	     /* nexthop object, 0 none */
	uint8_t n_ways; /* of a multipath route, in order; the first is in `oif`, too; else 0 */
	struct way way[ROUTE_WAYS_MAX];
};

/* A rule of policy routing: which packets look into which table. */
struct krule {
	uint8_t family;
	uint8_t protocol; /* FRA_PROTOCOL: who made it; not part of its identity */
	uint8_t action;	  /* FR_ACT_TO_TBL, FR_ACT_BLACKHOLE, FR_ACT_UNREACHABLE, … */
	uint8_t tos;	  /* 0: any. IPv4 knows the bits 0x1c only, before Linux 6.13 */
	uint32_t priority, table;
	uint32_t fwmark, fwmask;   /* mask 0: any */
	struct prefix source, dst; /* length 0: any; family 0 then, or the rule's */
	char iif[16];		   /* input interface, "" any */
	char oif[16];		   /* interface that the sender's socket is bound to, "" any */
	bool no_default;	   /* a default route of the table is passed over */
	uint8_t ip_protocol;	   /* 0: any, or ICMP as below */
	/* Only ICMP (ICMPv6) from one to the other, each type << 8 | code; 0: all packets. */
	uint16_t icmp_first, icmp_last;
};

struct nhleg { /* of a group */
	uint32_t id;
	uint8_t weight;
};

enum route_op {
	ROUTE_ADD,    /* must not be there yet: -EEXIST protects what is not ours */
	ROUTE_CHANGE, /* one of ours is there */
	ROUTE_DEL,
	ROUTE_NONE, /* never written */
};

struct out {
	/* Queued, in order; errors come to fib_route_failed(cookie) before route_done() is true.
	 * COOKIE: int *, zero where all is well; NULL. */
	void (*route)(enum route_op op, const struct kroute *r, void *cookie);
	/* On their way; a number for route_done(). */
	uint32_t (*route_flush)(void);
	/* All before that flush are written. WAIT: until they are; else fib_look() is
	 * called when it is worth to ask again. */
	bool (*route_done)(uint32_t flush, bool wait);
	/* One route, and its answer: 0 or -errno. */
	int (*route_now)(enum route_op op, const struct kroute *r);
	/* Nexthop objects to an interface; 0 or -errno at once. CREATE: must not be there yet, else
	 * it must. NULL: there are none. Deleting one deletes its routes. */
	int (*nexthop_set)(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol,
			   bool create);
	int (*nexthop_group)(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			     uint8_t protocol, bool create);
	void (*nexthop_del)(uint32_t id);
	/* Rules; 0 or -errno at once. NULL: there are none. */
	int (*rule)(bool add, const struct krule *r);
	void (*allowed)(const struct msg_allowed *m);
	void (*allowed_sync)(uint32_t batch);
	bool (*wgd_full)(void);
	/* bgpd is behind: what can wait does, until it is told that bgpd is no more. NULL: never.
	 */
	bool (*bgpd_full)(void);
	void (*verdict)(const struct msg_verdicts *m);
	void (*nexthop)(const struct msg_nexthop *m);
	void (*redist)(const struct msg_redist *m);
	/* NULL: nobody is to know. */
	void (*kept)(const struct route_hops *hops, const struct prefix *p);
	void (*kept_in)(uint64_t version); /* keepin_version() moved; NULL: see kept */
	void (*resync)(const char *why);   /* read the kernel's tables again */
	bool (*link_up)(uint32_t ifindex);
	const char *(*link_name)(uint32_t ifindex); /* "" when unknown */
	/* The link is down or gone, or was so since then (monotonic) and since the kernel's table
	 * was last read: the kernel dropped its routes by itself. NULL: none ever is. */
	bool (*link_fell)(uint32_t ifindex, uint64_t since_ms);
};
extern struct out out;

static inline bool out_bgpd_full(void)
{
	return out.bgpd_full && out.bgpd_full();
}

#endif
