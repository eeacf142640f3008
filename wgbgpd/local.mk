# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += wgbgpd/FLOORS
noinst_LIBRARIES += wgbgpd/libconf.a
wgbgpd_libconf_a_SOURCES = \
	wgbgpd/conf_check.c wgbgpd/conf_check.h \
	wgbgpd/conf_check_bgp.c \
	wgbgpd/conf_check_endpoint.c \
	wgbgpd/conf_check_guard.c \
	wgbgpd/conf_check_web.c \
	wgbgpd/conf_check_odd.c \
	wgbgpd/conf_check_plane.c \
	wgbgpd/conf_check_policy.c \
	wgbgpd/conf_check_say.c wgbgpd/conf_check_say.h \
	wgbgpd/conf_check_lacking.c \
	wgbgpd/conf_check_wireguard.c \
	wgbgpd/conf_diff.c wgbgpd/conf_diff.h \
	wgbgpd/conf_edit.c wgbgpd/conf_edit.h \
	wgbgpd/conf_effective.c wgbgpd/conf_effective.h \
	wgbgpd/conf_error.c wgbgpd/conf_error.h \
	wgbgpd/conf_key.c wgbgpd/conf_key.h \
	wgbgpd/conf_lex.c wgbgpd/conf_lex.h \
	wgbgpd/conf_load.c wgbgpd/conf_load.h \
	wgbgpd/conf_make.c wgbgpd/conf_make.h \
	wgbgpd/conf_nets.c wgbgpd/conf_nets.h \
	wgbgpd/conf_parse.c wgbgpd/conf_parse.h \
	wgbgpd/conf_parse_json.c wgbgpd/conf_parse_json.h \
	wgbgpd/conf_print.c wgbgpd/conf_print.h \
	wgbgpd/conf_schema.c wgbgpd/conf_schema.h \
	wgbgpd/conf_spans.c wgbgpd/conf_spans.h \
	wgbgpd/conf_texts.c wgbgpd/conf_texts.h \
	wgbgpd/conf_tree.c wgbgpd/conf_tree.h
wgbgpd_libconf_a_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
CONF_LIBS = wgbgpd/libconf.a $(LIB_LIBS) $(YANG_LIBS)

