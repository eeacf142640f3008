# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += bgpd/FLOORS
noinst_LIBRARIES += bgpd/libbgpd.a
bgpd_libbgpd_a_SOURCES = \
	bgpd/adjout.c bgpd/adjout.h \
	bgpd/adjout_group.c bgpd/adjout_group.h \
	bgpd/adjout_lag.c bgpd/adjout_lag.h \
	bgpd/adjout_log.c \
	bgpd/adjout_pack.c \
	bgpd/attr.c bgpd/attr.h \
	bgpd/attr_edit.c \
	bgpd/attr_json.c \
	bgpd/community.c bgpd/community.h \
	bgpd/attr_parse.c bgpd/attr_parse.h \
	bgpd/attr_wire.h \
	bgpd/bgp.h \
	bgpd/bgp_plan.c bgpd/bgp_plan.h \
	bgpd/bgp_plan_sessions.c bgpd/bgp_plan_sessions.h \
	bgpd/conn.c bgpd/conn.h \
	bgpd/decide.c bgpd/decide.h \
	bgpd/fsm.c bgpd/fsm.h \
	bgpd/listen.c bgpd/listen.h \
	bgpd/leak.c bgpd/leak.h \
	bgpd/link_zebra.c bgpd/link_zebra.h \
	bgpd/message.c bgpd/message.h \
	bgpd/message_open.c \
	bgpd/message_update.c \
	bgpd/neighbors.c bgpd/neighbors.h \
	bgpd/nexthop.c bgpd/nexthop.h \
	bgpd/nexthop_news.c bgpd/nexthop_news.h \
	bgpd/originate.c bgpd/originate.h \
	bgpd/password.c bgpd/password.h \
	bgpd/peer.c bgpd/peer.h \
	bgpd/peer_conf.c bgpd/peer_conf.h \
	bgpd/peer_show.c bgpd/peer_show.h \
	bgpd/peer_way.c bgpd/peer_way.h \
	bgpd/policy.c bgpd/policy.h \
	bgpd/policy_ceiling.c bgpd/policy_ceiling.h \
	bgpd/policy_compile.c bgpd/policy_term.h \
	bgpd/restart.c bgpd/restart.h \
	bgpd/rib.c bgpd/rib.h \
	bgpd/rib_decide.c bgpd/rib_decide.h \
	bgpd/rib_fresh.c bgpd/rib_fresh.h \
	bgpd/rib_judge.c bgpd/rib_judge.h \
	bgpd/rib_lap.c bgpd/rib_lap.h \
	bgpd/rib_multipath.c bgpd/rib_multipath.h \
	bgpd/rib_peer.c bgpd/rib_peer.h \
	bgpd/rib_pressure.c bgpd/rib_pressure.h \
	bgpd/rib_queue.c bgpd/rib_queue.h \
	bgpd/rib_refused.c bgpd/rib_refused.h \
	bgpd/rib_session.c bgpd/rib_session.h \
	bgpd/rib_show.c \
	bgpd/rib_table.c bgpd/rib_table.h \
	bgpd/rib_update.c bgpd/rib_update.h \
	bgpd/rib_verdict.c bgpd/rib_verdict.h \
	bgpd/rib_walk.c bgpd/rib_walk.h \
	bgpd/rib_work.c bgpd/rib_work.h \
	bgpd/session.c bgpd/session.h \
	bgpd/session_local.c bgpd/session_local.h \
	bgpd/session_open.c bgpd/session_open.h \
	bgpd/session_calls.c bgpd/session_calls.h \
	bgpd/session_proof.c bgpd/session_proof.h \
	bgpd/session_say.c bgpd/session_say.h \
	bgpd/session_socket.c bgpd/session_socket.h \
	bgpd/turnover.c bgpd/turnover.h \
	bgpd/zebra_news.c bgpd/zebra_news.h

pkglibexec_PROGRAMS += bgpd/bgpd
bgpd_bgpd_SOURCES = bgpd/main.c
bgpd_bgpd_LDADD = bgpd/libbgpd.a $(LIB_LIBS)
# For topo-tests/test_failing.py.
noinst_PROGRAMS += bgpd/failing
bgpd_failing_SOURCES = bgpd/main.c lib/failing.c
bgpd_failing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=daemon_run
bgpd_failing_LDADD = $(bgpd_bgpd_LDADD)

