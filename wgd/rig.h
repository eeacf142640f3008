/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: for tests: the whole of wgd in this process, in a world that is played: interfaces,
 * WireGuard, routes, nftables, zebra-lite, bfdd, the parent, the CLI and the clock.
 *
 * Whatever wgd does to that world is a line of a transcript; a line "@ms" says when, since the last
 * rig_expect(), where time went by; with WGBGP_RIG_GO_ON all differences of a run are printed. A
 * request may be refused by how its line begins. What wgd only reads is not in there. Keys are one
 * letter and zeros, and are written as that letter.
 *
 * Includes of cmocka's come before this header. Each check begins with rig_open() and ends with
 * rig_close(); both fit cmocka's fixtures.
 */
#ifndef WGBGP_RIG_H
#define WGBGP_RIG_H

#include <jansson.h>

#include "device.h"
#include "device_apply.h"
#include "devices.h"
#include "loop_fake.h"
#include "roster.h"

enum { RIG_LINKS = 4, RIG_ADDRS = 8, RIG_PEERS = 80, RIG_ENTRIES = 5000 };

/* How a lookup of a route ends without its answer: it cannot be sent, or read, by route_error; it
 * is empty. Late: an older one, which says the contrary, is in front of it. */
enum rig_fault { RIG_FINE, RIG_UNSENT, RIG_UNREAD, RIG_EMPTY, RIG_LATE };

struct rig_peer {
	struct wg_peer info;
	uint8_t psk[WG_KEY_BYTES];
};

/* A link, and the WireGuard behind it. Name "": none. */
struct rig_link {
	char name[16];
	struct link_info info;
	struct tunnel_addr addrs[RIG_ADDRS];
	size_t n_addrs;
	uint8_t private_key[WG_KEY_BYTES];
	uint16_t port;
	uint32_t mark;
	struct rig_peer peers[RIG_PEERS];
	size_t n_peers;
	struct wg_entry entries[RIG_ENTRIES]; /* peer: index into PEERS */
	size_t n_entries;
};

struct rig {
	char dir[64]; /* run directory; removed in the end */
	struct rig_link links[RIG_LINKS];
	bool no_kernel;		  /* it has no WireGuard */
	bool program_missing;	  /* userspace-program is not installed */
	bool program_slow;	  /* it makes no interface when it is started */
	bool program_ends;	  /* it did when it was started */
	bool program_stays;	  /* the one before runs, though its interface is gone */
	bool has_graveyard;	  /* entries are not removed one by one */
	bool threaded;		  /* changes go to the thread; done by rig_thread() only */
	bool busy;		  /* it does not finish in a moment either */
	bool idle;		  /* it has nothing to do, and takes parts of a batch */
	unsigned show_room;	  /* rows after which the CLI has to read; 0: it never has to */
	void (*show_pause)(void); /* while it reads */
	void (*show_wait)(void);  /* while there is nothing for it */
	unsigned read_us;	  /* what a reading takes, ... */
	unsigned wait_us;	  /* ... and what it waits besides for a processor */
	uint64_t waited_us;	  /* so far */
	bool reads_aside;   /* a reading beside the loop is work of its thread, not the loop's */
	unsigned reads;	    /* so far */
	unsigned drains;    /* of its ICMP sockets: each tick of a watch begins with one */
	int route_error;    /* of a lookup: -errno, 0: there is one, of */
	uint8_t route_type; /* RTN_*, 0: unicast */
	uint8_t route_len;  /* of its prefix */
	uint32_t route_oif;
	uint32_t route_mark; /* of the last lookup */
	enum rig_fault route_fault;
	unsigned lookups;  /* so far */
	uint16_t echo_seq; /* of the last echo request */
};
extern struct rig rig;

int rig_open(void **state);
int rig_close(void **state);

