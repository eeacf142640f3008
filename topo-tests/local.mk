# SPDX-License-Identifier: BSD-2-Clause
# The probe is the only thing here that is compiled; `topo-tests/run` does the rest.
noinst_PROGRAMS += topo-tests/probe
topo_tests_probe_SOURCES = topo-tests/probe.c

EXTRA_DIST += scripts/deps .ci/run \
	topo-tests/README.md \
	topo-tests/conftest.py \
	topo-tests/demo.py \
	topo-tests/pytest.ini \
	topo-tests/run \
	topo-tests/vm/init \
	topo-tests/vm/run \
	topo-tests/vm/tests \
	topo-tests/lib/__init__.py \
	topo-tests/lib/build.py \
	topo-tests/lib/dns.py \
	topo-tests/lib/dualhub.py \
	topo-tests/lib/fourplanes.py \
	topo-tests/lib/hubspoke.py \
	topo-tests/lib/keys.py \
	topo-tests/lib/ns.py \
	topo-tests/lib/peers.py \
	topo-tests/lib/probe.py \
	topo-tests/lib/relay.py \
	topo-tests/lib/snippets.py \
	topo-tests/lib/speaker.py \
	topo-tests/lib/topology.py \
	topo-tests/lib/twonodes.py \
	topo-tests/lib/wait.py \
	topo-tests/lib/wg.py \
	topo-tests/lib/wgbgp.py \
	topo-tests/test_bad_input.py \
	topo-tests/test_bench.py \
	topo-tests/test_bfd.py \
	topo-tests/test_bfd_peers.py \
	topo-tests/test_bird_peer.py \
	topo-tests/test_cli.py \
	topo-tests/test_cost.py \
	topo-tests/test_default_route.py \
	topo-tests/test_demotion.py \
	topo-tests/test_doctor.py \
	topo-tests/test_drain.py \
	topo-tests/test_drill.py \
	topo-tests/test_dual_hub.py \
	topo-tests/test_endpoints.py \
	topo-tests/test_explain.py \
	topo-tests/test_foreign.py \
	topo-tests/test_frr_peer.py \
	topo-tests/test_full_tunnel.py \
	topo-tests/test_harness.py \
	topo-tests/test_hub_failures.py \
	topo-tests/test_hub_reboot.py \
	topo-tests/test_hub_spoke.py \
	topo-tests/test_invariants.py \
	topo-tests/test_ipv6.py \
	topo-tests/test_kernel.py \
	topo-tests/test_last_path.py \
	topo-tests/test_liveness.py \
	topo-tests/test_mesh.py \
	topo-tests/test_multipath.py \
	topo-tests/test_nat_site.py \
	topo-tests/test_nftables.py \
	topo-tests/test_other_peers.py \
	topo-tests/test_overlap.py \
	topo-tests/test_permit.py \
	topo-tests/test_plain_wg_bird.py \
	topo-tests/test_planes.py \
	topo-tests/test_readme.py \
	topo-tests/test_regions.py \
	topo-tests/test_reload.py \
	topo-tests/test_restart.py \
	topo-tests/test_rules.py \
	topo-tests/test_table.py \
	topo-tests/test_transit.py \
	topo-tests/test_uplinks.py \
	topo-tests/test_two_nodes.py \
	topo-tests/test_two_purposes.py
