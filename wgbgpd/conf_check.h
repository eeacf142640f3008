/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check: what the schema cannot say: whether the statements of a configuration fit together.
 *
 * Errors refuse the configuration; warnings say what is allowed but probably not meant. Each names
 * the place of the statement.
 */
#ifndef WGBGP_CONF_CHECK_H
#define WGBGP_CONF_CHECK_H

#include "conf_tree.h"

enum conf_check_flags {
	CONF_CHECK_FILES = 1, /* look at the machine, too: key files, networks of its interfaces */
};

/* CONF is what was written, EFFECTIVE what conf_effective() made of it. */
void conf_check(const struct conf *conf, const struct conf *effective, unsigned flags,
		struct conf_errors *errs);

/* The parts, by top-level statement. */
void conf_check_wireguard(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_lacking(const struct conf *effective, struct conf_errors *errs);
void conf_check_bgp(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_plane(const struct conf *effective, struct conf_errors *errs);
void conf_check_guard(const struct conf *effective, struct conf_errors *errs);
void conf_check_web(const struct conf *effective, struct conf_errors *errs);
void conf_check_endpoint(const struct conf *effective, struct conf_errors *errs);
void conf_check_odd(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_policy(const struct conf *conf, struct conf_errors *errs);

#endif