noinst_LIBRARIES += wgbgpd/libparent.a
wgbgpd_libparent_a_SOURCES = \
	wgbgpd/ask.c wgbgpd/ask.h \
	wgbgpd/blame.c wgbgpd/blame.h \
	wgbgpd/change.c wgbgpd/change.h wgbgpd/change_ask.h \
	wgbgpd/change_differs.c wgbgpd/change_differs.h \
	wgbgpd/change_files.c wgbgpd/change_files.h \
	wgbgpd/change_index.c wgbgpd/change_index.h \
	wgbgpd/change_journal.c wgbgpd/change_journal.h \
	wgbgpd/change_keep.c wgbgpd/change_keep.h \
	wgbgpd/change_now.c wgbgpd/change_now.h \
	wgbgpd/change_place.c wgbgpd/change_place.h \
	wgbgpd/change_start.c wgbgpd/change_start.h \
	wgbgpd/change_offer.c wgbgpd/change_offer.h \
	wgbgpd/change_store.c wgbgpd/change_store.h \
	wgbgpd/change_trial.c wgbgpd/change_trial.h \
	wgbgpd/cli_sockets.c wgbgpd/cli_sockets.h \
	wgbgpd/commit.c wgbgpd/commit.h \
	wgbgpd/datastore.c wgbgpd/datastore.h \
	wgbgpd/drill.c wgbgpd/drill.h \
	wgbgpd/drill_echo.c wgbgpd/drill_echo.h \
	wgbgpd/drill_history.c wgbgpd/drill_history.h \
	wgbgpd/drill_routes.c wgbgpd/drill_routes.h \
	wgbgpd/endpoint.c wgbgpd/endpoint.h \
	wgbgpd/endpoint_own.c wgbgpd/endpoint_own.h \
	wgbgpd/guard.c wgbgpd/guard.h \
	wgbgpd/health.c wgbgpd/health.h \
	wgbgpd/host_ask.c wgbgpd/host_ask.h \
	wgbgpd/interfaces.c wgbgpd/interfaces.h \
	wgbgpd/keep_in.c wgbgpd/keep_in.h \
	wgbgpd/kept_file.c wgbgpd/kept_file.h \
	wgbgpd/kept_load.c wgbgpd/kept_load.h \
	wgbgpd/key_ages.c wgbgpd/key_ages.h \
	wgbgpd/web_ask.c wgbgpd/web_ask.h \
	wgbgpd/knobs.c wgbgpd/knobs.h \
	wgbgpd/listen.c wgbgpd/listen.h \
	wgbgpd/listen_keys.c wgbgpd/listen_keys.h \
	wgbgpd/lock.c wgbgpd/lock.h \
	wgbgpd/log_ring.c wgbgpd/log_ring.h \
	wgbgpd/log_told.c wgbgpd/log_told.h \
	wgbgpd/shortage.c wgbgpd/shortage.h \
	wgbgpd/needed.c wgbgpd/needed.h \
	wgbgpd/notify.c wgbgpd/notify.h \
	wgbgpd/parent.c wgbgpd/parent.h \
	wgbgpd/plan.c wgbgpd/plan.h \
	wgbgpd/plan_judge.c wgbgpd/plan_judge.h \
	wgbgpd/planned.c wgbgpd/planned.h \
	wgbgpd/privs.c wgbgpd/privs.h \
	wgbgpd/process.c wgbgpd/process.h \
	wgbgpd/request.c wgbgpd/request.h \
	wgbgpd/secrets.c wgbgpd/secrets.h \
	wgbgpd/spared.c wgbgpd/spared.h \
	wgbgpd/state.c wgbgpd/state.h \
	wgbgpd/steady.c wgbgpd/steady.h \
	wgbgpd/supervise.c wgbgpd/supervise.h \
	wgbgpd/touch.c wgbgpd/touch.h wgbgpd/touch_side.c wgbgpd/touch_side.h
wgbgpd_libparent_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view
wgbgpd_libparent_a_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS) $(CAPNG_CFLAGS) $(SYSTEMD_CFLAGS) $(MNL_CFLAGS)
PARENT_LIBS = wgbgpd/libparent.a view/libview.a $(CONF_LIBS) $(CAPNG_LIBS) $(SYSTEMD_LIBS) $(MNL_LIBS)

BUILT_SOURCES += wgbgpd/request_rows.h
CLEANFILES += wgbgpd/request_rows.h
wgbgpd/request_rows.h: yang/requests yang/schema.py yang/wgbgp-requests.yang
	$(AM_V_GEN)$(MKDIR_P) wgbgpd && $(PYTHON) -B $(srcdir)/yang/requests --rows $(srcdir)/yang > $@.tmp && mv $@.tmp $@

sbin_PROGRAMS += wgbgpd/wgbgpd
wgbgpd_wgbgpd_SOURCES = wgbgpd/main.c
wgbgpd_wgbgpd_CFLAGS = $(wgbgpd_libparent_a_CFLAGS)
wgbgpd_wgbgpd_LDADD = $(PARENT_LIBS)

# For tests of the parent: stub stands in for the daemons, hasty is a wgbgpd whose time runs fast.
noinst_PROGRAMS += wgbgpd/hasty wgbgpd/stub
wgbgpd_hasty_SOURCES = wgbgpd/hasty.c wgbgpd/main.c
wgbgpd_hasty_CFLAGS = $(wgbgpd_libparent_a_CFLAGS)
wgbgpd_hasty_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_us,--wrap=now_ms,--wrap=timer_start
wgbgpd_hasty_LDADD = $(PARENT_LIBS)
wgbgpd_stub_SOURCES = wgbgpd/stub.c
wgbgpd_stub_LDADD = $(LIB_LIBS)

