/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roster: which devices and peers there are: the list of devices, what is known of each of them and
 * of its peers, and how one is found by its name, its key or its number. The life of a device is in
 * device.h.
 */
#ifndef WGBGP_ROSTER_H
#define WGBGP_ROSTER_H

#include <sys/queue.h>

#include "allowedips.h"
#include "bfd.h"
#include "ceiling.h"
#include "hash.h"
#include "icmp.h"
#include "ledger.h"
#include "liveness.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "peer_echo.h"
#include "peer_endpoint.h"
#include "peer_errors.h"
#include "peer_watch.h"
#include "probe.h"
#include "retry.h"
#include "wg_reader.h"
#include "wgconf.h"

enum device_state { DEVICE_WAITING, DEVICE_STARTING, DEVICE_READY, DEVICE_REFUSED };

struct peer {
	struct owner owner; /* first: its id and key, counts of entries */
	TAILQ_ENTRY(peer) link;
	struct hash_node by_key, by_id;
	struct device *dev;
	char name[MSG_NAME_MAX];      /* configured; of others their key */
	uint16_t told_as;	      /* history_name() of a configured one */
	const struct peer_conf *conf; /* NULL: not (or no longer) configured */
	bool foreign;		      /* was on an adopted interface before us: never removed */
	bool present;		      /* in the device */
	bool announced;		      /* zebra-lite knows it */
	bool drained;		      /* traffic is to go elsewhere: drain.h */
	uint64_t drop_at;	      /* ms: to be removed when free, at the latest then; 0: no */
	uint32_t seen;		      /* round of the last dump that had it */
	const struct wg_peer *found;  /* in that dump; valid while it is being worked on */
	struct endpoint endpoint;     /* current, as the device says */
	struct peer_endpoint where;
	uint64_t rx_bytes, tx_bytes;
	uint64_t handshakes; /* seen since the start */
	struct liveness live;
	uint32_t life;		  /* where that outlives us: lives.h */
	bool inherited;		  /* it is what the wgd before knew, and was not compared yet */
	struct peer_echo *echo;	  /* NULL: off */
	struct evidence evidence; /* what BFD, echo and the underlay say */
	struct peer_bfd bfd;
	struct peer_errors errors; /* of the underlay, about packets to it */
	struct peer_watch watch;   /* where the device takes long to read */
	uint32_t cost_told;	   /* to zebra-lite */
	uint32_t underlay_round;   /* underlay.h: when it was looked at last */
	uint32_t underlay_oif;	   /* interface that led to its endpoint then; 0: none was seen */
	struct log_bucket bucket;
	struct ceiling_ref ceiling; /* wceiling.c's */
};

/* What it is to be: device_apply, device_sync. */
struct device_intent {
	const struct if_conf *conf; /* NULL: no longer configured */
	/* Until PRUNE: the mark, as what replaces an uplink's routes must be there before, and
	 * addresses, as sessions over them end after the change. */
	bool old_stays;
	bool config_due;  /* a reload found it silent: what it lacks of that it gets later */
	bool key_missing; /* said that there is no private key */
	bool port_due;	  /* somebody has its port, maybe a device of ours that gives it up */
	unsigned leaving; /* peers whose drop_at is set */
};

/* How it fares. */
struct device_life {
	enum device_state state; /* the next two: condition_set() */
	char *error;		 /* why it cannot be used, or not quite; owned; NULL: nothing */
	bool said;		 /* that to the parent */
	bool announced;		 /* to zebra-lite */
	bool known;		 /* was READY before: differences are drift, not news */
	bool settled;		 /* tried at least once: TUNNEL_SYNC need not wait for it */
	bool failing;		 /* the last request failed */
	bool unknown;		 /* a change was not answered in time: the books may be wrong */
	int ledger_error;	 /* of writing it, negative: what is to be done waits for it */
	int write_error;	 /* of the thread, not yet dealt with; negative */
	uint64_t silent_since;	 /* ms: it lives and does not answer; 0: it answers */
	uint64_t start_by;	 /* ms: STARTING ends in failure then */
	uint64_t end_by;	 /* ms: until then the program that had the interface may end */
	unsigned failures;	 /* in a row, for the back-off */
};

