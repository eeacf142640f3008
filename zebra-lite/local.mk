# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += zebra-lite/FLOORS
noinst_LIBRARIES += zebra-lite/libzebra.a
zebra_lite_libzebra_a_SOURCES = \
	zebra-lite/alternatives.c zebra-lite/alternatives.h \
	zebra-lite/books.c zebra-lite/books.h \
	zebra-lite/configured.c zebra-lite/configured.h \
	zebra-lite/dirty.c zebra-lite/dirty.h \
	zebra-lite/disjoint.c zebra-lite/disjoint.h \
	zebra-lite/fib.c zebra-lite/fib.h zebra-lite/fib_cover.c zebra-lite/fib_held.c \
	zebra-lite/fib_batch.c zebra-lite/fib_entry.c zebra-lite/fib_gate.c zebra-lite/fib_linger.c \
	zebra-lite/fib_internal.h zebra-lite/fib_order.c zebra-lite/fib_plan.c zebra-lite/fib_refused.c \
	zebra-lite/fib_run.c zebra-lite/fib_turn.c zebra-lite/fib_wgd.c \
	zebra-lite/fib_retry.c zebra-lite/fib_retry.h \
	zebra-lite/hopset.c zebra-lite/hopset.h \
	zebra-lite/ifaddr.c zebra-lite/ifaddr.h \
	zebra-lite/keep.c zebra-lite/keep.h \
	zebra-lite/keepin.c zebra-lite/keepin.h zebra-lite/keepin_run.c zebra-lite/keepin_run.h \
	zebra-lite/keepin_default.c zebra-lite/keepin_default.h \
	zebra-lite/keepin_show.c zebra-lite/keepin_show.h \
	zebra-lite/keepin_wish.c zebra-lite/keepin_wish.h \
	zebra-lite/errorway.c zebra-lite/errorway.h \
	zebra-lite/kernel.h zebra-lite/kernel_decode.c zebra-lite/kernel_link.c \
	zebra-lite/kernel_netconf.c zebra-lite/kernel_read.c zebra-lite/kernel_thread.c zebra-lite/kernel_write.c \
	zebra-lite/links.h zebra-lite/link_bgpd.c zebra-lite/link_wgd.c \
	zebra-lite/news.c zebra-lite/news.h \
	zebra-lite/nexthop.c zebra-lite/nexthop.h zebra-lite/nexthop_users.c \
	zebra-lite/nft.c zebra-lite/nft.h zebra-lite/nftown.c zebra-lite/nftown.h zebra-lite/nftset.c zebra-lite/nftset.h \
	zebra-lite/nhgroup.c \
	zebra-lite/nhobj.c zebra-lite/nhobj.h zebra-lite/nhobj_internal.h \
	zebra-lite/nhobj_lost.c zebra-lite/nhobj_pair.c zebra-lite/nhobj_uses.c \
	zebra-lite/out.c zebra-lite/out.h \
	zebra-lite/pin.c zebra-lite/pin.h zebra-lite/pin_facts.c \
	zebra-lite/rib.c zebra-lite/rib.h \
	zebra-lite/rib_bgp.c zebra-lite/rib_ceiling.c zebra-lite/rib_choice.c zebra-lite/rib_found.c \
	zebra-lite/rib_redist.c zebra-lite/rib_static.c \
	zebra-lite/rib_kernel.c zebra-lite/rib_kernel.h \
	zebra-lite/rib_node.c zebra-lite/rib_node.h \
	zebra-lite/rule.c zebra-lite/rule.h \
	zebra-lite/side.c zebra-lite/side.h \
	zebra-lite/tunnel.c zebra-lite/tunnel.h \
	zebra-lite/repair_times.c zebra-lite/repair_times.h \
	zebra-lite/rib_lost.c zebra-lite/rib_lost.h \
	zebra-lite/zhistory.c zebra-lite/zhistory.h \
	zebra-lite/zplan.c zebra-lite/zplan.h \
	zebra-lite/zplan_mute.c zebra-lite/zplan_mute.h zebra-lite/zplan_tables.c zebra-lite/zplan_tables.h \
	zebra-lite/uplink.c zebra-lite/uplink.h \
	zebra-lite/ways.c zebra-lite/ways.h \
	zebra-lite/zapply.c zebra-lite/zapply.h \
	zebra-lite/zceiling.c zebra-lite/zceiling.h \
	zebra-lite/zconfig.c zebra-lite/zconfig.h zebra-lite/zconfig_read.c \
	zebra-lite/zplane.c \
	zebra-lite/zroutes.c zebra-lite/zroutes.h \
	zebra-lite/zshow.c zebra-lite/zshow.h
