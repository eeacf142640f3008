/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: chains of policies (`import`, `export`, `redistribute`), compiled from the configuration.
 *
 * A chain is a list of policies, a policy a list of terms, a term conditions and changes. Each
 * policy of a chain ends with accept or reject: the first one that rejects ends it, and a path is
 * accepted when all of the chain accept it; each sees the changes of those before it. Chains are
 * interned by what they do, so two neighbours with the same policies share one.
 */
#ifndef WGBGP_BGPD_POLICY_H
#define WGBGP_BGPD_POLICY_H

#include <jansson.h>
#include <stdbool.h>

#include "attr.h"

struct policy_chain;

/* NAMES: the leaf-list of policy names, looked up in CONFIG (the whole configuration); all and none
 * are built in. A chain stands for itself: it keeps nothing of CONFIG. NULL when NAMES is NULL (not
 * configured). */
struct policy_chain *policy_chain_new(const json_t *config, const json_t *names);
/* A chain of one policy by name. */
struct policy_chain *policy_chain_named(const json_t *config, const char *name);
struct policy_chain *policy_chain_ref(struct policy_chain *c); /* NULL is fine, here and below */
void policy_chain_free(struct policy_chain *c);		       /* lets go of one reference */
/* Same effect, the terms of the named policies included; NULL equals only NULL. */
bool policy_chain_eq(const struct policy_chain *a, const struct policy_chain *b);
/* The outcome may differ between prefixes that have the same attributes, neighbour and protocol. */
bool policy_chain_by_prefix(const struct policy_chain *c);
/* ... or with the cost of the next hop. */
bool policy_chain_by_cost(const struct policy_chain *c);
bool policy_chain_names(const struct policy_chain *c,
			const struct addr *nexthop); /* a term sets it */

enum policy_protocol {
	POLICY_BGP = 1,
	POLICY_NETWORK = 2,
	POLICY_CONNECTED = 4,
	POLICY_STATIC = 8,
	POLICY_KERNEL = 16,
};

/* What a chain is asked about. */
struct policy_input {
	const struct prefix *prefix;
	struct attr *attr;
	const struct addr *neighbor; /* who we have it from; NULL: originated here */
	enum policy_protocol protocol;
	uint32_t own_as;
	uint32_t default_local_pref;
	bool has_cost; /* on the way out: of the way to the path's next hop, now */
	uint32_t cost;
};
struct policy_output {
	struct attr *attr;  /* a reference, of the input's set where nothing changed */
	bool med_set;	    /* a term set MED */
	bool bandwidth_set; /* link-bandwidth */
	bool nexthop_set;   /* a term set it to an address */
	bool nexthop_self;  /* a term said: our own */
};
/* True: accepted, and OUT is filled. */
bool policy_run(const struct policy_chain *c, const struct policy_input *in,
		struct policy_output *out);

/* False when it is none. */
bool policy_parse_large_community(const char *text, uint32_t out[3]);

#endif
