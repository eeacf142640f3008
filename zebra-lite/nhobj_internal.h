/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj_internal: what the files of nexthop objects share, from the lowest to the highest.
 */
#ifndef WGBGP_ZEBRA_NHOBJ_INTERNAL_H
#define WGBGP_ZEBRA_NHOBJ_INTERNAL_H

#include "nhobj.h"

/* nhobj.c */
LIST_HEAD(nhobj_list, nhobj);
extern struct nhobj_list nhobj_all;
struct nhobj *nhobj_find_id(uint32_t id); /* those that are gone, too */
bool nhobj_names(const struct nhobj *o, uint32_t leaf);
bool nhobj_unused(const struct nhobj *o); /* no route by it, and no group that has it */
/* As it is, a group with the members M. 0 or -errno. */
int nhobj_write(struct nhobj *o, const struct nhobj_member *m, bool create);
/* A new object with a number, a group where N is not 0; to be filled in and given to
 * nhobj_create(). NULL: no such object can be made now. */
struct nhobj *nhobj_begin(uint8_t family, unsigned n);
/* Brings it into the kernel: O; or NULL, and O is freed. */
struct nhobj *nhobj_create(struct nhobj *o);
struct nhobj *nhobj_create_one(uint32_t oif, uint8_t family); /* one that leads to an interface */
/* The leaf that leads to the interface; NULL where there is none and none can be made. */
struct nhobj *nhobj_leaf(uint32_t oif, uint8_t family);
/* Plain routes were taken for want of an object, and one may be made now; forgets that. Else *MS is
 * the time until it may, 0: none is wanted. */
bool nhobj_missed(uint64_t *ms);
bool nhobj_has_fallen(const struct nhobj *o); /* an interface that it leads to did just now */
bool nhobj_resilient(void);	    /* groups are to be so, and can be */
void nhobj_give_up(uint8_t family); /* no more objects for prefixes of it, but groups */
void nhobj_table_reset(void);

/* nhobj_uses.c */
/* May N's route lead to NH, by another interface than NOT_OIF? */
bool nhobj_may_lead(const struct rib_node *n, const struct nexthop *nh, uint32_t not_oif);
bool nhobj_has_user(const struct nhobj *o, const struct hopset *s); /* a prefix with the list S */
/* Each prefix that uses O has its entry for TO's interface at TO's peer, and is to have it there.
 */
bool nhobj_all_agree(const struct nhobj *o, const struct nexthop *to);
void nhobj_uses_reset(void);

/* nhobj_lost.c */
extern bool nhobj_waiting; /* groups are to be looked at when the queue is worked off */
void nhobj_lose(struct nhobj *o);
void nhobj_lost_reset(void);

/* nhgroup.c */
struct nhobj *nhgroup_choose(const struct rib_node *n, const struct hopset *s,
			     const struct nexthop *first);
/* Brings the members to what the states of their next hops say. */
void nhgroup_update(struct nhobj *o);
bool nhgroup_has(const struct nhobj *o, const struct addr *hop); /* a member, in it or not */

#endif
