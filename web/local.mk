# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += web/FLOORS
noinst_LIBRARIES += web/libweb.a
web_libweb_a_SOURCES = \
	web/api.c web/api.h \
	web/asked.c web/asked.h \
	web/asker.c web/asker.h \
	web/become.c web/become.h \
	web/conns.c web/conns.h \
	web/diagnosed.c web/diagnosed.h \
	web/document.c web/document.h \
	web/doors.c web/doors.h \
	web/explained.c web/explained.h \
	web/healthz.c web/healthz.h \
	web/history.c web/history.h \
	web/history_answers.c web/history_answers.h \
	web/history_store.c web/history_store.h \
	web/listens.c web/listens.h \
	web/pages.c web/pages.h \
	web/query.c web/query.h \
	web/reply.c web/reply.h \
	web/scrape.c web/scrape.h \
	web/server.c web/server.h \
	web/shared.c web/shared.h \
	web/token.c web/token.h \
	web/tunnel_doors.c web/tunnel_doors.h
web_libweb_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/view
web_libweb_a_CFLAGS = $(AM_CFLAGS) $(EVENT_EXTRA_CFLAGS) $(SQLITE_CFLAGS)
WEB_LIBS = web/libweb.a view/libview.a $(MNL_LIBS) $(LIB_LIBS) $(EVENT_EXTRA_LIBS) $(SQLITE_LIBS)

BUILT_SOURCES += web/request_rows.h
CLEANFILES += web/request_rows.h
web/request_rows.h: yang/requests yang/schema.py yang/wgbgp-requests.yang
	$(AM_V_GEN)$(MKDIR_P) web && $(PYTHON) -B $(srcdir)/yang/requests --queries $(srcdir)/yang > $@.tmp && mv $@.tmp $@

sbin_PROGRAMS += web/wgbgp-web
web_wgbgp_web_SOURCES = web/main.c
web_wgbgp_web_LDADD = $(WEB_LIBS)

# Files of the page, as they are: no step of a build is needed for them.
webdir = $(pkgdatadir)/web
dist_web_DATA = \
	web/page/api.js \
	web/page/around.js \
	web/page/dom.js \
	web/page/drawing.js \
	web/page/drills.js \
	web/page/events.js \
	web/page/icon.svg \
	web/page/index.html \
	web/page/model.js \
	web/page/page.css \
	web/page/page.js \
	web/page/sessions.js \
	web/page/stream.js \
	web/page/tunnel.js \
	web/page/tunnels.js \
	web/page/way.js

if HAVE_CMOCKA
check_PROGRAMS += web/doors_test web/history_answers_test web/history_store_test web/listens_test web/query_test web/server_test web/shared_test web/sharing_test web/token_test
web_history_store_test_SOURCES = web/history_store_test.c
web_history_store_test_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
web_history_store_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_history_answers_test_SOURCES = web/history_answers_test.c web/played.c web/played.h
web_history_answers_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=timer_start,--wrap=history_walk_begin
web_history_answers_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_token_test_SOURCES = web/token_test.c
web_token_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_doors_test_SOURCES = web/doors_test.c
web_doors_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_listens_test_SOURCES = web/listens_test.c
web_listens_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ask_start,--wrap=door_open,--wrap=timer_start \
	-Wl,--wrap=server_listen,--wrap=server_unlisten,--wrap=server_socket,--wrap=conns_bound,--wrap=conns_cut_bound
web_listens_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_query_test_SOURCES = web/query_test.c
web_query_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_server_test_SOURCES = web/server_test.c web/played.c web/played.h
web_server_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=timer_start
web_server_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_shared_test_SOURCES = web/shared_test.c
web_shared_test_CFLAGS = $(AM_CFLAGS) $(EVENT_EXTRA_CFLAGS)
web_shared_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=reply_text
web_shared_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
web_sharing_test_SOURCES = web/sharing_test.c web/played.c web/played.h
web_sharing_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=now_ms,--wrap=timer_start,--wrap=texts_bytes
web_sharing_test_LDADD = $(WEB_LIBS) $(TEST_RUNNER)
endif
