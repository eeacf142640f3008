/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wg: the seam between wgd and whatever does the WireGuard protocol.
 *
 * A few verbs on one interface, spoken by three back-ends: the kernel (generic netlink), a
 * userspace program (the UAPI socket), and a mock for unit tests. All calls are synchronous and
 * bounded in time, but for wg_change_later(). None of them is a transaction: after an error the
 * caller reads the device again. -ETIMEDOUT is no error but an open question: a program that lives
 * has the request and has not answered yet; what became of it is seen by a later reading. Nothing
 * is ever replaced as a whole; the only exceptions are the peers that the caller asks to remove.
 */
#ifndef WGBGP_WG_H
#define WGBGP_WG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "buf.h"
#include "prefix.h"
#include "tally.h"

#define WG_KEY_BYTES 32
#define WG_KEY_STRLEN 45 /* base64 with its NUL */

struct wg_peer {
	uint8_t key[WG_KEY_BYTES];
	struct endpoint endpoint;    /* family 0: none */
	uint16_t keepalive;	     /* seconds, 0 off */
	bool has_psk;		     /* one that is not all zero */
	int64_t handshake_sec;	     /* wall clock; 0: never */
	int64_t handshake_nsec;	     /* rest */
	uint64_t rx_bytes, tx_bytes; /* of encrypted packets */
	struct tally entries;	     /* only where they are asked for */
};

/* Hears of a secret while it is read: the pre-shared key of PEER, or where that is NULL the private
 * key. It is wiped behind the call. */
typedef void (*wg_secret_fn)(void *arg, const uint8_t *peer, const uint8_t key[WG_KEY_BYTES]);

struct wg_entry {
	struct prefix prefix;
	uint32_t peer; /* index into the dump's peers */
};

/* What a device holds. Release with wg_dump_free(). */
struct wg_dump {
	uint8_t public_key[WG_KEY_BYTES]; /* zero: no private key */
	uint16_t listen_port;
	uint32_t fwmark;
	struct wg_peer *peers;
	size_t n_peers, cap_peers;
	struct wg_entry *entries; /* only where asked for */
	size_t n_entries, cap_entries;
	bool with_entries;
	uint64_t begun_us;   /* monotonic: when the request was made that it answers */
	wg_secret_fn secret; /* NULL: nobody is told */
	void *secret_arg;
};

struct wg_device_set {
	const uint8_t *private_key; /* NULL: leave; never logged, wiped from every buffer */
	bool set_port, set_fwmark;
	uint16_t listen_port;
	uint32_t fwmark;
};

struct wg_peer_set {
	const uint8_t *key;
	bool create;		  /* else update only */
	const uint8_t *psk;	  /* NULL: leave; all zero clears it */
	struct endpoint endpoint; /* family 0: leave */
	bool set_keepalive;
	uint16_t keepalive;
};

/* One change of AllowedIPs. The keys must stay valid during the call. */
struct wg_change {
	bool remove;	    /* else insert, or move here */
	const uint8_t *key; /* owner; of a removal: where it is now */
	struct prefix prefix;
};

/* Changes that are made by the thread; the caller's, until they are done the thread's. The changes
 * and their keys must stay as they are. */
struct wg_later {
	TAILQ_ENTRY(wg_later) link;
	struct wg *wg;
	struct wg_change *changes;
	size_t n;
	struct wr request; /* wg_thread.c's: what the back-end made of them ahead */
	int err;	   /* when it is done: 0 or -errno */
};

struct wg;

struct wg_backend {
	const char *name;	/* "kernel", "userspace", "mock" */
	bool answers_when_down; /* it goes on while the link is down */
	int (*open)(const char *ifname, struct wg **out); /* another one of the same device */
	int (*get)(struct wg *wg, struct wg_dump *dump);
	int (*set_device)(struct wg *wg, const struct wg_device_set *set);
	int (*set_peer)(struct wg *wg, const struct wg_peer_set *set);
	int (*remove_peer)(struct wg *wg, const uint8_t *key);
	/* Writes down what change() is to send, or NULL: nothing is ready before its turn. Also
	 * while another one is under way in the thread, so that WireGuard need not wait for it. */
	void (*encode)(const struct wg *wg, const struct wg_change *changes, size_t n,
		       struct wr *request);
	/* In order, in few messages. REQUEST is what encode() made of them, and freed. In the
	 * device's thread it waits for the answer as long as the other side lives. */
	int (*change)(struct wg *wg, const struct wg_change *changes, size_t n, struct wr *request);
	/* Of any thread: from now on nothing waits any more, change() ends with -ENODEV. NULL:
	 * nothing ever waits for long, and requests without encode() may be made by the loop. */
	void (*interrupt)(struct wg *wg);
	/* Processor time, us, that the other side has used so far; now_us() where that is not
	 * known. NULL: it works in the caller. */
	uint64_t (*work_us)(const struct wg *wg);
	void (*close)(struct wg *wg);
};

