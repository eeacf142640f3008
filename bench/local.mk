# SPDX-License-Identifier: BSD-2-Clause
noinst_PROGRAMS += bench/speaker
bench_speaker_SOURCES = \
	bench/attrs.c bench/attrs.h \
	bench/churn.c bench/churn.h \
	bench/commands.c bench/commands.h \
	bench/flap.c bench/flap.h \
	bench/generate.c bench/generate.h \
	bench/listen.c bench/listen.h \
	bench/mrt.c bench/mrt.h \
	bench/pipe.c bench/pipe.h \
	bench/received.c bench/received.h \
	bench/routes.c bench/routes.h \
	bench/session.c bench/session.h \
	bench/speaker.c
bench_speaker_LDADD = $(LIB_LIBS)

noinst_PROGRAMS += bench/fibloop
bench_fibloop_SOURCES = bench/fibloop.c \
	bench/attrs.c bench/generate.c bench/pipe.c bench/routes.c
bench_fibloop_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
bench_fibloop_LDADD = $(LIB_LIBS) $(MNL_LIBS)

noinst_PROGRAMS += bench/routewatch
bench_routewatch_SOURCES = bench/routewatch.c \
	bench/attrs.c bench/generate.c bench/pipe.c bench/routes.c
bench_routewatch_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
bench_routewatch_LDADD = $(LIB_LIBS) $(MNL_LIBS)

noinst_PROGRAMS += bench/stream
bench_stream_SOURCES = bench/stream.c
bench_stream_LDADD = $(LIB_LIBS)

noinst_PROGRAMS += bench/wgloop
bench_wgloop_SOURCES = bench/wgloop.c \
	bench/attrs.c bench/generate.c bench/pipe.c bench/routes.c
bench_wgloop_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
bench_wgloop_LDADD = $(LIB_LIBS) $(MNL_LIBS)

noinst_PROGRAMS += bench/wgdrive
bench_wgdrive_SOURCES = bench/wgdrive.c \
	bench/attrs.c bench/generate.c bench/pipe.c bench/routes.c
bench_wgdrive_LDADD = $(LIB_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += bench/routes_test
bench_routes_test_SOURCES = bench/routes_test.c \
	bench/attrs.c bench/generate.c bench/pipe.c bench/received.c bench/routes.c
bench_routes_test_LDADD = $(TEST_LIBS)
endif

EXTRA_DIST += bench/README.md bench/run \
	bench/case.py \
	bench/cases.py \
	bench/cases_churn.py \
	bench/cases_failover.py \
	bench/cases_restart.py \
	bench/cases_scraped.py \
	bench/cases_table.py \
	bench/cases_wg.py \
	bench/measure.py \
	bench/pairs.py \
	bench/report.py \
	bench/sides.py \
	bench/svg.py
