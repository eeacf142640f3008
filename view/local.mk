# SPDX-License-Identifier: BSD-2-Clause
# What wgbgp-cli and wgbgp-web make of the daemons' answers.
EXTRA_DIST += view/FLOORS
noinst_LIBRARIES += view/libview.a
view_libview_a_SOURCES = \
	view/metrics.c view/metrics.h \
	view/metrics_table.c view/metrics_table.h

if HAVE_CMOCKA
check_PROGRAMS += view/metrics_test
view_metrics_test_SOURCES = view/metrics_test.c
view_metrics_test_LDADD = view/libview.a $(TEST_LIBS)
endif