/* When something began, and what had been worked by then. */
struct stopwatch {
	uint64_t us, work_us;
};

/* What was read of it last, and what that costs: device_link, device_sync, the polls. */
struct device_readings {
	bool up;
	uint32_t mtu;
	uint8_t public_key[WG_KEY_BYTES];
	uint16_t listen_port;
	uint32_t fwmark;
	uint64_t source_drops; /* packets whose source belongs to another peer (kernel only) */
	uint64_t drops_at;     /* ms: it was last seen to rise; 0: not since we look */
	uint64_t drops_before; /* the count when the window of the rate began */
	uint64_t drops_since;  /* ms: when that was */
	double drops_rate;     /* a second, over the last full window */
	uint32_t round;	       /* of dumps */
	uint64_t at;	       /* ms: of the last dump, and when it began */
	uint64_t begun_at;
	uint64_t full_at;      /* ms: of the last one with entries */
	uint64_t glanced_at;   /* ms: read on a suspicion */
	uint64_t suspected_at; /* ms: the same beside the loop */
	uint64_t looked_at;    /* ms: the last reading beside the loop began; */
	bool looking;	       /* it is under way, */
	bool awaited;	       /* and a poll waits for it */
	bool pending;	       /* one by the loop is not answered yet: its answer comes first */
	struct wg_look *fresh; /* which it then is; owned; NULL: none */
	uint64_t interval;     /* ms: of the polls, where no verdict is waited for */
	/* us: what dumps, polls, those of late, and the last dump with entries cost */
	uint64_t cost, poll_cost, full_cost;
	struct stopwatch begun; /* of the poll that waits */
	uint64_t writes;	/* what had been written by then */
	unsigned spoiled;	/* so many in a row: something was written since */
};

struct device {
	TAILQ_ENTRY(device) link;
	char name[16];
	int ifindex; /* 0: none */
	bool adopted;
	struct device_intent want;
	struct device_life life;
	struct device_readings read;
	TAILQ_HEAD(peer_list, peer) peers;
	struct hash_table by_key;
	struct wg *wg;		   /* NULL unless READY */
	struct wg *opening;	   /* it will be that, when its first answer is complete; or NULL */
	struct wg_reader *reader;  /* NULL: it was not needed yet */
	struct allowedips allowed; /* the books of its entries */
	struct ledger *ledger;	   /* adopted ones */
	struct probe probe;
	struct icmp icmp;
	struct timer poll, retry, watch;
	struct job sweep;
	struct log_bucket bucket;
	/* What was refused, and when it is tried again: of addresses, the MTU; of key, port and
	 * mark; of peers and entries; of the ledger. */
	struct retry addrs_retry, mtu_retry, set_retry, repair_retry, ledger_retry;
	bool addrs_dirty;  /* its addresses may have changed */
	bool link_deleted; /* since it was opened */
	/* Of one file each. */
	struct prefix held_at; /* replay: an entry, behind which it goes on; family 0: the start */
	bool held_said;	       /* and it is done with them */
	struct peer *underlay_next; /* underlay: looked at with the next poll; NULL: the first */
	uint64_t beyond;	    /* wceiling: entries asked for that exceed the ceiling */
	uint64_t beyond_ms;	    /* the last one */
	struct log_bucket beyond_bucket;
};

#define GLANCE_MAX_US 8000 /* a dump that takes longer is not waited for */

/* To read it takes too long for the loop. */
static inline bool device_is_slow(const struct device *dev)
{
	return dev->read.cost > GLANCE_MAX_US;
}

TAILQ_HEAD(device_list, device);
extern struct device_list devices;

struct device *device_find(const char *name);
const struct wgconf *devices_conf(void); /* in force; NULL: none yet */
/* CONF, which it takes over, is in force now. Returns the one before, which is the caller's. */
struct wgconf *devices_conf_replace(struct wgconf *conf);
bool devices_settled(void); /* every one was tried */

/* Numbers of peers are never given twice. */
struct peer *peer_new(struct device *dev, const uint8_t *key);
void peer_remove(struct peer *p); /* and frees it; peer_free() does the rest */
struct peer *peer_find(const struct device *dev, const uint8_t *key);
struct peer *peer_by_id(uint32_t id);

#endif
