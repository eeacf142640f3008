# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += wgd/FLOORS
noinst_LIBRARIES += wgd/libwgd.a
wgd_libwgd_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NL_CFLAGS) $(NFTABLES_CFLAGS)
wgd_libwgd_a_SOURCES = \
	wgd/allowedips.c wgd/allowedips.h \
	wgd/allowedips_going.c wgd/allowedips_going.h \
	wgd/allowedips_refused.c wgd/allowedips_refused.h \
	wgd/batches.c wgd/batches.h \
	wgd/bfd.c wgd/bfd.h \
	wgd/condition.c wgd/condition.h \
	wgd/cut.c wgd/cut.h \
	wgd/device.c wgd/device.h \
	wgd/device_apply.c wgd/device_apply.h \
	wgd/device_glance.c wgd/device_glance.h \
	wgd/device_link.c wgd/device_link.h \
	wgd/device_poll.c wgd/device_poll.h \
	wgd/device_release.c wgd/device_release.h \
	wgd/device_sync.c wgd/device_sync.h \
	wgd/device_write.c wgd/device_write.h \
	wgd/devices.c wgd/devices.h \
	wgd/drain.c wgd/drain.h \
	wgd/drains.c wgd/drains.h \
	wgd/echo.c wgd/echo.h \
	wgd/endpoints.c wgd/endpoints.h \
	wgd/icmp.c wgd/icmp.h \
	wgd/icmp_error.c wgd/icmp_error.h \
	wgd/ledger.c wgd/ledger.h \
	wgd/link.c wgd/link.h \
	wgd/link_zebra.c wgd/link_zebra.h \
	wgd/liveness.c wgd/liveness.h \
	wgd/lives.c wgd/lives.h \
	wgd/orphans.c wgd/orphans.h \
	wgd/peer_echo.c wgd/peer_echo.h \
	wgd/peer_endpoint.c wgd/peer_endpoint.h \
	wgd/peer_errors.c wgd/peer_errors.h \
	wgd/peer_live.c wgd/peer_live.h \
	wgd/peer_state.c wgd/peer_state.h \
	wgd/peer_sync.c wgd/peer_sync.h \
	wgd/peer_watch.c wgd/peer_watch.h \
	wgd/probe.c wgd/probe.h \
	wgd/prove.c wgd/prove.h \
	wgd/quality.c wgd/quality.h \
	wgd/replay.c wgd/replay.h \
	wgd/report.c wgd/report.h \
	wgd/resolve.c wgd/resolve.h \
	wgd/roster.c wgd/roster.h \
	wgd/secrets.c wgd/secrets.h \
	wgd/settings.c wgd/settings.h \
	wgd/shows.c wgd/shows.h \
	wgd/silence.c wgd/silence.h \
	wgd/tally.h \
	wgd/targets.c wgd/targets.h \
	wgd/uapi.c wgd/uapi.h \
	wgd/underlay.c wgd/underlay.h \
	wgd/userspace.c wgd/userspace.h \
	wgd/wceiling.c wgd/wceiling.h \
	wgd/wg.c wgd/wg.h \
	wgd/wg_kernel.c \
	wgd/wg_reader.c wgd/wg_reader.h \
	wgd/wg_thread.c \
	wgd/wg_userspace.c \
	wgd/wgconf.c wgd/wgconf.h \
	wgd/wplan.c wgd/wplan.h \
	wgd/wplan_ask.c wgd/wplan_ask.h \
	wgd/withhold.c wgd/withhold.h

