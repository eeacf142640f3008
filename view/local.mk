# SPDX-License-Identifier: BSD-2-Clause
# What wgbgp-cli and wgbgp-web make of the daemons' answers.
EXTRA_DIST += view/FLOORS
noinst_LIBRARIES += view/libview.a
view_libview_a_SOURCES = \
	view/doctor_bgp.c view/doctor_bgp.h \
	view/doctor_causes.c view/doctor_causes.h \
	view/doctor_checks.c view/doctor_checks.h \
	view/doctor_facts.c view/doctor_facts.h \
	view/doctor_flows.c view/doctor_flows.h \
	view/doctor_keep.c view/doctor_keep.h \
	view/doctor_machine.c view/doctor_machine.h \
	view/doctor_tunnels.c view/doctor_tunnels.h \
	view/doctor_misfits.c view/doctor_misfits.h \
	view/doctor_walk.c view/doctor_walk.h \
	view/explain_claim.c view/explain_claim.h \
	view/explain_facts.c view/explain_facts.h \
	view/explain_gather.c view/explain_gather.h \
	view/explain_judge.c view/explain_judge.h \
	view/explain_steps.c view/explain_steps.h \
	view/explain_way.c view/explain_way.h \
	view/host.c view/host.h \
	view/host_links.c view/host_links.h \
	view/kernel_route.c view/kernel_route.h \
	view/machine.c view/machine.h \
	view/members.c view/members.h \
	view/metrics.c view/metrics.h \
	view/metrics_table.c view/metrics_table.h
view_libview_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
VIEW_LIBS = view/libview.a $(MNL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += view/explain_gather_test view/explain_judge_test view/explain_way_test view/host_links_test view/host_test \
	view/kernel_route_test view/machine_test view/metrics_test
view_explain_gather_test_SOURCES = view/explain_gather_test.c
view_explain_gather_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_host_links_test_SOURCES = view/host_links_test.c
view_host_links_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_host_test_SOURCES = view/host_test.c
view_host_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_explain_judge_test_SOURCES = view/explain_judge_test.c
view_explain_judge_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_explain_way_test_SOURCES = view/explain_way_test.c
view_explain_way_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_kernel_route_test_SOURCES = view/kernel_route_test.c
view_kernel_route_test_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
view_kernel_route_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_machine_test_SOURCES = view/machine_test.c
view_machine_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
view_metrics_test_SOURCES = view/metrics_test.c
view_metrics_test_LDADD = $(VIEW_LIBS) $(TEST_LIBS)
endif
