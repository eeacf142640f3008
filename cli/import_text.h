/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_text: what was read elsewhere, as statements of our configuration.
 *
 * A host inside the interface's own network is the peer's tunnel address; all other AllowedIPs are
 * `imported`, with a static route each where routes are wanted, and permitted to BGP, which they
 * give way to. A default route is neither: that of the underlay would be preferred, or the
 * encrypted packets would have no way; and it would permit everything.
 */
#ifndef WGBGP_CLI_IMPORT_TEXT_H
#define WGBGP_CLI_IMPORT_TEXT_H

#include "import_model.h"

/* IM is finished. Keys are in files of KEYS, an absolute path (import_keys.h). What it leaves out
 * becomes a note. The caller frees it. */
char *import_text(struct import *im, const char *keys);

#endif
