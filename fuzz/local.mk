# SPDX-License-Identifier: BSD-2-Clause
# One target per decoder, built with clang by `configure --enable-fuzzing --enable-sanitizers`.
# A target FOO is fuzz/FOO_fuzz.c; its seed corpus, where there is one, is the folder fuzz/corpus/FOO.
# `make fuzz-run FUZZ_SECONDS=10` runs each target for that long; findings stay in the build folder.
FUZZ_TARGETS =
FUZZ_SECONDS = 10

FUZZ_TARGETS += fuzz/messages_fuzz
fuzz_messages_fuzz_SOURCES = fuzz/messages_fuzz.c
fuzz_messages_fuzz_LDADD = $(LIB_LIBS)
fuzz_messages_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

FUZZ_TARGETS += fuzz/conf_fuzz
fuzz_conf_fuzz_SOURCES = fuzz/conf_fuzz.c
fuzz_conf_fuzz_CFLAGS = $(AM_CFLAGS) $(YANG_CFLAGS) -I$(srcdir)/wgbgpd \
	-DYANG_SOURCE_DIR=\"$(abs_srcdir)/yang\"
fuzz_conf_fuzz_LDADD = $(CONF_LIBS)
fuzz_conf_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += \
	fuzz/corpus/conf/bad.conf \
	fuzz/corpus/conf/example.conf fuzz/corpus/conf/example.json \
	fuzz/corpus/conf/hub.conf fuzz/corpus/conf/hub.json

FUZZ_TARGETS += fuzz/cli_fuzz
fuzz_cli_fuzz_SOURCES = fuzz/cli_fuzz.c
fuzz_cli_fuzz_CPPFLAGS = $(CLI_CPPFLAGS) -I$(srcdir)/cli
fuzz_cli_fuzz_LDADD = $(CLI_LIBS) $(LIB_LIBS)
fuzz_cli_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += \
	fuzz/corpus/cli/bgp fuzz/corpus/cli/clear fuzz/corpus/cli/explain \
	fuzz/corpus/cli/path.json

FUZZ_TARGETS += fuzz/uapi_fuzz
fuzz_uapi_fuzz_SOURCES = fuzz/uapi_fuzz.c
fuzz_uapi_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/wgd
fuzz_uapi_fuzz_LDADD = wgd/libwgd.a $(LIB_LIBS)
fuzz_uapi_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += fuzz/corpus/uapi/error fuzz/corpus/uapi/get

FUZZ_TARGETS += fuzz/icmp_fuzz
fuzz_icmp_fuzz_SOURCES = fuzz/icmp_fuzz.c
fuzz_icmp_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/wgd
fuzz_icmp_fuzz_LDADD = wgd/libwgd.a $(LIB_LIBS)
fuzz_icmp_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += fuzz/corpus/icmp/answer4 fuzz/corpus/icmp/answer6 \
	fuzz/corpus/icmp/error4 fuzz/corpus/icmp/error6

FUZZ_TARGETS += fuzz/bfd_fuzz
fuzz_bfd_fuzz_SOURCES = fuzz/bfd_fuzz.c
fuzz_bfd_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bfdd
fuzz_bfd_fuzz_LDADD = bfdd/libbfdd.a $(LIB_LIBS)
fuzz_bfd_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += fuzz/corpus/bfd/demand fuzz/corpus/bfd/session

FUZZ_TARGETS += fuzz/bgp_fuzz
fuzz_bgp_fuzz_SOURCES = fuzz/bgp_fuzz.c
fuzz_bgp_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bgpd
fuzz_bgp_fuzz_LDADD = bgpd/libbgpd.a $(LIB_LIBS)
fuzz_bgp_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += \
	fuzz/corpus/bgp/open fuzz/corpus/bgp/notification \
	fuzz/corpus/bgp/update-internal fuzz/corpus/bgp/update-external \
	fuzz/corpus/bgp/update-mp fuzz/corpus/bgp/update-as4

FUZZ_TARGETS += fuzz/nl_fuzz
fuzz_nl_fuzz_SOURCES = fuzz/nl_fuzz.c
fuzz_nl_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/zebra-lite
fuzz_nl_fuzz_LDADD = zebra-lite/libzebra.a $(LIB_LIBS) $(MNL_LIBS)
fuzz_nl_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += \
	fuzz/corpus/nl/error fuzz/corpus/nl/link fuzz/corpus/nl/multipath \
	fuzz/corpus/nl/route4 fuzz/corpus/nl/route6 fuzz/corpus/nl/unaligned

if FUZZING
noinst_PROGRAMS += $(FUZZ_TARGETS)

fuzz-run: $(FUZZ_TARGETS)
	@set -e; for t in $(FUZZ_TARGETS); do \
		name=$${t#fuzz/}; corpus=fuzz/work/$${name%_fuzz}; mkdir -p $$corpus; \
		seeds=$(srcdir)/fuzz/corpus/$${name%_fuzz}; test -d $$seeds || seeds=; \
		echo "FUZZ $$name"; \
		./$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-verbosity=0 -print_final_stats=0 -artifact_prefix=$$corpus. $$corpus $$seeds; \
	done
endif
.PHONY: fuzz-run
