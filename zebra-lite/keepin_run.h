/* SPDX-License-Identifier: BSD-2-Clause */
/* keepin_run: writes and removes the unreachable routes of keepin.h. */
#ifndef WGBGP_ZEBRA_KEEPIN_RUN_H
#define WGBGP_ZEBRA_KEEPIN_RUN_H

#include "keepin.h"
#include "rib_node.h"

struct fib;
struct zconfig;

/* N's route is about to become TARGET's (NULL: none): puts in front of it what has to be there
 * before. Shorter prefixes first. */
void keepin_before(const struct rib_node *n, const struct fib *target);
/* N's route is about to go, and what comes instead is there: where that leads into a tunnel it is
 * to carry N's packets at once. */
void keepin_between(const struct rib_node *n);
void keepin_flushed(uint32_t ticket); /* all that was put so far is on its way */
void keepin_booked(const struct rib_node *n, bool moved); /* books.h */
bool keepin_run(void);					  /* a turn; true: there is more */
void keepin_settle(bool wait);				  /* books what the kernel has done */
void keepin_kick(void);					  /* what was refused may be taken now */
void keepin_tunnels_ready(void);			  /* wgd has told of all of them */
/* Where P's packets go may be another way: those of a default route are looked at. */
void keepin_default_look(const struct prefix *p);
void keepin_default_look_all(void); /* in the next turn */
void keepin_relearn(void);	    /* what has a route through a tunnel now, in turns */
size_t keepin_clear_all(void); /* keepin_clear(), and gives up what stood instead of too many */
/* Takes out of the kernel what NUMBERS gives another place (those in force: all). */
void keepin_take_out(const struct zconfig *numbers);
void keepin_run_open(void);
void keepin_run_reset(void); /* before keepin_reset() */

#endif
