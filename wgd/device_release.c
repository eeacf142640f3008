/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_release.h"

#include "bfd.h"
#include "cut.h"
#include "peer_endpoint.h"
#include "peer_live.h"
#include "roster.h"
#include "underlay.h"

void peer_free(struct peer *p)
{
	if (p->dev->wg)
		wg_wait(p->dev->wg); /* which may have the key in its hands */
	cut_peer_gone(p);
	peer_endpoint_free(p);
	bfd_forget(p);
	peer_echo_stop(p);
	peer_errors_forget(p);
	underlay_peer_gone(p);
	peer_remove(p);
}
