/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_differs: whether the files of the configuration say something else than what was committed
 * last. A file is read again only when its time, size or number has changed.
 */
#ifndef WGBGP_CHANGE_DIFFERS_H
#define WGBGP_CHANGE_DIFFERS_H

#include <stdbool.h>

/* A file that is gone, or cannot be read, differs. */
bool change_differs(void);

#endif
