# SPDX-License-Identifier: BSD-2-Clause
noinst_PROGRAMS += topo-tests/probe
topo_tests_probe_SOURCES = topo-tests/probe.c

EXTRA_DIST += scripts/deps topo-tests/README.md