if HAVE_CMOCKA
check_PROGRAMS += bgpd/adjout_test bgpd/decide_test bgpd/policy_test
bgpd_adjout_test_SOURCES = bgpd/adjout_test.c
bgpd_adjout_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=conn_hold_reading
bgpd_adjout_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_decide_test_SOURCES = bgpd/decide_test.c
bgpd_decide_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_policy_test_SOURCES = bgpd/policy_test.c
bgpd_policy_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/rib_pressure_test
bgpd_rib_pressure_test_SOURCES = bgpd/rib_pressure_test.c
bgpd_rib_pressure_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_rib_pressure_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=conn_hold_reading,--wrap=restart_deferring,--wrap=now_ms,--wrap=now_us,--wrap=timer_start
check_PROGRAMS += bgpd/turnover_test
bgpd_turnover_test_SOURCES = bgpd/turnover_test.c
bgpd_turnover_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/rib_queue_test bgpd/fairness_test
bgpd_rib_queue_test_SOURCES = bgpd/rib_queue_test.c
bgpd_rib_queue_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_fairness_test_SOURCES = bgpd/fairness_test.c bgpd/rig.c bgpd/rig.h
bgpd_fairness_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_fairness_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=writev,--wrap=sendmsg
check_PROGRAMS += bgpd/attr_test bgpd/message_open_test bgpd/message_update_test bgpd/session_test
bgpd_message_open_test_SOURCES = bgpd/message_open_test.c
bgpd_message_open_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_attr_test_SOURCES = bgpd/attr_test.c
bgpd_attr_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_message_update_test_SOURCES = bgpd/message_update_test.c
bgpd_message_update_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/attr_parse_test
bgpd_attr_parse_test_SOURCES = bgpd/attr_parse_test.c bgpd/attr_parse_rows.h
bgpd_attr_parse_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/conn_test
bgpd_conn_test_SOURCES = bgpd/conn_test.c
bgpd_conn_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/attr_edit_test
bgpd_attr_edit_test_SOURCES = bgpd/attr_edit_test.c
bgpd_attr_edit_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/policy_compile_test
bgpd_policy_compile_test_SOURCES = bgpd/policy_compile_test.c
bgpd_policy_compile_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/adjout_log_test
bgpd_adjout_log_test_SOURCES = bgpd/adjout_log_test.c
bgpd_adjout_log_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/show_test
bgpd_show_test_SOURCES = bgpd/show_test.c bgpd/rig.c bgpd/rig.h
bgpd_show_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
EXTRA_DIST += bgpd/show_neighbors.txt bgpd/show_routes.txt
bgpd_rig_clock_flags = -Wl,--wrap=now_ms,--wrap=now_us,--wrap=timer_start,--wrap=timer_stop,--wrap=timer_running,--wrap=timer_left_ms
check_PROGRAMS += bgpd/times_test
bgpd_times_test_SOURCES = bgpd/times_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_times_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_times_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/listen_test
bgpd_listen_test_SOURCES = bgpd/listen_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_listen_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_listen_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/cycle_test
bgpd_cycle_test_SOURCES = bgpd/cycle_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_cycle_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_cycle_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/session_rules_test
bgpd_session_rules_test_SOURCES = bgpd/session_rules_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_session_rules_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_session_rules_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/log_lines_test
bgpd_log_lines_test_SOURCES = bgpd/log_lines_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_log_lines_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_log_lines_test_LDFLAGS = $(bgpd_rig_clock_flags) -Wl,--wrap=daemon_event
check_PROGRAMS += bgpd/rib_test
bgpd_rib_test_SOURCES = bgpd/rib_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_rib_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_rib_test_LDFLAGS = $(bgpd_rig_clock_flags) -Wl,--wrap=xcalloc
check_PROGRAMS += bgpd/leak_test
bgpd_leak_test_SOURCES = bgpd/leak_test.c
bgpd_leak_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/nexthop_test
bgpd_nexthop_test_SOURCES = bgpd/nexthop_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_nexthop_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_nexthop_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/session_calls_test
bgpd_session_calls_test_SOURCES = bgpd/session_calls_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_session_calls_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_session_calls_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/originate_test
bgpd_originate_test_SOURCES = bgpd/originate_test.c bgpd/rig.c bgpd/rig.h
bgpd_originate_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/group_test
bgpd_group_test_SOURCES = bgpd/group_test.c bgpd/rig.c bgpd/rig.h
bgpd_group_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/link_zebra_test
bgpd_link_zebra_test_SOURCES = bgpd/link_zebra_test.c bgpd/rig.c bgpd/rig.h
bgpd_link_zebra_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/rib_walk_test
bgpd_rib_walk_test_SOURCES = bgpd/rib_walk_test.c bgpd/rig.c bgpd/rig.h
bgpd_rib_walk_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/session_locals_test
bgpd_session_locals_test_SOURCES = bgpd/session_locals_test.c lib/dut.c lib/dut.h
bgpd_session_locals_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/rib_rules_test
bgpd_rib_rules_test_SOURCES = bgpd/rib_rules_test.c bgpd/rig.c bgpd/rig.h
bgpd_rib_rules_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/fresh_test
bgpd_fresh_test_SOURCES = bgpd/fresh_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_fresh_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_fresh_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/kept_test
bgpd_kept_test_SOURCES = bgpd/kept_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_kept_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_kept_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/restart_test
bgpd_restart_test_SOURCES = bgpd/restart_test.c
bgpd_restart_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_session_test_SOURCES = bgpd/session_test.c
bgpd_session_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/session_proof_test
bgpd_session_proof_test_SOURCES = bgpd/session_proof_test.c
bgpd_session_proof_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/session_socket_test
bgpd_session_socket_test_SOURCES = bgpd/session_socket_test.c
bgpd_session_socket_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += bgpd/peer_conf_test
bgpd_peer_conf_test_SOURCES = bgpd/peer_conf_test.c
bgpd_peer_conf_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
check_PROGRAMS += bgpd/bgp_plan_test
bgpd_bgp_plan_test_SOURCES = bgpd/bgp_plan_test.c bgpd/rig.c bgpd/rig.h bgpd/rig_clock.c bgpd/rig_clock.h
bgpd_bgp_plan_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_bgp_plan_test_LDFLAGS = $(bgpd_rig_clock_flags)
check_PROGRAMS += bgpd/export_test bgpd/import_test bgpd/neighbor_test bgpd/plane_test
bgpd_plane_test_SOURCES = bgpd/plane_test.c bgpd/rig.c bgpd/rig.h
bgpd_plane_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_neighbor_test_SOURCES = bgpd/neighbor_test.c bgpd/rig.c bgpd/rig.h
bgpd_neighbor_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_export_test_SOURCES = bgpd/export_test.c bgpd/rig.c bgpd/rig.h
bgpd_export_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_import_test_SOURCES = bgpd/import_test.c bgpd/rig.c bgpd/rig.h
bgpd_import_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
endif
