# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += doc/wgbgp-cli.1 doc/wgbgp-log.7 doc/wgbgp.conf.5 doc/wgbgpd.8 doc/wgbgp-events.8 doc/wgbgp-web.8
dist_man_MANS += doc/wgbgp-mesh.1
dist_doc_DATA += doc/architecture.md doc/bfdd.md doc/bgpd.md doc/ceiling.md doc/drill.md doc/history.md \
	doc/endpoints.md doc/keep-in.md doc/levels.md doc/log.md doc/messages.md doc/metrics.md doc/order.md doc/planes.md doc/requests.md doc/restart.md \
	doc/sandbox.md doc/uplinks.md doc/wgbgpd.md doc/wgd.md doc/zebra-lite.md
# Complete files of a network with two hubs, and what else may be of use as it is.
examplesdir = $(docdir)/examples
dist_examples_DATA = doc/examples/hub1.conf doc/examples/hub2.conf doc/examples/site-a.conf \
	contrib/nftables-planes.nft
# `ip route` says "proto wgbgp".
rtprotosdir = $(sysconfdir)/iproute2/rt_protos.d
dist_rtprotos_DATA = contrib/wgbgp.conf

# wgbgp.conf(5) must know every statement of the schema, requests.md every request, wgbgp-log(7) every
# event of the log; after a change in yang/ or of a line of the log: make doc-update
EXTRA_DIST += doc/pages_test doc/conf_reference_test doc/requests_test doc/conf-reference doc/log-reference doc/examples_test doc/check-examples
TESTS += doc/conf_reference_test doc/requests_test doc/examples_test doc/pages_test

doc-update:
	$(PYTHON) -B $(srcdir)/doc/conf-reference --update $(srcdir)/yang $(srcdir)/doc/wgbgp.conf.5
	$(PYTHON) -B $(srcdir)/yang/requests --update $(srcdir)/yang $(srcdir)/doc/requests.md
	$(PYTHON) -B $(srcdir)/doc/log-reference --update $(srcdir)
.PHONY: doc-update
