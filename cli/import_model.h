/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_model: WireGuard interfaces as somebody else set them up, read from files or from what
 * runs, on their way to a configuration of ours; and what is to be said of them.
 *
 * Keys are base64. Private and pre-shared ones are wiped when the struct is freed, and no note has
 * one.
 */
#ifndef WGBGP_CLI_IMPORT_MODEL_H
#define WGBGP_CLI_IMPORT_MODEL_H

#include <net/if.h>
#include <stdio.h>

#include "util.h"
#include "wg.h"

#define IMPORT_NAME_MAX 65 /* a peer's, with its NUL */

/* The first of these ends the import. */
enum import_weight { IMPORT_ERROR, IMPORT_LEFT_OUT, IMPORT_REMARK };

struct import_entry {
	struct prefix prefix;
	bool dropped; /* a later peer has it */
	bool route;   /* wants one; of a file set by import_finish() */
};

struct import_peer {
	unsigned line; /* where it begins; 0: it runs */
	char key[WG_KEY_STRLEN];
	char psk[WG_KEY_STRLEN]; /* "": none */
	char *label;		 /* what a comment calls it; NULL: nothing */
	char *endpoint;		 /* HOST:PORT; NULL: none */
	uint16_t keepalive;	 /* seconds, 0 off */
	struct import_entry *allowed;
	size_t n_allowed, cap_allowed;
	char name[IMPORT_NAME_MAX]; /* set by import_finish() */
};

struct import_address {
	struct addr addr;
	uint8_t len;
};

struct import_interface {
	char *file; /* NULL: it runs */
	char name[IFNAMSIZ];
	char private_key[WG_KEY_STRLEN]; /* "": none */
	uint16_t listen_port;		 /* 0: any */
	uint32_t fwmark, mtu;		 /* 0: none */
	bool routes;			 /* AllowedIPs want some */
	struct import_address *addrs;
	size_t n_addrs, cap_addrs;
	struct import_peer *peers;
	size_t n_peers, cap_peers;
};

struct import_note {
	enum import_weight weight;
	char *text;
};

struct import {
	struct import_interface *ifs;
	size_t n_ifs, cap_ifs;
	struct import_note *notes;
	size_t n_notes, cap_notes;
	unsigned errors;
};

void import_free(struct import *im);

/* Zeroed, of this file or, NULL, one that runs; valid until the next one. */
struct import_interface *import_add_interface(struct import *im, const char *file,
					      const char *name);
struct import_peer *import_add_peer(struct import_interface *f, unsigned line); /* likewise */
void import_add_entry(struct import_peer *p, const struct prefix *prefix);
void import_add_address(struct import_interface *f, const struct addr *addr, uint8_t len);

/* "FILE:LINE: TEXT"; FILE NULL: the text alone. Whatever looks like a key is masked in it. */
void import_note(struct import *im, enum import_weight weight, const char *file, unsigned line,
		 const char *fmt, ...) PRINTF_LIKE(5, 6);
void import_notes_print(const struct import *im, FILE *out);

/* When all is read: a prefix belongs to the last peer that has it, as in WireGuard; each peer gets
 * a name that no other one of the interface has. */
void import_finish(struct import *im);

/* ENTRY lies in a network that F is in, which leads there already. */
bool import_is_connected(const struct import_interface *f, const struct import_entry *entry);
/* ENTRY is the peer's own address inside the tunnel: a host of a network that F is in; where F is
 * in none of that family the peer's first host. */
bool import_is_inner(const struct import_interface *f, const struct import_peer *p,
		     const struct import_entry *entry);

#endif
