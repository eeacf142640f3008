/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener: hears the events of a wgbgpd, and asks for its configuration: at first, after each
 * change of it, and after wgbgpd was away. Events of a time in which it was away are not known:
 * that it was is an event itself, and what became another state meanwhile is told then (states.h).
 */
#ifndef WGBGP_EVENTS_LISTENER_H
#define WGBGP_EVENTS_LISTENER_H

/* DIR is where states are kept; NULL: nowhere. */
void listener_open(const char *rundir, const char *dir);
void listener_close(void);

#endif
