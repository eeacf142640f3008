# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += bfdd/FLOORS
noinst_LIBRARIES += bfdd/libbfdd.a
bfdd_libbfdd_a_SOURCES = \
	bfdd/bfd_engine.c bfdd/bfd_engine.h \
	bfdd/bfd_heap.c bfdd/bfd_heap.h \
	bfdd/bfd_packet.c bfdd/bfd_packet.h \
	bfdd/bfd_session.c bfdd/bfd_session.h \
	bfdd/bfd_socket.c bfdd/bfd_socket.h \
	bfdd/shows.c bfdd/shows.h \
	bfdd/wgd_link.c bfdd/wgd_link.h

pkglibexec_PROGRAMS += bfdd/bfdd
bfdd_bfdd_SOURCES = bfdd/main.c
bfdd_bfdd_LDADD = bfdd/libbfdd.a $(LIB_LIBS)
# For topo-tests/test_failing.py.
noinst_PROGRAMS += bfdd/failing
bfdd_failing_SOURCES = bfdd/main.c lib/failing.c
bfdd_failing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=daemon_run
bfdd_failing_LDADD = $(bfdd_bfdd_LDADD)

if HAVE_CMOCKA
check_PROGRAMS += bfdd/bfd_packet_test bfdd/bfd_session_test
bfdd_bfd_packet_test_SOURCES = bfdd/bfd_packet_test.c
bfdd_bfd_packet_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
bfdd_bfd_session_test_SOURCES = bfdd/bfd_session_test.c
bfdd_bfd_session_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += bfdd/bfd_heap_test bfdd/bfd_rules_test
bfdd_bfd_heap_test_SOURCES = bfdd/bfd_heap_test.c
bfdd_bfd_heap_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
bfdd_bfd_rules_test_SOURCES = bfdd/bfd_rules_test.c
bfdd_bfd_rules_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
check_PROGRAMS += bfdd/bfd_engine_test
bfdd_bfd_engine_test_SOURCES = bfdd/bfd_engine_test.c
bfdd_bfd_engine_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
check_PROGRAMS += bfdd/bfd_socket_test
bfdd_bfd_socket_test_SOURCES = bfdd/bfd_socket_test.c
bfdd_bfd_socket_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
check_PROGRAMS += bfdd/wgd_link_test
bfdd_wgd_link_test_SOURCES = bfdd/wgd_link_test.c
bfdd_wgd_link_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
check_PROGRAMS += bfdd/daemon_test
bfdd_daemon_test_SOURCES = bfdd/daemon_test.c lib/dut.c lib/dut.h
bfdd_daemon_test_LDADD = bfdd/libbfdd.a $(TEST_LIBS)
endif
