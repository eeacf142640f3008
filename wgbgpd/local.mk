# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += wgbgpd/libconf.a
wgbgpd_libconf_a_SOURCES = \
	wgbgpd/conf_check.c wgbgpd/conf_check.h \
	wgbgpd/conf_check_bgp.c \
	wgbgpd/conf_check_policy.c \
	wgbgpd/conf_check_wireguard.c \
	wgbgpd/conf_effective.c wgbgpd/conf_effective.h \
	wgbgpd/conf_error.c wgbgpd/conf_error.h \
	wgbgpd/conf_key.c wgbgpd/conf_key.h \
	wgbgpd/conf_lex.c wgbgpd/conf_lex.h \
	wgbgpd/conf_load.c wgbgpd/conf_load.h \
	wgbgpd/conf_parse.c wgbgpd/conf_parse.h \
	wgbgpd/conf_print.c wgbgpd/conf_print.h \
	wgbgpd/conf_schema.c wgbgpd/conf_schema.h \
	wgbgpd/conf_tree.c wgbgpd/conf_tree.h
wgbgpd_libconf_a_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
CONF_LIBS = wgbgpd/libconf.a $(LIB_LIBS) $(YANG_LIBS)

sbin_PROGRAMS += wgbgpd/wgbgpd
wgbgpd_wgbgpd_SOURCES = wgbgpd/main.c
wgbgpd_wgbgpd_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS)
wgbgpd_wgbgpd_LDADD = $(CONF_LIBS)
