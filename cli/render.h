/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render: text forms of answers. A renderer gets the head, then each row, then the end, and writes
 * at once; it keeps nothing but the few counters of its view.
 */
#ifndef WGBGP_CLI_RENDER_H
#define WGBGP_CLI_RENDER_H

#include <jansson.h>
#include <stdio.h>

struct view {
	FILE *out;
	const json_t
		*request; /* what was asked: some renderers show more when one thing is asked */
	size_t rows;	  /* seen so far, the present one included */
	size_t count[3];  /* the renderer's own */
};

struct render {
	void (*head)(struct view *v, const json_t *head); /* any may be NULL */
	void (*row)(struct view *v, const json_t *row);
	void (*end)(struct view *v); /* after a complete answer */
	const char *empty;	     /* said when there were no rows */
};

extern const struct render render_bgp_summary, render_bgp_neighbors, render_bgp_routes;
extern const struct render render_route, render_nexthops, render_pins, render_rules;
extern const struct render render_uplinks, render_planes, render_nftables;
extern const struct render render_wireguard, render_tunnels, render_allowed_ips, render_bfd;
extern const struct render render_drill, render_drills;
extern const struct render render_text, render_daemons, render_version, render_object, render_done,
	render_events;

/* The paths of a row of bgp-routes that are not eligible, a line each with the reason. */
void render_refused_paths(FILE *out, const json_t *row);

/* Members of OBJ but those of the list SKIP (NULL-terminated, may be NULL), nested ones indented.
 */
void render_members(FILE *out, int indent, const json_t *obj, const char *const *skip);

#endif
