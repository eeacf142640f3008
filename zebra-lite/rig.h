/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: for tests: the RIB between a kernel, a wgd and a bgpd that write down what they are told,
 * with the clock of loop_fake. There are the links u0 (the underlay: 198.51.100.0/24 and a
 * default route by 198.51.100.254), u, and wg0 to wg3, whose peers each test tells.
 */
#ifndef WGBGP_ZEBRA_RIG_H
#define WGBGP_ZEBRA_RIG_H

#include <jansson.h>

#include "messages.h"
#include "util.h"
#include "out.h"

enum { RIG_U0 = 2, RIG_U1, RIG_WG0 = 10, RIG_WG1, RIG_WG2, RIG_WG3, RIG_LINKS };

extern bool rig_link_down[RIG_LINKS]; /* by number */
extern bool rig_link_fallen;	      /* every link was down a moment ago */
extern int rig_route_error;	      /* of every addition and change of a route, until 0 again */
extern int rig_delete_error;	      /* of every removal */
extern int rig_object_error;	      /* of every nexthop object */
extern int rig_group_error;	      /* of every group of them */
extern int rig_rule_error;	      /* of every rule */
extern const char *rig_refused;	      /* wgd takes no entry of this prefix; NULL */
extern bool rig_silent;		      /* wgd does not answer */
extern bool rig_slow;	 /* the kernel has done nothing yet, unless somebody waits for it */
extern bool rig_keep_in; /* what keepin.h writes is told, too, and may be refused */
/* rig_rule_error is that of the rules with this priority alone; 0: of all. */
extern uint32_t rig_rule_refused;

void rig_begin(void);
int rig_end(void **state); /* as a teardown */
/* SETUP, CHECK and rig_end(), twice: nothing of the first life may be left in the second one. */
struct rig_check {
	int (*setup)(void **state);
	void (*check)(void **state);
};
void rig_twice(void **state);
#define RIG_CHECK(check, setup) {#check, rig_twice, NULL, NULL, &(struct rig_check){setup, check}}
void rig_turn(void);	   /* some of what happens without time going by */
void rig_settle(void);	   /* all of it */
void rig_pass(unsigned ms);
/* What was written and told since the last call, a line each; settles before. Valid until the next
 * one. */
const char *rig_told(void);
/* That it is TEXT, in the check at this place. */
#define RIG_TOLD(text) RIG_EQ(rig_told(), text)
#define RIG_EQ(got, text) rig_equal(got, text, __FILE__, __LINE__)
void rig_equal(const char *got, const char *text, const char *file, int line);
void rig_say(const char *fmt, ...) PRINTF_LIKE(1, 2); /* into the same */

struct prefix rig_prefix(const char *text);
struct kroute rig_ours(const char *prefix, uint32_t oif); /* as we write it into the main table */
struct addr rig_addr(const char *text); /* "10.9.0.1", "fe80::1%wg0" */
const char *rig_link_name(uint32_t ifindex);
const char *rig_peer_name(uint32_t id); /* "p1" */

/* Part of a configuration: whatever peer may have anything. */
#define RIG_PERMIT_OF(p) "{'name': '" p "', 'permit': ['0.0.0.0/0', '::/0']}"
#define RIG_PERMIT_ON(wg)                                                                \
	"{'name': '" wg "', 'peer': [" RIG_PERMIT_OF("p1") ", " RIG_PERMIT_OF("p2") ", " \
	RIG_PERMIT_OF("p3") ", " RIG_PERMIT_OF("p4") "]}"
#define RIG_PERMIT                                                                    \
	"'wireguard': {'interface': [" RIG_PERMIT_ON("wg0") ", " RIG_PERMIT_ON("wg1") \
	", " RIG_PERMIT_ON("wg2") ", " RIG_PERMIT_ON("wg3") "]}"


/* What the others say. CONFIG: ' for ". */
void rig_configure(const char *config);
void rig_if(uint32_t ifindex, bool up);
/* ADDRS: "10.9.0.1 fd00::1". ENDPOINT may be NULL. */
void rig_peer(uint32_t id, uint32_t ifindex, const char *addrs, const char *endpoint,
	      enum tunnel_state state);
void rig_kernel(bool present, const char *prefix, uint8_t protocol, uint32_t metric, uint32_t oif,
		const char *gateway);
/* The same by RIG_U0 and RIG_U1. */
void rig_multipath(bool present, const char *prefix, uint8_t protocol, uint32_t metric,
		   const char *by_u0, const char *by_u1);
/* HOPS: "10.9.0.1 e10.9.1.1 10.9.2.1*3 10.9.3.1-": e of eBGP, *3 with that weight, - demoted. "":
 * withdrawn. */
void rig_bgp(const char *prefix, const char *hops);
void rig_watch(const char *address);

#endif
