# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += events/FLOORS
noinst_LIBRARIES += events/libevents.a
events_libevents_a_SOURCES = \
	events/event_word.c events/event_word.h \
	events/habit.c events/habit.h \
	events/habit_file.c events/habit_file.h \
	events/hook.c events/hook.h \
	events/hook_run.c events/hook_run.h \
	events/hooks.c events/hooks.h \
	events/listener.c events/listener.h \
	events/states.c events/states.h \
	events/watcher.c events/watcher.h
events_libevents_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/web
events_libevents_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)

sbin_PROGRAMS += events/wgbgp-events
events_wgbgp_events_SOURCES = events/main.c
events_wgbgp_events_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/web
events_wgbgp_events_LDADD = events/libevents.a web/libweb.a $(LIB_LIBS) $(CURL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += events/hook_test
events_hook_test_SOURCES = events/hook_test.c
events_hook_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=hook_run,--wrap=hook_run_kill
events_hook_test_LDADD = events/libevents.a $(LIB_LIBS) $(CURL_LIBS) $(TEST_RUNNER)
check_PROGRAMS += events/states_test
events_states_test_SOURCES = events/states_test.c
events_states_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/web
events_states_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ask_start,--wrap=ask_stop,--wrap=timer_start,--wrap=timer_stop,--wrap=timer_running
events_states_test_LDADD = events/libevents.a web/libweb.a $(LIB_LIBS) $(CURL_LIBS) $(TEST_RUNNER)
check_PROGRAMS += events/watcher_test
events_watcher_test_SOURCES = events/watcher_test.c
events_watcher_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/web
events_watcher_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ask_start,--wrap=ask_stop,--wrap=hooks_count,--wrap=hooks_tell_now,--wrap=now_ms
events_watcher_test_LDADD = events/libevents.a web/libweb.a $(LIB_LIBS) $(CURL_LIBS) $(TEST_RUNNER)
check_PROGRAMS += events/habit_test
events_habit_test_SOURCES = events/habit_test.c
events_habit_test_LDADD = events/libevents.a $(LIB_LIBS) $(CURL_LIBS) $(TEST_RUNNER)
check_PROGRAMS += events/habit_file_test
events_habit_file_test_SOURCES = events/habit_file_test.c
events_habit_file_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event
events_habit_file_test_LDADD = events/libevents.a $(LIB_LIBS) $(CURL_LIBS) $(TEST_RUNNER)
endif
