# SPDX-License-Identifier: BSD-2-Clause
CLI_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view
noinst_LIBRARIES += cli/libcli.a
cli_libcli_a_SOURCES = \
	cli/await.c cli/await.h \
	cli/candidate.c cli/candidate.h \
	cli/client.c cli/client.h \
	cli/commands.c cli/commands.h \
	cli/configure.c cli/configure.h \
	cli/configure_commit.c cli/configure_commit.h \
	cli/configure_differ.c cli/configure_differ.h \
	cli/configure_lines.c cli/configure_lines.h \
	cli/configure_load.c cli/configure_load.h \
	cli/configure_merge.c cli/configure_merge.h \
	cli/configure_path.c cli/configure_path.h \
	cli/configure_take.c cli/configure_take.h \
	cli/configure_verbs.c cli/configure_verbs.h \
	cli/configure_words.c cli/configure_words.h \
	cli/doctor.c cli/doctor.h \
	cli/doctor_rules.c cli/doctor_rules.h \
	cli/drain.c cli/drain.h \
	cli/explain.c cli/explain.h \
	cli/explain_probe.c cli/explain_probe.h \
	cli/explain_rules.c cli/explain_rules.h \
	cli/export.c cli/export.h \
	cli/export_allowed.c cli/export_allowed.h \
	cli/export_text.c cli/export_text.h \
	cli/filter.c cli/filter.h \
	cli/firewall.c cli/firewall.h \
	cli/grammar.c cli/grammar.h \
	cli/habits.c cli/habits.h \
	cli/import.c cli/import.h \
	cli/import_keys.c cli/import_keys.h \
	cli/import_live.c cli/import_live.h \
	cli/import_model.c cli/import_model.h \
	cli/import_quick.c cli/import_quick.h \
	cli/import_text.c cli/import_text.h \
	cli/interfaces.c cli/interfaces.h \
	cli/keys.c cli/keys.h \
	cli/line.c cli/line.h \
	cli/show_metrics.c cli/show_metrics.h \
	cli/output.c cli/output.h \
	cli/plan.c cli/plan.h \
	cli/qr.c cli/qr.h \
	cli/ruleset.c cli/ruleset.h \
	cli/reach.c cli/reach.h \
	cli/render.c cli/render.h \
	cli/render_acts.c \
	cli/render_bgp.c \
	cli/render_drill.c \
	cli/render_misc.c \
	cli/render_route.c \
	cli/render_wg.c \
	cli/routes.c cli/routes.h \
	cli/session.c cli/session.h \
	cli/story.c cli/story.h \
	cli/table.c cli/table.h
cli_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view -I$(srcdir)/wgbgpd -I$(srcdir)/wgd
cli_libcli_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(YANG_CFLAGS) $(QRENCODE_CFLAGS)
# `configure` edits with the parser of the configuration; `import` reads WireGuard as wgd does.
CLI_LIBS = cli/libcli.a view/libview.a wgbgpd/libconf.a wgd/libwgd.a $(YANG_LIBS) $(MNL_LIBS) \
	$(QRENCODE_LIBS)