EXTRA_DIST += \
	wgbgpd/testdata/empty.conf \
	wgbgpd/testdata/example.conf wgbgpd/testdata/example.out \
	wgbgpd/testdata/hub.conf wgbgpd/testdata/hub-peers.inc wgbgpd/testdata/hub.out \
	wgbgpd/testdata/said.txt wgbgpd/testdata/drill.golden wgbgpd/testdata/odd.golden \
	wgbgpd/testdata/privs.golden

if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/conf_odd_test wgbgpd/conf_test wgbgpd/parent_test
wgbgpd_conf_odd_test_SOURCES = wgbgpd/conf_odd_test.c wgbgpd/conf_place.c wgbgpd/conf_place.h lib/golden.c lib/golden.h
wgbgpd_conf_odd_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_odd_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sodium_memzero
wgbgpd_conf_odd_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_conf_test_SOURCES = wgbgpd/conf_test.c
wgbgpd_conf_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
# Runs wgbgpd/wgbgpd, wgbgpd/hasty and wgbgpd/stub.
wgbgpd_parent_test_SOURCES = wgbgpd/parent_test.c wgbgpd/process.c wgbgpd/process.h
wgbgpd_parent_test_LDADD = $(TEST_LIBS)
EXTRA_wgbgpd_parent_test_DEPENDENCIES = wgbgpd/wgbgpd wgbgpd/hasty wgbgpd/stub
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/ask_test wgbgpd/datastore_test wgbgpd/interfaces_test wgbgpd/process_test
wgbgpd_datastore_test_SOURCES = wgbgpd/datastore_test.c
wgbgpd_datastore_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_datastore_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=conf_print_json
wgbgpd_datastore_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
wgbgpd_ask_test_SOURCES = wgbgpd/ask_test.c wgbgpd/played.c wgbgpd/played.h
wgbgpd_ask_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_ask_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
wgbgpd_interfaces_test_SOURCES = wgbgpd/interfaces_test.c
wgbgpd_interfaces_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_interfaces_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
wgbgpd_process_test_SOURCES = wgbgpd/process_test.c
wgbgpd_process_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_process_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
check_PROGRAMS += wgbgpd/commit_test wgbgpd/endpoint_test wgbgpd/knobs_test wgbgpd/supervise_test
wgbgpd_knobs_test_SOURCES = wgbgpd/knobs_test.c lib/scratch.c lib/scratch.h
wgbgpd_knobs_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view
wgbgpd_knobs_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
# Runs wgbgpd/stub.
wgbgpd_supervise_test_SOURCES = wgbgpd/supervise_test.c
wgbgpd_supervise_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_supervise_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=timer_start
wgbgpd_supervise_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
EXTRA_wgbgpd_supervise_test_DEPENDENCIES = wgbgpd/stub
# The test's own supervise.c is wgbgpd/played.c.
wgbgpd_commit_test_SOURCES = wgbgpd/commit_test.c wgbgpd/played.c wgbgpd/played.h
wgbgpd_commit_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view
wgbgpd_commit_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_commit_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=timer_start,--wrap=log_event
wgbgpd_commit_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
wgbgpd_endpoint_test_SOURCES = wgbgpd/endpoint_test.c wgbgpd/played.c wgbgpd/played.h
wgbgpd_endpoint_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_endpoint_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=change_reload,--wrap=log_event
wgbgpd_endpoint_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
check_PROGRAMS += wgbgpd/conf_key_test wgbgpd/conf_said_test
wgbgpd_conf_said_test_SOURCES = wgbgpd/conf_said_test.c
wgbgpd_conf_said_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_said_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_conf_key_test_SOURCES = wgbgpd/conf_key_test.c
wgbgpd_conf_key_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read
wgbgpd_conf_key_test_LDADD = $(CONF_LIBS) $(TEST_LIBS)
check_PROGRAMS += wgbgpd/listen_test
wgbgpd_listen_test_SOURCES = wgbgpd/listen_test.c wgbgpd/listen.c wgbgpd/listen.h \
	wgbgpd/listen_keys.c wgbgpd/listen_keys.h
