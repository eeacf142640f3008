# SPDX-License-Identifier: BSD-2-Clause
yangdir = $(pkgdatadir)/yang
EXTRA_DIST += yang/conf-leaves yang/requests yang/schema.py
dist_yang_DATA = \
	yang/wgbgp-types.yang \
	yang/wgbgp-system.yang \
	yang/wgbgp-wireguard.yang \
	yang/wgbgp-bgp.yang \
	yang/wgbgp-policy.yang \
	yang/wgbgp-rib.yang \
	yang/wgbgp-plane.yang \
	yang/wgbgp-requests.yang \
	yang/wgbgp-events.yang
