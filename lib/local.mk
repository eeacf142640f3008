# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += lib/libwgbgp.a
lib_libwgbgp_a_SOURCES = \
	lib/buf.c lib/buf.h \
	lib/conf.c lib/conf.h \
	lib/daemon.c lib/daemon.h \
	lib/hash.c lib/hash.h \
	lib/ipc.c lib/ipc.h \
	lib/log.c lib/log.h \
	lib/loop.c lib/loop.h \
	lib/messages.c lib/messages.h \
	lib/prefix.c lib/prefix.h \
	lib/reason.c lib/reason.h \
	lib/show.c lib/show.h \
	lib/slab.c lib/slab.h \
	lib/trie.c lib/trie.h \
	lib/util.c lib/util.h
