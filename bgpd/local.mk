# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += bgpd/libbgpd.a
bgpd_libbgpd_a_SOURCES = \
	bgpd/adjout.h \
	bgpd/attr.c bgpd/attr.h \
	bgpd/attr_edit.c \
	bgpd/attr_json.c \
	bgpd/attr_parse.c bgpd/attr_parse.h \
	bgpd/attr_wire.h \
	bgpd/bgp.h \
	bgpd/conn.c bgpd/conn.h \
	bgpd/fsm.c bgpd/fsm.h \
	bgpd/listen.c bgpd/listen.h \
	bgpd/message.c bgpd/message.h \
	bgpd/message_open.c \
	bgpd/message_update.c \
	bgpd/peer.c bgpd/peer.h \
	bgpd/peer_conf.c bgpd/peer_conf.h \
	bgpd/peer_show.c bgpd/peer_show.h \
	bgpd/policy.h \
	bgpd/rib.h \
	bgpd/session.c bgpd/session.h \
	bgpd/session_socket.c bgpd/session_socket.h

if HAVE_CMOCKA
check_PROGRAMS += bgpd/attr_test bgpd/message_update_test
bgpd_attr_test_SOURCES = bgpd/attr_test.c
bgpd_attr_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
bgpd_message_update_test_SOURCES = bgpd/message_update_test.c
bgpd_message_update_test_LDADD = bgpd/libbgpd.a $(TEST_LIBS)
endif
