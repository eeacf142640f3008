/* SPDX-License-Identifier: BSD-2-Clause */
/* touch_side: for touch.h: the parts of a configuration, and what two of them have in common. */
#ifndef WGBGP_TOUCH_SIDE_H
#define WGBGP_TOUCH_SIDE_H

#include <jansson.h>
#include <stdbool.h>

/* One configuration, its lists by their keys. */
struct touch_side {
	const json_t *bgp, *rib, *top;
	json_t *interfaces, *neighbors, *groups, *policies, *planes, *statics;
};

/* CONF has to stay. */
void touch_side_open(struct touch_side *s, const json_t *conf);
void touch_side_close(struct touch_side *s);

/* {KEY: ENTRY} of the entries of a list, by the text of their member KEY; a new reference. */
json_t *touch_keyed(const json_t *list, const char *key);
/* OBJ without the members SKIP (up to NULL); a new reference. */
json_t *touch_without(const json_t *obj, const char *const *skip);
/* They say the same, but for what is in SKIP. */
bool touch_is_same(const json_t *a, const json_t *b, const char *const *skip);
json_t *touch_keys(json_t *a, json_t *b); /* an object with the keys of both; a new reference */

#endif