/* What was said since the last time is exactly TEXT; prints it as it would be written in a test. */
#define rig_expect(text) rig_expect_at(text, __FILE__, __LINE__)
void rig_expect_at(const char *text, const char *file, int line);
void rig_note(const char *fmt, ...) PRINTF_LIKE(1, 2); /* a line of the test's own */
void rig_forget(void);				       /* what was said so far does not matter */
/* From now on what is logged up to LEVEL is said, too: "log LEVEL: EVENT key=value ...". */
void rig_log(enum log_level level);
void rig_mute(const char *start); /* lines that begin so are left out; NULL: none */
/* Requests whose lines begin with START fail with ERR (negative), the next TIMES. TIMES 0: not any
 * more. */
void rig_refuse(const char *start, int err, unsigned times);

void rig_pass(uint64_t ms); /* and all that is due meanwhile happens */
void rig_turn(void);	    /* what is due by now */

/* Configurations are JSON with ' for ". */
const char *rig_check(const char *config); /* "": it may be applied */
void rig_apply(const char *config);
void rig_zebra(void); /* a new channel */
void rig_bfdd(void);
void rig_from_zebra(enum msg_type type, struct wr *w);
void rig_zebra_dies(void);
void rig_zebra_full(bool full); /* its channel; when it is no more it has drained */
void rig_bfd(uint32_t id, enum bfd_news news);
void rig_bfdd_dies(void);
/* ALLOWED of one batch. CHANGES: "+1 10.0.0.0/8 -2 10.1.0.0/16": what, peer id, prefix. */
void rig_allowed(uint32_t batch, const char *changes);
void rig_allowed_sync(uint32_t batch);
/* The answer is said, as JSON with ' for ", keys sorted; a row a line. */
void rig_show(const char *request);

struct rig_link *rig_link(const char *name); /* NULL: none */
struct rig_link *rig_link_add(const char *name, const char *kind, const char *alias);
void rig_link_gone(const char *name);
void rig_link_event(const char *ifname, int ifindex);
struct rig_peer *rig_peer(const char *ifname, char key); /* NULL: none */
struct rig_peer *rig_peer_add(const char *ifname, char key);
void rig_peer_gone(const char *ifname, char key);
void rig_entry(const char *ifname, char key, const char *prefix); /* key 0: nowhere */
/* What the device has is said: a line for it, and for each peer. */
void rig_tell(const char *ifname);
void rig_handshake(const char *ifname, char key); /* now, and 1000 bytes come in */
void rig_alive(const char *ifname, char key);	  /* 500 bytes come in */
void rig_thread(int err); /* the oldest of the thread's requests is done now, or refused */
void rig_echo(const char *ifname, const char *from, uint32_t id, uint16_t seq);
void rig_unreachable(const char *from, const char *to); /* an ICMP error about such a datagram */
void rig_resolved(const char *host, const char *addrs, uint32_t ttl); /* "": no such name */
void rig_tell_file(const char *name); /* of the run directory: is said */
void rig_secret(const char *path, char key);
void rig_disk_full(bool full); /* nothing can be written to files */

/* A check of the rig's. */
#define RIG_CHECK(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

/* Parts of configurations: wg0 with its peers, MORE is what else is in there. */
#define RIG_KEY(c) c "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define RIG_A RIG_KEY("YQ")
#define RIG_B RIG_KEY("Yg")
#define RIG_IF(name, more, peers) "{'name': '" name "'" more ", 'peer': [" peers "]}"
#define RIG_CONF(ifs) "{'wireguard': {'interface': [" ifs "]}}"
#define RIG_WG0(more, peers) RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.0.1/24']" more, peers))
#define RIG_QUIET ", 'liveness': {'probe': false}"
#define RIG_PEER_A(more)                                                            \
	"{'name': 'a', 'public-key': '" RIG_A "', 'tunnel-address': ['10.9.0.2'], " \
	"'permit': ['192.168.0.0/16', '2001:db8::/32']" more "}"
#define RIG_PEER_B(more)                                                            \
	"{'name': 'b', 'public-key': '" RIG_B "', 'tunnel-address': ['10.9.0.3'], " \
	"'permit': ['192.168.0.0/16']" more "}"

#endif
