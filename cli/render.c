/* SPDX-License-Identifier: BSD-2-Clause */
#include "render.h"

#include <string.h>

#include "util.h"

static const struct render done = {.head = render_warnings};

const struct render *render_for(const char *command)
{
	static const struct render *const all[] = {renders_bgp,	  renders_route, renders_wg,
						   renders_drill, renders_acts,	 renders_misc};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (const struct render *r = all[i]; r->command; r++)
			if (str_eq(r->command, command))
				return r;
	return &done;
}