pkglibexec_PROGRAMS += wgd/wgd
wgd_wgd_SOURCES = wgd/main.c
wgd_wgd_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(LIB_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
# For topo-tests/test_failing.py.
noinst_PROGRAMS += wgd/failing
wgd_failing_SOURCES = wgd/main.c lib/failing.c
wgd_failing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=daemon_run
wgd_failing_LDADD = $(wgd_wgd_LDADD)

if HAVE_CMOCKA
check_PROGRAMS += \
	wgd/allowedips_test \
	wgd/echo_test \
	wgd/ledger_test \
	wgd/lives_test \
	wgd/live_test \
	wgd/liveness_test \
	wgd/refusal_test \
	wgd/targets_test \
	wgd/uapi_test \
	wgd/userspace_test
wgd_allowedips_test_SOURCES = wgd/allowedips_test.c wgd/wg_mock.c wgd/wg_mock.h
wgd_allowedips_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_echo_test_SOURCES = wgd/echo_test.c
wgd_echo_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_lives_test_SOURCES = wgd/lives_test.c
wgd_lives_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_ledger_test_SOURCES = wgd/ledger_test.c
wgd_ledger_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_live_test_SOURCES = wgd/live_test.c
wgd_live_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
wgd_liveness_test_SOURCES = wgd/liveness_test.c
wgd_liveness_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_refusal_test_SOURCES = wgd/refusal_test.c wgd/wg_mock.c wgd/wg_mock.h lib/loop_fake.c lib/loop_fake.h
wgd_refusal_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
wgd_targets_test_SOURCES = wgd/targets_test.c
wgd_targets_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS)
check_PROGRAMS += wgd/wplan_test
wgd_wplan_test_SOURCES = wgd/wplan_test.c
wgd_wplan_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS)
check_PROGRAMS += wgd/wceiling_test
wgd_wceiling_test_SOURCES = wgd/wceiling_test.c
wgd_wceiling_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS)
wgd_uapi_test_SOURCES = wgd/uapi_test.c
wgd_uapi_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_userspace_test_SOURCES = wgd/userspace_test.c
wgd_userspace_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgd/daemon_test
wgd_daemon_test_SOURCES = wgd/daemon_test.c lib/dut.c lib/dut.h
wgd_daemon_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
endif
if HAVE_CMOCKA
RIG = wgd/rig.c wgd/rig.h wgd/rig_world.c wgd/rig_world.h lib/loop_fake.c lib/loop_fake.h
RIG_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS) $(MNL_LIBS) $(NL_LIBS) $(NFTABLES_LIBS)
check_PROGRAMS += wgd/liveness_trace_test wgd/echo_trace_test
wgd_liveness_trace_test_SOURCES = wgd/liveness_trace_test.c $(RIG)
wgd_liveness_trace_test_LDADD = $(RIG_LDADD)
wgd_echo_trace_test_SOURCES = wgd/echo_trace_test.c $(RIG)
wgd_echo_trace_test_LDADD = $(RIG_LDADD)
check_PROGRAMS += wgd/device_test wgd/devices_test wgd/device_sync_test wgd/batches_test wgd/imported_test wgd/replay_test wgd/peer_endpoint_test wgd/peer_echo_test wgd/bfd_test wgd/shows_test wgd/orphans_test
wgd_device_test_SOURCES = wgd/device_test.c $(RIG)
wgd_device_test_LDADD = $(RIG_LDADD)
wgd_devices_test_SOURCES = wgd/devices_test.c $(RIG)
wgd_devices_test_LDADD = $(RIG_LDADD)
wgd_device_sync_test_SOURCES = wgd/device_sync_test.c $(RIG)
wgd_device_sync_test_LDADD = $(RIG_LDADD)
wgd_batches_test_SOURCES = wgd/batches_test.c $(RIG)
wgd_batches_test_LDADD = $(RIG_LDADD)
wgd_imported_test_SOURCES = wgd/imported_test.c $(RIG)
wgd_imported_test_LDADD = $(RIG_LDADD)
wgd_replay_test_SOURCES = wgd/replay_test.c $(RIG)
wgd_replay_test_LDADD = $(RIG_LDADD)
wgd_peer_endpoint_test_SOURCES = wgd/peer_endpoint_test.c $(RIG)
wgd_peer_endpoint_test_LDADD = $(RIG_LDADD)
wgd_peer_echo_test_SOURCES = wgd/peer_echo_test.c $(RIG)
wgd_peer_echo_test_LDADD = $(RIG_LDADD)
wgd_bfd_test_SOURCES = wgd/bfd_test.c $(RIG)
wgd_bfd_test_LDADD = $(RIG_LDADD)
wgd_shows_test_SOURCES = wgd/shows_test.c $(RIG)
wgd_shows_test_LDADD = $(RIG_LDADD)
wgd_orphans_test_SOURCES = wgd/orphans_test.c $(RIG)
wgd_orphans_test_LDADD = $(RIG_LDADD)
check_PROGRAMS += wgd/wg_kernel_test wgd/net_test wgd/endpoints_test wgd/resolve_test
wgd_wg_kernel_test_SOURCES = wgd/wg_kernel_test.c
wgd_wg_kernel_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS) $(MNL_LIBS)
wgd_net_test_SOURCES = wgd/net_test.c lib/dut.c lib/dut.h
wgd_net_test_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS)
wgd_net_test_LDADD = $(RIG_LDADD)
wgd_endpoints_test_SOURCES = wgd/endpoints_test.c lib/loop_fake.c lib/loop_fake.h
wgd_endpoints_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_resolve_test_SOURCES = wgd/resolve_test.c lib/dut.c lib/dut.h
wgd_resolve_test_LDADD = wgd/libwgd.a $(EVENT_EXTRA_LIBS) $(TEST_LIBS)
check_PROGRAMS += wgd/peer_watch_test wgd/prove_test
wgd_prove_test_SOURCES = wgd/prove_test.c $(RIG)
wgd_prove_test_LDADD = $(RIG_LDADD)
wgd_peer_watch_test_SOURCES = wgd/peer_watch_test.c $(RIG)
wgd_peer_watch_test_LDADD = $(RIG_LDADD)
check_PROGRAMS += wgd/launch_test wgd/wg_thread_test wgd/wg_userspace_test
wgd_launch_test_SOURCES = wgd/launch_test.c
wgd_launch_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_wg_thread_test_SOURCES = wgd/wg_thread_test.c
wgd_wg_thread_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
wgd_wg_userspace_test_SOURCES = wgd/wg_userspace_test.c
wgd_wg_userspace_test_LDADD = wgd/libwgd.a $(TEST_LIBS)
endif