wgbgpd_listen_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket,--wrap=bind,--wrap=listen,--wrap=setsockopt \
	-Wl,--wrap=sodium_memzero
wgbgpd_listen_test_LDADD = $(CONF_LIBS) $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/conf_texts_test
check_PROGRAMS += wgbgpd/plan_judge_test
wgbgpd_plan_judge_test_SOURCES = wgbgpd/plan_judge_test.c
wgbgpd_plan_judge_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/change_index_test wgbgpd/change_store_test wgbgpd/touch_test
check_PROGRAMS += wgbgpd/change_place_test
wgbgpd_change_place_test_SOURCES = wgbgpd/change_place_test.c lib/scratch.c lib/scratch.h
wgbgpd_change_place_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/guard_test wgbgpd/health_test
wgbgpd_guard_test_SOURCES = wgbgpd/guard_test.c
wgbgpd_guard_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_guard_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ask_daemon,--wrap=change_store_error,--wrap=change_now_warn \
	-Wl,--wrap=timer_start
wgbgpd_guard_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
wgbgpd_health_test_SOURCES = wgbgpd/health_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_health_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_health_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=pinger_open,--wrap=pinger_send,--wrap=pinger_close,--wrap=change_now_warn \
	-Wl,--wrap=steady_mind,--wrap=steady_pass,--wrap=steady_begin,--wrap=steady_end
wgbgpd_health_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/planned_test
wgbgpd_planned_test_SOURCES = wgbgpd/planned_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_planned_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_planned_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ask_daemon,--wrap=datastore_running,--wrap=change_now_warn
wgbgpd_planned_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/blame_test wgbgpd/steady_test
wgbgpd_blame_test_SOURCES = wgbgpd/blame_test.c
wgbgpd_blame_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_steady_test_SOURCES = wgbgpd/steady_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_steady_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ask_daemon
wgbgpd_steady_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_touch_test_SOURCES = wgbgpd/touch_test.c
wgbgpd_touch_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_change_index_test_SOURCES = wgbgpd/change_index_test.c
wgbgpd_change_index_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_change_store_test_SOURCES = wgbgpd/change_store_test.c \
	lib/scratch.c lib/scratch.h
wgbgpd_change_store_test_LDADD = wgbgpd/libparent.a wgbgpd/libconf.a $(TEST_LIBS)
# Tests of changes live in the same world: wgbgpd/life.h.
LIFE_FILES = wgbgpd/life.c wgbgpd/life.h wgbgpd/played.c wgbgpd/played.h lib/scratch.c lib/scratch.h
LIFE_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
LIFE_WRAPS = $(AM_LDFLAGS) \
	-Wl,--wrap=timer_start,--wrap=change_clock_read,--wrap=new_file_put_at,--wrap=spared_look,--wrap=ask_daemon \
	-Wl,--wrap=health_begin
