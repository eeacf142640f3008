/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj_internal: what nhobj.c and nhgroup.c share.
 */
#ifndef WGBGP_ZEBRA_NHOBJ_INTERNAL_H
#define WGBGP_ZEBRA_NHOBJ_INTERNAL_H

#include "nhobj.h"

LIST_HEAD(nhobj_list, nhobj);
extern struct nhobj_list nhobj_all;

struct nhobj *nhobj_find_id(uint32_t id); /* those that are gone, too */
struct nhobj *nhobj_new(uint32_t id, uint32_t oif, uint8_t family);
struct nhobj *nhobj_create(uint32_t oif, uint8_t family); /* in the kernel, too; NULL: failed */
uint32_t nhobj_next_id(void);
bool nhobj_passing(int err); /* cannot be done now only */
/* May N's route lead to NH, by another interface than NOT_OIF? */
bool nhobj_may_lead(const struct rib_node *n, const struct nexthop *nh, uint32_t not_oif);
/* Each prefix that uses O has its entry for TO's interface at TO's peer, and is to have it there.
 */
bool nhobj_all_agree(const struct nhobj *o, const struct nexthop *to);
void nhobj_lose(struct nhobj *o);

/* nhgroup.c */
struct nhobj *nhgroup_choose(const struct rib_node *n, const struct hopset *s,
			     const struct nexthop *first);
/* Brings the members to what the states of their next hops say. */
void nhgroup_update(struct nhobj *o);
bool nhgroup_has(const struct nhobj *o, const struct addr *hop); /* a member, in it or not */
bool nhgroup_names(const struct nhobj *o, uint32_t leaf);
/* The leaf is not in the kernel any more. */
void nhgroup_leaf_lost(uint32_t leaf);
void nhgroup_write(const struct nhobj *o); /* again, as it is */
bool nhgroup_busy(void);
void nhgroup_reset(void);

#endif
