# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += lib/FLOORS
noinst_LIBRARIES += lib/libwgbgp.a
lib_libwgbgp_a_SOURCES = \
	lib/buf.c lib/buf.h \
	lib/ceiling.c lib/ceiling.h \
	lib/clock.c lib/clock.h \
	lib/conf.c lib/conf.h \
	lib/daemon.c lib/daemon.h \
	lib/hash.c lib/hash.h \
	lib/history.c lib/history.h \
	lib/history_show.c lib/history_show.h \
	lib/ipc.c lib/ipc.h \
	lib/islab.c lib/islab.h \
	lib/json_text.c lib/json_text.h \
	lib/landlock.c lib/landlock.h \
	lib/listen_at.c lib/listen_at.h \
	lib/log.c lib/log.h lib/log_events.h \
	lib/log_crowd.c lib/log_crowd.h \
	lib/log_journal.c lib/log_journal.h \
	lib/log_json.c \
	lib/log_line.c lib/log_line.h \
	lib/loop.c lib/loop.h \
	lib/messages.c lib/messages.h lib/messages_names.c \
	lib/nearest.c lib/nearest.h \
	lib/new_file.c lib/new_file.h \
	lib/not_applied.c lib/not_applied.h \
	lib/nl_batch.c lib/nl_batch.h \
	lib/pinger.c lib/pinger.h \
	lib/plain.c lib/plain.h \
	lib/planes.c lib/planes.h \
	lib/prefix.c lib/prefix.h \
	lib/prefix_order.c lib/prefix_order.h \
	lib/prefix_table.c lib/prefix_table.h \
	lib/pulse.c lib/pulse.h \
	lib/reason.c lib/reason.h \
	lib/reason_counts.c lib/reason_counts.h \
	lib/rehearse.c lib/rehearse.h \
	lib/retry.c lib/retry.h \
	lib/sandbox.c lib/sandbox.h \
	lib/show.c lib/show.h \
	lib/slab.c lib/slab.h \
	lib/tcp_md5.c lib/tcp_md5.h \
	lib/thread.c lib/thread.h \
	lib/trie.c lib/trie.h \
	lib/util.c lib/util.h \
	lib/way.c lib/way.h

# The schema's leaves as structs (lib/conf.h).
nodist_lib_libwgbgp_a_SOURCES = lib/conf_leaves.c lib/conf_leaves.h
BUILT_SOURCES += lib/conf_leaves.h
CLEANFILES += lib/conf_leaves.c lib/conf_leaves.h
conf_leaves = $(AM_V_GEN)$(MKDIR_P) lib && $(PYTHON) -B $(srcdir)/yang/conf-leaves
lib/conf_leaves.h: yang/conf-leaves yang/schema.py $(dist_yang_DATA)
	$(conf_leaves) --header $(srcdir)/yang > $@.tmp && mv $@.tmp $@
lib/conf_leaves.c: yang/conf-leaves yang/schema.py $(dist_yang_DATA)
	$(conf_leaves) --source $(srcdir)/yang > $@.tmp && mv $@.tmp $@

if HAVE_CMOCKA
check_LIBRARIES += lib/libtesting.a
lib_libtesting_a_SOURCES = lib/asked.c lib/asked.h lib/asked_take.c lib/ports.c lib/ports.h lib/quoted.c lib/quoted.h lib/said.c lib/said.h lib/testing.c lib/testing.h
check_PROGRAMS += \
	lib/buf_test \
	lib/ceiling_test \
	lib/conf_test \
	lib/daemon_test \
	lib/hash_test \
	lib/history_test \
	lib/ipc_test \
	lib/islab_test \
	lib/json_text_test \
	lib/landlock_test \
	lib/listen_at_test \
	lib/log_journal_test \
	lib/log_line_test \
	lib/log_test \
	lib/loop_test \
	lib/messages_test \
	lib/nearest_test \
	lib/new_file_test \
	lib/nl_batch_test \
	lib/pinger_test \
	lib/plain_test \
	lib/planes_test \
	lib/prefix_test \
	lib/prefix_order_test \
	lib/prefix_table_test \
	lib/reason_test \
	lib/retry_test \
	lib/pulse_test \
	lib/sandbox_test \
	lib/rehearse_test \
	lib/show_test \
	lib/slab_test \
	lib/tcp_md5_test \
	lib/testing_test \
	lib/thread_test \
	lib/trie_test \
	lib/util_test
lib_buf_test_SOURCES = lib/buf_test.c
lib_buf_test_LDADD = $(TEST_LIBS)
lib_ceiling_test_SOURCES = lib/ceiling_test.c lib/loop_fake.c lib/loop_fake.h
lib_ceiling_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hash_bytes
lib_ceiling_test_LDADD = $(TEST_LIBS)
lib_conf_test_SOURCES = lib/conf_test.c
lib_conf_test_LDADD = $(TEST_LIBS)
lib_daemon_test_SOURCES = lib/daemon_test.c
lib_daemon_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sandbox_enter,--wrap=slab_trim \
	-Wl,--wrap=timer_start,--wrap=json_object_seed,--wrap=tzset