LIFE_LIBS = $(PARENT_LIBS) $(TEST_RUNNER)
check_PROGRAMS += wgbgpd/change_test
wgbgpd_change_test_SOURCES = wgbgpd/change_test.c $(LIFE_FILES)
wgbgpd_change_test_CFLAGS = $(LIFE_CFLAGS)
wgbgpd_change_test_LDFLAGS = $(LIFE_WRAPS)
wgbgpd_change_test_LDADD = $(LIFE_LIBS)
check_PROGRAMS += wgbgpd/change_start_test
wgbgpd_change_start_test_SOURCES = wgbgpd/change_start_test.c $(LIFE_FILES)
wgbgpd_change_start_test_CFLAGS = $(LIFE_CFLAGS)
wgbgpd_change_start_test_LDFLAGS = $(LIFE_WRAPS)
wgbgpd_change_start_test_LDADD = $(LIFE_LIBS)
check_PROGRAMS += wgbgpd/change_trial_test
wgbgpd_change_trial_test_SOURCES = wgbgpd/change_trial_test.c $(LIFE_FILES)
wgbgpd_change_trial_test_CFLAGS = $(LIFE_CFLAGS)
wgbgpd_change_trial_test_LDFLAGS = $(LIFE_WRAPS)
wgbgpd_change_trial_test_LDADD = $(LIFE_LIBS)
check_PROGRAMS += wgbgpd/change_offer_test
wgbgpd_change_offer_test_SOURCES = wgbgpd/change_offer_test.c $(LIFE_FILES)
wgbgpd_change_offer_test_CFLAGS = $(LIFE_CFLAGS)
wgbgpd_change_offer_test_LDFLAGS = $(LIFE_WRAPS)
wgbgpd_change_offer_test_LDADD = $(LIFE_LIBS)
check_PROGRAMS += wgbgpd/change_guard_test
wgbgpd_change_guard_test_SOURCES = wgbgpd/change_guard_test.c $(LIFE_FILES)
wgbgpd_change_guard_test_CFLAGS = $(LIFE_CFLAGS)
wgbgpd_change_guard_test_LDFLAGS = $(LIFE_WRAPS)
wgbgpd_change_guard_test_LDADD = $(LIFE_LIBS)
check_PROGRAMS += wgbgpd/conf_edit_test
wgbgpd_conf_edit_test_SOURCES = wgbgpd/conf_edit_test.c
wgbgpd_conf_edit_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_edit_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_conf_texts_test_SOURCES = wgbgpd/conf_texts_test.c
wgbgpd_conf_texts_test_LDADD = wgbgpd/libconf.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/drill_echo_test wgbgpd/drill_routes_test wgbgpd/drill_test
wgbgpd_drill_echo_test_SOURCES = wgbgpd/drill_echo_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_drill_echo_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket,--wrap=sendto,--wrap=recv \
	-Wl,--wrap=close,--wrap=watch_on,--wrap=watch_off
wgbgpd_drill_echo_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_drill_routes_test_SOURCES = wgbgpd/drill_routes_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_drill_routes_test_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
wgbgpd_drill_routes_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt,--wrap=recv \
	-Wl,--wrap=watch_on,--wrap=watch_off
wgbgpd_drill_routes_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS) $(MNL_LIBS)
wgbgpd_drill_test_SOURCES = wgbgpd/drill_test.c lib/golden.c lib/golden.h lib/loop_fake.c lib/loop_fake.h
wgbgpd_drill_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=time,--wrap=log_event
wgbgpd_drill_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/key_ages_test wgbgpd/web_ask_test
wgbgpd_key_ages_test_SOURCES = wgbgpd/key_ages_test.c
wgbgpd_key_ages_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_key_ages_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_web_ask_test_SOURCES = wgbgpd/web_ask_test.c
wgbgpd_web_ask_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_web_ask_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/conf_session_test
wgbgpd_conf_session_test_SOURCES = wgbgpd/conf_session_test.c wgbgpd/conf_place.c wgbgpd/conf_place.h
wgbgpd_conf_session_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_session_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
endif
if HAVE_CMOCKA
check_PROGRAMS += wgbgpd/cli_sockets_test wgbgpd/conf_effective_test wgbgpd/conf_lex_test \
	wgbgpd/conf_leaves_test wgbgpd/conf_schema_test wgbgpd/notify_test wgbgpd/privs_test
wgbgpd_conf_lex_test_SOURCES = wgbgpd/conf_lex_test.c
wgbgpd_conf_lex_test_LDADD = $(CONF_LIBS) $(TEST_LIBS)
wgbgpd_conf_effective_test_SOURCES = wgbgpd/conf_effective_test.c \
	wgbgpd/conf_place.c wgbgpd/conf_place.h