struct wg {
	const struct wg_backend *backend;
	char ifname[16];
	uint8_t graveyard[WG_KEY_BYTES]; /* peer to which entries are moved to be removed with it */
	bool single_removal;		 /* entries can be removed one by one: no graveyard */
	struct wg_worker *worker;	 /* wg_thread.c: its thread, NULL: none yet */
	uint64_t writes;		 /* requests so far that may have changed something */
};

/* Each returns 0 or -errno: -ENODEV where there is no such device (any more), -ETIMEDOUT where it
 * is not known yet what became of the request, or where the device is busy with an earlier one. */
int wg_get(struct wg *wg, bool with_entries, struct wg_dump *dump); /* DUMP is initialised here */
/* The same with entries, and FN is told of all secrets; of some twice where it is read anew. */
int wg_get_secrets(struct wg *wg, wg_secret_fn fn, void *arg, struct wg_dump *dump);
int wg_set_device(struct wg *wg, const struct wg_device_set *set);
int wg_set_peer(struct wg *wg, const struct wg_peer_set *set);
int wg_remove_peer(struct wg *wg, const uint8_t *key);
int wg_change(struct wg *wg, const struct wg_change *changes, size_t n);
/* Processor time, us, so far: of this thread and of the other side. Differences say what requests
 * cost, however long they had to wait for a processor. */
uint64_t wg_work_us(const struct wg *wg);
void wg_close(struct wg *wg); /* NULL is fine */

/* wg_thread.c: the same by a thread of the device. All other verbs wait a moment until nothing of
 * the device is under way there, so nothing overtakes. FN is called in the loop when something was
 * done. */
void wg_thread_open(void (*fn)(void));
void wg_thread_close(void);	   /* when all devices are closed */
void wg_thread_end(struct wg *wg); /* of wg_close(): what is under way there ends */
extern _Thread_local bool wg_patient; /* in such a thread: waits as long as the other side lives */
void wg_change_later(struct wg *wg, struct wg_later *later);
struct wg_later *wg_take_done(void); /* in the order in which they were given; NULL: none */
bool wg_is_idle(struct wg *wg); /* nothing of WG is under way */
/* A moment, until that is so. False: something is. */
bool wg_wait(struct wg *wg);
/* What is under way ends, with an error where it is not done; the device is only to be closed
 * then. */
void wg_interrupt(struct wg *wg);

/* Opening: 0 or -errno (-EOPNOTSUPP: no such back-end here). The kernel's finds out about
 * single removal. */
int wg_kernel_open(const char *ifname, struct wg **out);
int wg_kernel_look(const char *ifname, struct wg **out); /* only to read: changes nothing at all */
bool wg_kernel_present(void); /* the module is there, or can be loaded */
int wg_userspace_open(const char *ifname, struct wg **out);
extern const char *wg_userspace_dir; /* of the sockets; tests have another one */
#define WG_ANSWER_MAX (64u << 20)     /* bytes: 1.2 million IPv6 entries, or more */

/* For the thread: what change() is to be given. */
static inline void wg_encode(const struct wg *wg, const struct wg_change *changes, size_t n,
			     struct wr *request)
{
	if (wg->backend->encode)
		wg->backend->encode(wg, changes, n, request);
}

/* For the back-ends. */
void wg_init(struct wg *wg, const struct wg_backend *backend, const char *ifname);
struct wg_peer *wg_dump_add_peer(struct wg_dump *dump); /* zeroed; valid until the next one */
void wg_dump_add_entry(struct wg_dump *dump, const struct prefix *p); /* of the last peer */
void wg_dump_free(struct wg_dump *dump);

/* Base64, as wg(8) writes keys. The parser returns 0 or -EINVAL. */
const char *wg_key_str(const uint8_t key[WG_KEY_BYTES], char out[WG_KEY_STRLEN]);
int wg_key_parse(const char *text, uint8_t key[WG_KEY_BYTES]);
#define WG_KEY_STR(k) wg_key_str((k), (char[WG_KEY_STRLEN]){0})

#endif
