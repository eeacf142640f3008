/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of guards: each is another tunnel interface, and they lead to an end.
 */
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"

/* Guards lead from I back to it. A circle that I only leads into is that of others. */
static bool is_in_circle(struct lyd_node *interfaces, const struct lyd_node *i)
{
	const struct lyd_node *at = i;

	for (struct lyd_node *n = interfaces; at && n; n = conf_next(n)) {
		const char *guard = conf_value(at, "guard");

		at = guard ? conf_entry(interfaces, guard) : NULL;
		if (at == i)
			return true;
	}
	return false;
}

void conf_check_guard(const struct conf *effective, struct conf_errors *errs)
{
	struct lyd_node *interfaces = conf_child(conf_top(effective, "wireguard"), "interface");

	for (struct lyd_node *i = interfaces; i; i = conf_next(i)) {
		const struct lyd_node *guard = conf_child(i, "guard");

		if (!guard)
			continue;
		if (!conf_entry(interfaces, lyd_get_value(guard)))
			conf_check_unknown(errs, guard, "tunnel interface", NULL, interfaces);
		else if (str_eq(lyd_get_value(guard), lyd_get_value(lyd_child(i))))
			conf_check_error(errs, guard, "an interface does not guard itself");
		else if (is_in_circle(interfaces, i))
			conf_check_error(errs, guard,
					 "guards in a circle: none of them could be changed");
	}
}
