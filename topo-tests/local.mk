# SPDX-License-Identifier: BSD-2-Clause
# These are all that is compiled here; `topo-tests/run` does the rest.
noinst_PROGRAMS += topo-tests/probe topo-tests/intruder topo-tests/watch
topo_tests_probe_SOURCES = topo-tests/probe.c
topo_tests_intruder_SOURCES = topo-tests/intruder.c
topo_tests_watch_SOURCES = topo-tests/watch.c
topo_tests_watch_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/wgd
topo_tests_watch_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
topo_tests_watch_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(LIB_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)

EXTRA_DIST += scripts/build scripts/deps scripts/model-runs scripts/mutate scripts/mutate.equivalents .ci/run \
	topo-tests/README.md \
	topo-tests/conftest.py \
	topo-tests/demo.py \
	topo-tests/pytest.ini \
	topo-tests/run \
	topo-tests/vm/init \
	topo-tests/vm/run \
	topo-tests/vm/tests \
	topo-tests/lib/__init__.py \
	topo-tests/lib/answers.py \
	topo-tests/lib/build.py \
	topo-tests/lib/chaos.py \
	topo-tests/lib/clear.py \
	topo-tests/lib/dns.py \
	topo-tests/lib/dualhub.py \
	topo-tests/lib/fourplanes.py \
	topo-tests/lib/hubspoke.py \
	topo-tests/lib/invariants.py \
	topo-tests/lib/keys.py \
	topo-tests/lib/leaves.py \
	topo-tests/lib/ns.py \
	topo-tests/lib/peers.py \
	topo-tests/lib/probe.py \
	topo-tests/lib/prompt.py \
	topo-tests/lib/raw.py \
	topo-tests/lib/relay.py \
	topo-tests/lib/snippets.py \
	topo-tests/lib/speaker.py \
	topo-tests/lib/stream.py \
	topo-tests/lib/topology.py \
	topo-tests/lib/twonodes.py \
	topo-tests/lib/wait.py \
	topo-tests/lib/watch.py \
	topo-tests/lib/wg.py \
	topo-tests/lib/wgbgp.py \
	topo-tests/test_bad_input.py \
	topo-tests/test_bench.py \
	topo-tests/test_bfd.py \
	topo-tests/test_bfd_peers.py \
	topo-tests/test_bird_peer.py \
	topo-tests/test_build.py \
	topo-tests/test_ceiling.py \
	topo-tests/test_chaos.py \
	topo-tests/test_cli.py \
	topo-tests/test_commit.py \
	topo-tests/test_configure.py \
	topo-tests/test_containers.py \
	topo-tests/test_cost.py \
	topo-tests/test_default_route.py \
	topo-tests/test_demotion.py \
	topo-tests/test_detection.py \
	topo-tests/test_doctor.py \
	topo-tests/test_drain.py \
	topo-tests/test_drill.py \
	topo-tests/test_dual_hub.py \
	topo-tests/test_endpoints.py \
	topo-tests/test_explain.py \
	topo-tests/test_failing.py \
	topo-tests/test_foreign.py \
	topo-tests/test_frr_peer.py \
	topo-tests/test_full_tunnel.py \
	topo-tests/test_hang.py \
	topo-tests/test_harness.py \
	topo-tests/test_history.py \
	topo-tests/test_hub_failures.py \
	topo-tests/test_hub_reboot.py \
	topo-tests/test_hub_spoke.py \
	topo-tests/test_invariants.py \
	topo-tests/test_ipv6.py \
	topo-tests/test_keep_in.py \
	topo-tests/test_keep_in_boot.py \
	topo-tests/test_keep_in_clear.py \
	topo-tests/test_keep_in_default.py \
	topo-tests/test_keep_in_spared.py \
	topo-tests/test_kernel.py \
	topo-tests/test_last_path.py \
	topo-tests/test_leaves.py \
	topo-tests/measure_leak.py \
	topo-tests/measure_link_up.py \
	topo-tests/test_link_down.py \
	topo-tests/test_link_local.py \
	topo-tests/test_liveness.py \
	topo-tests/test_mesh.py \
	topo-tests/test_multipath.py \
	topo-tests/test_nat_site.py \
	topo-tests/test_nftables.py \
	topo-tests/test_other_interface.py \
	topo-tests/test_other_peers.py \
	topo-tests/test_overlap.py \
	topo-tests/test_one_router.py \
	topo-tests/test_own_addresses.py \
	topo-tests/test_overlap_restart.py \
	topo-tests/test_permit.py \
	topo-tests/test_plain_wg_bird.py \
	topo-tests/test_plan.py \
	topo-tests/test_planes.py \
	topo-tests/test_pressure.py \
	topo-tests/test_probe.py \
	topo-tests/test_random_real.py \
	topo-tests/test_readme.py \
	topo-tests/test_refused.py \
	topo-tests/test_regions.py \
	topo-tests/test_reload.py \
	topo-tests/test_restart.py \
	topo-tests/test_rules.py \
	topo-tests/test_session_security.py \
	topo-tests/test_sessions.py \
	topo-tests/test_silent_program.py \
	topo-tests/test_table.py \
	topo-tests/test_tasks.py \
	topo-tests/test_transit.py \
	topo-tests/test_truth.py \
	topo-tests/test_untold.py \
	topo-tests/test_uplinks.py \
	topo-tests/test_two_nodes.py \
	topo-tests/test_two_purposes.py