zebra_lite_libzebra_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NFTABLES_CFLAGS)

pkglibexec_PROGRAMS += zebra-lite/zebra-lite
zebra_lite_zebra_lite_SOURCES = zebra-lite/main.c
zebra_lite_zebra_lite_LDADD = zebra-lite/libzebra.a $(LIB_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
# For topo-tests/test_failing.py.
noinst_PROGRAMS += zebra-lite/failing
zebra_lite_failing_SOURCES = zebra-lite/main.c lib/failing.c
zebra_lite_failing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=daemon_run
zebra_lite_failing_LDADD = $(zebra_lite_zebra_lite_LDADD)

if HAVE_CMOCKA
check_PROGRAMS += zebra-lite/configured_test zebra-lite/disjoint_test zebra-lite/fib_order_test zebra-lite/fib_plan_test zebra-lite/kernel_decode_test zebra-lite/rib_test \
	zebra-lite/refusal_test zebra-lite/rule_test zebra-lite/uplink_test zebra-lite/zshow_test zebra-lite/nexthop_test zebra-lite/nhobj_test zebra-lite/rib_ceiling_test zebra-lite/tunnel_test zebra-lite/side_test zebra-lite/fib_test zebra-lite/uplink_way_test zebra-lite/rib_kernel_test zebra-lite/links_test zebra-lite/pin_test zebra-lite/rib_node_test zebra-lite/nftset_test zebra-lite/kernel_test zebra-lite/kernel_refused_test zebra-lite/zconfig_test zebra-lite/nft_test zebra-lite/fib_between_test zebra-lite/fib_answers_test zebra-lite/fib_retry_test zebra-lite/keepin_test zebra-lite/keepin_random_test zebra-lite/keepin_default_test
zebra_lite_refusal_test_SOURCES = zebra-lite/refusal_test.c lib/loop_fake.c lib/loop_fake.h
zebra_lite_refusal_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_configured_test_SOURCES = zebra-lite/configured_test.c
zebra_lite_configured_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_disjoint_test_SOURCES = zebra-lite/disjoint_test.c
zebra_lite_disjoint_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_fib_order_test_SOURCES = zebra-lite/fib_order_test.c zebra-lite/model.c zebra-lite/model.h \
	zebra-lite/model_bgpd.c zebra-lite/model_ceiling.c zebra-lite/model_check.c zebra-lite/model_far.c zebra-lite/model_internal.h \
	lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_order_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_fib_plan_test_SOURCES = zebra-lite/fib_plan_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_plan_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_kernel_decode_test_SOURCES = zebra-lite/kernel_decode_test.c
zebra_lite_kernel_decode_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_rib_test_SOURCES = zebra-lite/rib_test.c
zebra_lite_rib_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_rule_test_SOURCES = zebra-lite/rule_test.c
zebra_lite_rule_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_uplink_test_SOURCES = zebra-lite/uplink_test.c
zebra_lite_uplink_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nexthop_test_SOURCES = zebra-lite/nexthop_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_nexthop_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nhobj_test_SOURCES = zebra-lite/nhobj_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_nhobj_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nft_test_SOURCES = zebra-lite/nft_test.c lib/dut.c lib/dut.h
zebra_lite_nft_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nft_test_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
zebra_lite_nft_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mnl_socket_bind -Wl,--wrap=mnl_socket_setsockopt \
	-Wl,--wrap=mnl_socket_sendto -Wl,--wrap=setsockopt -Wl,--wrap=recv -Wl,--wrap=nft_ctx_new
check_PROGRAMS += zebra-lite/zplan_test
zebra_lite_zplan_test_SOURCES = zebra-lite/zplan_test.c
zebra_lite_zplan_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
check_PROGRAMS += zebra-lite/zplan_tables_test
zebra_lite_zplan_tables_test_SOURCES = zebra-lite/zplan_tables_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_zplan_tables_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_zconfig_test_SOURCES = zebra-lite/zconfig_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_zconfig_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_kernel_test_SOURCES = zebra-lite/kernel_test.c lib/dut.c lib/dut.h
zebra_lite_kernel_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_kernel_refused_test_SOURCES = zebra-lite/kernel_refused_test.c lib/dut.c lib/dut.h
zebra_lite_kernel_refused_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_kernel_refused_test_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
zebra_lite_kernel_refused_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mnl_socket_bind -Wl,--wrap=mnl_socket_setsockopt \
	-Wl,--wrap=mnl_socket_sendto -Wl,--wrap=setsockopt -Wl,--wrap=socket -Wl,--wrap=ioctl -Wl,--wrap=recv \
	-Wl,--wrap=nl_batch_flush -Wl,--wrap=nl_batch_end -Wl,--wrap=uname
zebra_lite_nftset_test_SOURCES = zebra-lite/nftset_test.c lib/dut.c lib/dut.h
zebra_lite_nftset_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nftset_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv -Wl,--wrap=timer_start -Wl,--wrap=now_ms
check_PROGRAMS += zebra-lite/rib_lost_test
zebra_lite_rib_lost_test_SOURCES = zebra-lite/rib_lost_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_rib_lost_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=log_event
zebra_lite_rib_lost_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
check_PROGRAMS += zebra-lite/repair_times_test
zebra_lite_repair_times_test_SOURCES = zebra-lite/repair_times_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_repair_times_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
check_PROGRAMS += zebra-lite/errorway_test zebra-lite/nftown_test
zebra_lite_errorway_test_SOURCES = zebra-lite/errorway_test.c lib/loop_fake.c lib/loop_fake.h
zebra_lite_errorway_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nftown_test_SOURCES = zebra-lite/nftown_test.c lib/dut.c lib/dut.h
zebra_lite_nftown_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_nftown_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=nft_ctx_new
zebra_lite_rib_node_test_SOURCES = zebra-lite/rib_node_test.c
zebra_lite_rib_node_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_keepin_default_test_SOURCES = zebra-lite/keepin_default_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_keepin_default_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_keepin_test_SOURCES = zebra-lite/keepin_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_keepin_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_keepin_random_test_SOURCES = zebra-lite/keepin_random_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_keepin_random_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_pin_test_SOURCES = zebra-lite/pin_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_pin_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_pin_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kernel_link_by_name
zebra_lite_links_test_SOURCES = zebra-lite/links_test.c lib/dut.c lib/dut.h
zebra_lite_links_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_rib_kernel_test_SOURCES = zebra-lite/rib_kernel_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_rib_kernel_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
check_PROGRAMS += zebra-lite/rib_found_test
zebra_lite_rib_found_test_SOURCES = zebra-lite/rib_found_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_rib_found_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_uplink_way_test_SOURCES = zebra-lite/uplink_way_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_uplink_way_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_uplink_way_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kernel_link_by_name -Wl,--wrap=kernel_link_up \
	-Wl,--wrap=kernel_link_pointopoint
zebra_lite_fib_test_SOURCES = zebra-lite/fib_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_fib_between_test_SOURCES = zebra-lite/fib_between_test.c zebra-lite/slow.c zebra-lite/slow.h zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_between_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_fib_answers_test_SOURCES = zebra-lite/fib_answers_test.c zebra-lite/slow.c zebra-lite/slow.h zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_answers_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_fib_retry_test_SOURCES = zebra-lite/fib_retry_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_fib_retry_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_side_test_SOURCES = zebra-lite/side_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_side_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_tunnel_test_SOURCES = zebra-lite/tunnel_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_tunnel_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_rib_ceiling_test_SOURCES = zebra-lite/rib_ceiling_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_rib_ceiling_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_zshow_test_SOURCES = zebra-lite/zshow_test.c zebra-lite/rig.c zebra-lite/rig.h lib/loop_fake.c lib/loop_fake.h
zebra_lite_zshow_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
zebra_lite_zshow_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ipc_send -Wl,--wrap=ipc_full
endif
if HAVE_CMOCKA
check_PROGRAMS += zebra-lite/daemon_test
zebra_lite_daemon_test_SOURCES = zebra-lite/daemon_test.c lib/dut.c lib/dut.h
zebra_lite_daemon_test_LDADD = zebra-lite/libzebra.a $(TEST_LIBS) $(MNL_LIBS) $(NFTABLES_LIBS)
endif
