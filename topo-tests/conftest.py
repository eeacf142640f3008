# SPDX-License-Identifier: BSD-2-Clause
"""The `topo` fixture: an empty topology, destroyed whatever happens; on a failure every router's
logs, routes and WireGuard state follow the traceback. WGBGP_TALLY names a file that gets the
numbers of the run as JSON."""
import json
import os

import pytest

from lib.topology import built
from lib.twonodes import Two
from lib.wg import backend


def pytest_configure(config):
    config.addinivalue_line("markers", "kernel: needs WireGuard in the kernel")
    if os.geteuid() != 0:
        pytest.exit("topology tests make network namespaces: run as root", 2)


def pytest_report_header(config):
    return f"WireGuard: {backend()}"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("kernel") and backend() != "kernel":
            item.add_marker(pytest.mark.skip(reason="needs WireGuard in the kernel"))


@pytest.fixture
def topo(request):
    with built(request.node) as topology:
        yield topology


@pytest.fixture
def two(topo):
    """lib/twonodes.py, settled."""
    topology = Two(topo)
    topology.wait()
    return topology


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when in ("setup", "call") and outcome.get_result().failed:
        item.failed = True


def pytest_terminal_summary(terminalreporter):
    path = os.environ.get("WGBGP_TALLY")
    if not path or hasattr(terminalreporter.config, "workerinput"):
        return
    count = {k: len(terminalreporter.stats.get(k, [])) for k in
             ("passed", "failed", "error", "skipped")}
    with open(path, "w", encoding="ascii") as f:
        json.dump({"passed": count["passed"], "failed": count["failed"] + count["error"],
                   "skipped": count["skipped"]}, f)
