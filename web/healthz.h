/* SPDX-License-Identifier: BSD-2-Clause */
/* healthz: /healthz: whether wgbgpd answers and all its daemons run with the configuration. */
#ifndef WGBGP_WEB_HEALTHZ_H
#define WGBGP_WEB_HEALTHZ_H

#include <event2/http.h>

/* 200 or 503, with an object: healthy, daemons (name: state), error. */
void healthz(struct evhttp_request *req);
void healthz_free(void);

#endif