lib_daemon_test_LDADD = $(TEST_LIBS)
lib_hash_test_SOURCES = lib/hash_test.c
lib_hash_test_LDADD = $(TEST_LIBS)
lib_history_test_SOURCES = lib/history_test.c lib/loop_fake.c lib/loop_fake.h
lib_history_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_always,--wrap=log_event,--wrap=clock_gettime
lib_history_test_LDADD = $(TEST_LIBS)
lib_ipc_test_SOURCES = lib/ipc_test.c
lib_ipc_test_LDADD = $(TEST_LIBS)
lib_ipc_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=poll
lib_islab_test_SOURCES = lib/islab_test.c
lib_islab_test_LDADD = $(TEST_LIBS)
lib_json_text_test_SOURCES = lib/json_text_test.c
lib_json_text_test_LDADD = $(TEST_LIBS)
lib_landlock_test_SOURCES = lib/landlock_test.c
lib_landlock_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
lib_landlock_test_LDADD = $(TEST_LIBS)
lib_listen_at_test_SOURCES = lib/listen_at_test.c
lib_listen_at_test_LDADD = $(TEST_LIBS)
lib_log_journal_test_SOURCES = lib/log_journal_test.c
lib_log_journal_test_LDADD = $(TEST_LIBS)
lib_log_line_test_SOURCES = lib/log_line_test.c
lib_log_line_test_LDADD = $(TEST_LIBS)
lib_log_test_SOURCES = lib/log_test.c lib/loop_fake.c lib/loop_fake.h
lib_log_test_LDADD = $(TEST_LIBS)
lib_loop_test_SOURCES = lib/loop_test.c
lib_loop_test_LDADD = $(TEST_LIBS)
lib_messages_test_SOURCES = lib/messages_test.c lib/messages_again.h
lib_messages_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=xcalloc
lib_messages_test_LDADD = $(TEST_LIBS)
lib_nearest_test_SOURCES = lib/nearest_test.c
lib_nearest_test_LDADD = $(TEST_LIBS)
lib_new_file_test_SOURCES = lib/new_file_test.c
lib_new_file_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync
lib_new_file_test_LDADD = $(TEST_LIBS)
lib_nl_batch_test_SOURCES = lib/nl_batch_test.c
lib_nl_batch_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv,--wrap=sendto,--wrap=setsockopt
lib_nl_batch_test_LDADD = $(TEST_LIBS) $(MNL_LIBS)
lib_pinger_test_SOURCES = lib/pinger_test.c
lib_pinger_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket,--wrap=setsockopt,--wrap=sendto \
	-Wl,--wrap=recv,--wrap=recvfrom,--wrap=recvmsg,--wrap=bind,--wrap=close \
	-Wl,--wrap=watch_on,--wrap=watch_off
lib_pinger_test_LDADD = $(TEST_LIBS)
lib_plain_test_SOURCES = lib/plain_test.c
lib_plain_test_LDADD = $(TEST_LIBS)
lib_planes_test_SOURCES = lib/planes_test.c
lib_planes_test_LDADD = $(TEST_LIBS)
lib_prefix_table_test_SOURCES = lib/prefix_table_test.c
lib_prefix_table_test_LDADD = $(TEST_LIBS)
lib_prefix_order_test_SOURCES = lib/prefix_order_test.c
lib_prefix_order_test_LDADD = $(TEST_LIBS)
lib_prefix_test_SOURCES = lib/prefix_test.c
lib_prefix_test_LDADD = $(TEST_LIBS)
lib_reason_test_SOURCES = lib/reason_test.c
lib_reason_test_LDADD = $(TEST_LIBS)
lib_retry_test_SOURCES = lib/retry_test.c lib/loop_fake.c lib/loop_fake.h
lib_retry_test_LDADD = $(TEST_LIBS)
lib_pulse_test_SOURCES = lib/pulse_test.c
lib_pulse_test_LDADD = $(TEST_LIBS)
lib_sandbox_test_SOURCES = lib/sandbox_test.c
lib_sandbox_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=landlock_enter,--wrap=seccomp_load \
	-Wl,--wrap=seccomp_attr_set,--wrap=seccomp_release
lib_sandbox_test_LDADD = $(TEST_LIBS)
lib_rehearse_test_SOURCES = lib/rehearse_test.c
lib_rehearse_test_LDADD = $(TEST_LIBS)
lib_show_test_SOURCES = lib/show_test.c
lib_show_test_LDADD = $(TEST_LIBS)
lib_slab_test_SOURCES = lib/slab_test.c
lib_slab_test_LDADD = $(TEST_LIBS)
lib_tcp_md5_test_SOURCES = lib/tcp_md5_test.c
lib_tcp_md5_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt
lib_tcp_md5_test_LDADD = $(TEST_LIBS)
lib_testing_test_SOURCES = lib/testing_test.c
lib_testing_test_LDADD = $(TEST_LIBS)
lib_thread_test_SOURCES = lib/thread_test.c
lib_thread_test_LDADD = $(TEST_LIBS)
lib_util_test_SOURCES = lib/util_test.c
lib_util_test_LDADD = $(TEST_LIBS)
lib_trie_test_SOURCES = lib/trie_test.c
lib_trie_test_LDADD = $(TEST_LIBS)
endif

EXTRA_DIST += lib/reason_names_test
TESTS += lib/reason_names_test
