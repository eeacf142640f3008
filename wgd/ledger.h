/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: what we put into an interface that we did not create, on disk in RUNDIR/ledger-IF.
 *
 * A text file: a head line with the interface's index (another index: another interface, the
 * ledger is void), then lines that add to or take from four sets: `+` and `-`, then `entry
 * PREFIX`, `peer KEY`, `address ADDRESS/LEN` or `imported PREFIX`: a foreign entry that is handed
 * over to us (peer_conf.imported), and becomes an `entry` as soon as it is learned at its own peer.
 * `= PREFIX KEY` lines hold the foreign entries at adoption, for people. A line is written before
 * the thing is done (and after it was undone), so what a killed wgd leaves is known to the next
 * one; RUNDIR does not survive a reboot, nor do interfaces. When many lines have become void the
 * file is written anew, and where a line could not be written: then nothing more may be done that
 * the file does not say.
 */
#ifndef WGBGP_LEDGER_H
#define WGBGP_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"
#include "wg.h"

struct ledger;

/* Opens or creates. An unreadable line is passed over, said in the log. NULL and errno when the
 * file cannot be written. FRESH: there was none for this interface. */
struct ledger *ledger_open(const char *rundir, const char *ifname, int ifindex, bool *fresh);
void ledger_close(struct ledger *l);  /* keeps the file; NULL is fine */
void ledger_delete(struct ledger *l); /* closes and removes the file */

/* _add_: false when it is in there. */
bool ledger_has_entry(const struct ledger *l, const struct prefix *p);
bool ledger_add_entry(struct ledger *l, const struct prefix *p);
void ledger_remove_entry(struct ledger *l, const struct prefix *p);
bool ledger_has_peer(const struct ledger *l, const uint8_t *key);
bool ledger_add_peer(struct ledger *l, const uint8_t *key);
void ledger_remove_peer(struct ledger *l, const uint8_t *key);
bool ledger_has_addr(const struct ledger *l, const struct addr *a, uint8_t len);
bool ledger_add_addr(struct ledger *l, const struct addr *a, uint8_t len);
void ledger_remove_addr(struct ledger *l, const struct addr *a, uint8_t len);
bool ledger_has_imported(const struct ledger *l, const struct prefix *p);
bool ledger_add_imported(struct ledger *l, const struct prefix *p);
void ledger_remove_imported(struct ledger *l, const struct prefix *p);
void ledger_forget_imported(struct ledger *l); /* all of them */
/* Every entry, peer, address: KIND is "entry", "peer" or "address", TEXT the rest. */
void ledger_each(const struct ledger *l, const char *kind, void (*fn)(void *arg, const char *text),
		 void *arg);
void ledger_note_foreign(struct ledger *l, const struct prefix *p, const uint8_t *key);
/* Hands everything added and removed so far to the kernel; before the device is changed. 0, or
 * -errno: what was added since the last success may not be done, and is to be removed here. */
int ledger_flush(struct ledger *l);

#endif