wgbgpd_conf_effective_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_effective_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_cli_sockets_test_SOURCES = wgbgpd/cli_sockets_test.c
wgbgpd_cli_sockets_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket,--wrap=bind,--wrap=listen \
	-Wl,--wrap=rename,--wrap=setfsgid,--wrap=getgrnam,--wrap=log_event
wgbgpd_cli_sockets_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_conf_leaves_test_SOURCES = wgbgpd/conf_leaves_test.c
wgbgpd_conf_leaves_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_leaves_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_conf_schema_test_SOURCES = wgbgpd/conf_schema_test.c
wgbgpd_conf_schema_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_conf_schema_test_LDADD = $(CONF_LIBS) $(TEST_RUNNER)
wgbgpd_notify_test_SOURCES = wgbgpd/notify_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_notify_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_notify,--wrap=sd_notifyf \
	-Wl,--wrap=sd_watchdog_enabled
wgbgpd_notify_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS) $(SYSTEMD_LIBS)
check_PROGRAMS += wgbgpd/keep_in_test wgbgpd/kept_file_test
wgbgpd_keep_in_test_SOURCES = wgbgpd/keep_in_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_keep_in_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event
wgbgpd_keep_in_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_kept_file_test_SOURCES = wgbgpd/kept_file_test.c
wgbgpd_kept_file_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/needed_test wgbgpd/spared_test
wgbgpd_needed_test_SOURCES = wgbgpd/needed_test.c
wgbgpd_needed_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=if_indextoname,--wrap=getifaddrs,--wrap=freeifaddrs
wgbgpd_needed_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_spared_test_SOURCES = wgbgpd/spared_test.c lib/loop_fake.c lib/loop_fake.h
wgbgpd_spared_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_spared_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event
wgbgpd_spared_test_LDADD = wgbgpd/libparent.a wgbgpd/libconf.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/shortage_test
wgbgpd_shortage_test_SOURCES = wgbgpd/shortage_test.c
wgbgpd_shortage_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_shortage_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=statvfs,--wrap=fopen,--wrap=log_event,--wrap=datastore_running
wgbgpd_shortage_test_LDADD = $(PARENT_LIBS) $(TEST_RUNNER)
check_PROGRAMS += wgbgpd/log_told_test
wgbgpd_log_told_test_SOURCES = wgbgpd/log_told_test.c
wgbgpd_log_told_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=request_tell,--wrap=timer_init,--wrap=timer_start
wgbgpd_log_told_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
check_PROGRAMS += wgbgpd/log_ring_test
wgbgpd_log_ring_test_SOURCES = wgbgpd/log_ring_test.c
wgbgpd_log_ring_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)

check_PROGRAMS += wgbgpd/lock_test
# The test plays what is in process.c, supervise.c and privs.c.
wgbgpd_lock_test_SOURCES = wgbgpd/lock_test.c
wgbgpd_lock_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=usleep,--wrap=flock,--wrap=kill
wgbgpd_lock_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS)
wgbgpd_privs_test_SOURCES = wgbgpd/privs_test.c lib/golden.c lib/golden.h
wgbgpd_privs_test_CFLAGS = $(AM_CFLAGS) $(CAPNG_CFLAGS)
wgbgpd_privs_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getpwnam,--wrap=geteuid,--wrap=getegid \
	-Wl,--wrap=setgroups,--wrap=setresgid,--wrap=setresuid,--wrap=setfsuid,--wrap=setfsgid \
	-Wl,--wrap=capng_get_caps_process,--wrap=capng_have_capability,--wrap=capng_clear \
	-Wl,--wrap=capng_update,--wrap=capng_apply,--wrap=prctl,--wrap=sandbox_enter \
	-Wl,--wrap=sched_setscheduler,--wrap=getpriority,--wrap=setpriority,--wrap=setrlimit \
	-Wl,--wrap=log_event,--wrap=fatal_at
wgbgpd_privs_test_LDADD = wgbgpd/libparent.a $(TEST_LIBS) $(CAPNG_LIBS)
endif
