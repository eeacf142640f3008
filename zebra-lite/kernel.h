/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel: zebra-lite's two sides of rtnetlink.
 *
 * Writing (kernel_write.c) is the real implementation of out.h's route verbs. Routes go in by a
 * thread (kernel_thread.c), since the kernel works inside the send: one core is its alone, and the
 * loop puts the next ones together meanwhile. Everything else is sent by the loop. Reading
 * (kernel_read.c) tells links, which kernel_link.c keeps, addresses, rules, nexthop objects and
 * every route of our tables, by a full reading at the start and when the tables are in doubt, and
 * by notifications in between. Notifications of our own writes are filtered out in the kernel by
 * their port.
 *
 * The kernel does not tell of each route that it drops: routes of IPv4 go without a word with a
 * link and with an interface's last address; those of IPv6, where
 * net.ipv6.route.skip_notify_on_dev_down is set, with a link and with IPv6 itself there (it is
 * switched off, or does not fit into the MTU). No such way has a case of its own: whatever happens
 * to an interface, its addresses or its families brings the tables in doubt, and so do
 * notifications that were lost. What is in doubt is read again a moment later, and
 * compared with what the books say. Readings take a fifth of the time at most. What happens to an
 * interface concerns the routes by it; so only these are listed, of however large a table. With an
 * IPv4 address also those go that name it as their source, by whatever interface: those by which
 * there are such are read, too.
 *
 * Who does what with what is read is not known here: whoever is told says so (kernel_read_open()).
 */
#ifndef WGBGP_ZEBRA_KERNEL_H
#define WGBGP_ZEBRA_KERNEL_H

#include <linux/netlink.h>

#include "out.h"

/* kernel_decode.c: a netlink message to a value. 0; -EBADMSG malformed; -ENOENT not of interest. */
struct klink {
	uint32_t ifindex;
	char name[16];
	bool up; /* administratively and with carrier */
	bool pointopoint;
	uint32_t mtu, master; /* ifindex of its bridge or VRF; 0: none */
};
int kernel_decode_route(const struct nlmsghdr *nlh, struct kroute *out);
int kernel_decode_link(const struct nlmsghdr *nlh, struct klink *out);

struct knexthop {
	uint32_t id, oif;
	uint8_t family, protocol;
	unsigned n; /* legs of a group; 0: not a group */
	bool resilient;
	struct nhleg legs[ROUTE_HOPS_MAX];
};
int kernel_decode_nexthop(const struct nlmsghdr *nlh, struct knexthop *out);

struct kaddr {
	uint32_t ifindex;
	struct addr local;
	struct prefix subnet; /* of the far end on a point-to-point link */
	uint32_t flags;	      /* IFA_F_… */
	uint8_t scope;	      /* RT_SCOPE_… */
};
int kernel_decode_addr(const struct nlmsghdr *nlh, struct kaddr *out);
/* -ENOENT also for rules with conditions that struct krule does not have. */
int kernel_decode_rule(const struct nlmsghdr *nlh, struct krule *out);

/* kernel_thread.c: sends what it is given, one buffer after the other. */
struct nl_batch;
/* FAILED: a route of which the kernel said -errno, with its cookie; called in the thread. WRITTEN:
 * kernel_thread_done() may have another answer. Before anything is started. */
void kernel_thread_open(void (*failed)(void *cookie, int err), void (*written)(void));
int kernel_thread_start(void);
void kernel_thread_stop(void); /* when it has sent what it was given */
uint32_t kernel_thread_portid(void);
struct nl_batch *kernel_thread_batch(void); /* for the next route */
uint32_t kernel_thread_flush(void);
bool kernel_thread_done(uint32_t flush, bool wait);

/* kernel_write.c */
int kernel_write_start(void);
void kernel_write_stop(void);
uint32_t kernel_write_portid(void);
void kernel_write_route(enum route_op op, const struct kroute *r, void *cookie);
int kernel_write_route_now(enum route_op op, const struct kroute *r);
int kernel_write_nexthop(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create);
int kernel_write_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
		       uint8_t protocol, bool create);
void kernel_delete_nexthop(uint32_t id);
int kernel_write_rule(bool add, const struct krule *r);

/* kernel_link.c */
enum { KLINK_NAMED = 1, KLINK_UP = 2, KLINK_DOWN = 4, KLINK_OTHER = 8 };
/* What changed, bits of these. NAMED: the interface came, went, or has another name; OTHER: it has
 * another MTU or master. */
unsigned kernel_link_told(const struct klink *k, bool present);
/* Routes by the interface may have gone without a word. */
void kernel_link_doubt(uint32_t ifindex);
void kernel_links_confirmed(uint64_t since_ms); /* what was there then (monotonic) is known */
void kernel_links_reset(void);
bool kernel_link_up(uint32_t ifindex);
bool kernel_link_fell(uint32_t ifindex, uint64_t since_ms);
bool kernel_link_pointopoint(uint32_t ifindex);
const char *kernel_link_name(uint32_t ifindex);
uint32_t kernel_link_by_name(const char *name); /* 0 when there is none */
size_t kernel_link_count(void);

/* kernel_netconf.c */
int kernel_rp_filter(const char *ifname); /* in force there for IPv4: 0, 1, 2; -1 unknown */

/* kernel_read.c. All of these are set. PRESENT: it is there, by a reading or by a notification;
 * else it went. */
struct kernel_news {
	/* A reading of everything, but of the planes' routes only those by N interfaces; N 0: all.
	 */
	void (*begin)(const uint32_t *oifs, unsigned n);
	void (*link)(unsigned changed);	  /* bits of kernel_link_told() */
	void (*turned)(uint32_t ifindex); /* the link went up or down, after the first reading */
	void (*addr)(const struct kaddr *a, bool present);
	void (*nexthop)(const struct knexthop *k, bool present);
	void (*nexthops_read)(void); /* all of this reading were told */
	void (*rule)(const struct krule *r, bool present);
	void (*route)(const struct kroute *r, bool present);
	/* The tables besides those of the planes that are to be read; their number. */
	unsigned (*side_tables)(uint32_t *tables, unsigned max);
	void (*end)(void (*done)(void)); /* DONE is called when all of the reading is worked in */
	void (*ready)(void);		 /* the first reading is */
	void (*eased)(void);		 /* what was refused may be taken now */
};
void kernel_read_open(const struct kernel_news *news);
int kernel_read_start(void); /* the first reading begins */
void kernel_read_stop(void);
void kernel_resync(const char *why); /* WHY for the log */

#endif
