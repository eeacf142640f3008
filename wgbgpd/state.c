/* SPDX-License-Identifier: BSD-2-Clause */
#include "state.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "util.h"

char *state_path(const char *name)
{
	const char *dir = getenv("WGBGP_STATEDIR");

	if (!dir)
		dir = LOCALSTATEDIR "/lib/wgbgp";
	mkdir(dir, 0700);
	return xasprintf("%s/%s", dir, name);
}
