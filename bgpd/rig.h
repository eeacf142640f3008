/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: for tests: the whole of bgpd but its main(), with its surroundings played by the test.
 *
 * In a network namespace whose loopback has 10.9.0.1/24 and fd09::1/64 neighbours are 10.9.0.N and
 * connect to bgpd's listener, port 179; ROUTES that bgpd sends to zebra-lite are kept as one line a
 * prefix; `show` is asked over the channel that a CLI has.
 */
#ifndef WGBGP_BGPD_RIG_H
#define WGBGP_BGPD_RIG_H

#include <jansson.h>

#include "attr_wire.h"
#include "message.h"
#include "messages.h"
#include "peer.h"
#include "testing.h"

/* Runs the tests in a namespace of their own; 77 where there is no right to make one. Includes of
 * cmocka's come before this header. */
int rig_run(const struct CMUnitTest *tests, size_t n);
void rig_turn(void);
uint64_t rig_real_ms(void); /* whatever clock bgpd has: rig_clock.h */
#define RIG_AWAIT(cond)                                                                         \
	do {                                                                                    \
		for (uint64_t until_ = rig_real_ms() + test_patience_ms(); !(cond); rig_turn()) \
			if (rig_real_ms() > until_)                                             \
				fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #cond);        \
	} while (0)

/* CONFIG: the whole effective configuration, ' for ". Starts bgpd at the first call. */
void rig_config(const char *config);
void rig_start(const char *config); /* ... and a zebra-lite that has told all: nothing is
				     * kept, the neighbours are in reach */
void rig_stop(void);
/* Everything that was said is done. */
void rig_settle(void);

/* A neighbour. */
struct far {
	int fd;
	unsigned last;		/* its address: 10.9.0.LAST */
	uint64_t said, heard;	/* messages */
	struct wr in;		/* heard and not looked at yet */
	struct bgp_error error; /* of a NOTIFICATION; code 0 none */
	bool ended;		/* the connection was closed */
	unsigned eors;
	json_t *rib; /* prefix: {"next-hop": ..., attributes as `show` has them}, as announced to it
		      */
	unsigned updates, refreshes, keepalives;
	struct open open; /* bgpd's */
	struct wr all;	  /* the bodies of all UPDATEs */
};
struct far_open {
	uint32_t as, router_id;
	bool gr;	 /* graceful restart, both families, forwarding kept; 120 s */
	bool gr_no_time; /* ... or 0 s */
	bool restarting; /* the R bit */
	bool only4;	 /* no IPv6 */
	bool no_refresh; /* RFC 2918 */
	bool two_octet;	 /* AS numbers */
	uint16_t hold_time;
};
struct far *far_connect(unsigned last);	     /* and no word yet */
struct far *far_connect_only(unsigned last); /* ... and bgpd has had no turn */
/* bgpd connects to it. */
int far_listen(unsigned last); /* a listening socket at its address, port 179; the caller's */
struct far *far_accept(unsigned last, int listener);	 /* awaits the connection */
struct far *far_try_accept(unsigned last, int listener); /* NULL: there is none yet */
void far_open(struct far *f, const struct far_open *o);	 /* sends an OPEN */
void far_keepalive(struct far *f);
/* Connects, and sends both; returns when it is ESTABLISHED or has ended. */
struct far *far_up(unsigned last, const struct far_open *o);
struct peer *far_peer(const struct far *f);
void far_close(struct far *f); /* frees it; the connection ends without a word */
void far_say(struct far *f, const struct wr *w, unsigned messages);
void far_hear(struct far *f);

/* An announcement. Numbers that are 0 are absent unless said otherwise. */
struct news {
	const char *prefix; /* several, separated by blanks; one family */
	const char *nexthop;
	uint32_t path[8]; /* AS_SEQUENCE */
	uint8_t origin;
	uint32_t med, local_pref, originator, cluster[3], communities[4];
	const uint8_t *extra; /* bytes of further attributes */
	size_t extra_len;
};
void far_announce(struct far *f, const struct news *n); /* and settles */
void far_withdraw(struct far *f, const char *prefix);
void far_end_of_rib(struct far *f, bool six);

/* zebra-lite. */
void rig_nexthop(const char *address, enum reach reach, enum reason why); /* by a plain link */
void rig_tunnel(const char *address, const char *ifname, const char *name, enum reach reach,
		enum reason why);
void rig_nexthop_is(const struct msg_nexthop *m);
void rig_redist(const char *prefix, enum redist_source source, bool present);
void rig_redist_metric(const char *prefix, enum redist_source source, uint32_t metric);
void rig_redist_is(const struct msg_redist *m); /* without waiting */
/* Kept from an earlier bgpd, of one family; both as texts with blanks. A next hop in use has a `*`
 * behind it where not all are. */
void rig_kept(const char *prefixes, const char *next_hops);
void rig_redist_sync(uint32_t kept); /* all were said; routes of an earlier bgpd that it has */
void rig_verdict(const char *prefix, const char *nexthop, enum reason why); /* NONE: cleared */
bool rig_watched(const char *address);
unsigned rig_routes_syncs(void);
void rig_zebra_again(void); /* a new channel; routes heard so far are forgotten */
void rig_zebra_deaf(void);  /* the same, and nothing of it is read until ... */
void rig_zebra_hears(void);
void rig_zebra_gone(void); /* it closed the channel, and no other one comes */
/* Next hops of the last ROUTES for it, "10.9.0.11 10.9.0.12"; "" withdrawn, "never said". */
const char *rig_hops(const char *prefix);
const struct msg_routes *rig_route(const char *prefix); /* the same, prefixes NULL */

/* REQUEST as JSON with ' for "; an answer with an error has the member "error". Owned. */
json_t *rig_show(const char *request);	    /* the caller's */
const json_t *rig_ask(const char *request); /* the same, valid until the next one */
/* The path of 10.9.0.LAST (0: ours) in `show bgp routes`; NULL none. Valid until the next one. */
json_t *rig_path(const char *prefix, unsigned last);
const char *rig_reason(const char *prefix, unsigned last); /* its reason; "no path" */
const char *rig_str(const json_t *o, const char *key);	   /* fails where there is none */
json_int_t rig_int(const json_t *o, const char *key);
bool rig_bool(const json_t *o, const char *key);
/* Its text in compact JSON, keys sorted; valid until the next four. "absent" where there is none.
 */
const char *rig_text(const json_t *o, const char *key);

#endif