bin_PROGRAMS += cli/wgbgp-cli
cli_wgbgp_cli_SOURCES = cli/edit.c cli/edit.h cli/main.c
cli_wgbgp_cli_CPPFLAGS = $(CLI_CPPFLAGS)
cli_wgbgp_cli_CFLAGS = $(AM_CFLAGS) $(EDIT_CFLAGS)
cli_wgbgp_cli_LDADD = $(CLI_LIBS) $(LIB_LIBS) $(EDIT_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += cli/client_test cli/configure_test cli/doctor_test cli/edit_test \
	cli/explain_probe_test cli/export_test cli/golden_test cli/filter_test cli/firewall_test \
	cli/grammar_test cli/import_test cli/keys_test cli/line_test \
	cli/output_test cli/session_test cli/table_test
cli_client_test_SOURCES = cli/client_test.c
cli_client_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_client_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_client_test_LDFLAGS = -Wl,--wrap=now_ms,--wrap=timer_start,--wrap=timer_stop \
	-Wl,--wrap=event_base_loop,--wrap=socket,--wrap=connect,--wrap=setsockopt
cli_configure_test_SOURCES = cli/configure_test.c cli/played.c cli/played.h lib/loop_fake.c lib/loop_fake.h
cli_configure_test_CPPFLAGS = $(CLI_CPPFLAGS) -I$(srcdir)/wgbgpd
cli_configure_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
cli_configure_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_doctor_test_SOURCES = cli/doctor_test.c cli/canned.c cli/canned.h
cli_doctor_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_doctor_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_edit_test_SOURCES = cli/edit_test.c cli/edit.c cli/edit.h cli/played.c cli/played.h \
	lib/loop_fake.c lib/loop_fake.h
cli_edit_test_CFLAGS = $(AM_CFLAGS) $(EDIT_CFLAGS)
cli_edit_test_LDFLAGS = -Wl,--wrap=el_end,--wrap=history_end
cli_edit_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_edit_test_LDADD = $(CLI_LIBS) $(EDIT_LIBS) $(TEST_LIBS)
cli_explain_probe_test_SOURCES = cli/explain_probe_test.c
cli_explain_probe_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_explain_probe_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
# What requests may have, for the tests' client.
BUILT_SOURCES += cli/request_members.h
CLEANFILES += cli/request_members.h
cli/request_members.h: yang/requests yang/schema.py yang/wgbgp-requests.yang
	$(AM_V_GEN)$(MKDIR_P) cli && $(PYTHON) -B $(srcdir)/yang/requests --members $(srcdir)/yang > $@.tmp && mv $@.tmp $@
cli_golden_test_SOURCES = cli/golden_test.c cli/played.c cli/played.h \
	lib/golden.c lib/golden.h lib/loop_fake.c lib/loop_fake.h
cli_golden_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_golden_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_export_test_SOURCES = cli/export_test.c cli/played.c cli/played.h lib/loop_fake.c lib/loop_fake.h \
	lib/scratch.c lib/scratch.h
cli_export_test_CPPFLAGS = $(CLI_CPPFLAGS) -I$(srcdir)/wgd
cli_export_test_CFLAGS = $(AM_CFLAGS) $(QRENCODE_CFLAGS)
cli_export_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_filter_test_SOURCES = cli/filter_test.c
cli_filter_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_filter_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_firewall_test_SOURCES = cli/firewall_test.c
cli_firewall_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_firewall_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_grammar_test_SOURCES = cli/grammar_test.c
cli_grammar_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_grammar_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_import_test_SOURCES = cli/import_test.c
cli_import_test_CPPFLAGS = $(CLI_CPPFLAGS) -I$(srcdir)/wgbgpd -I$(srcdir)/wgd
cli_import_test_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
cli_import_test_LDFLAGS = -Wl,--wrap=wg_kernel_look,--wrap=wg_userspace_open \
	-Wl,--wrap=machine_interfaces,--wrap=kernel_route_get
cli_import_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_keys_test_SOURCES = cli/keys_test.c lib/scratch.c lib/scratch.h
cli_keys_test_CPPFLAGS = $(CLI_CPPFLAGS) -I$(srcdir)/wgd
cli_keys_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_line_test_SOURCES = cli/line_test.c
cli_line_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_line_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_output_test_SOURCES = cli/output_test.c
cli_output_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_output_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_session_test_SOURCES = cli/session_test.c cli/canned.c cli/canned.h
cli_session_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_session_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
cli_table_test_SOURCES = cli/table_test.c
cli_table_test_CPPFLAGS = $(CLI_CPPFLAGS)
cli_table_test_LDADD = $(CLI_LIBS) $(TEST_LIBS)
endif
EXTRA_DIST += cli/testdata cli/FLOORS
