# SPDX-License-Identifier: BSD-2-Clause
"""README's way to build, in place, and the others beside it. No network: only what make does."""
import os
import subprocess

import pytest

from lib.build import SOURCE

pytestmark = pytest.mark.timeout(900)  # it compiles, beside others that want the processors, too

FEW = "topo-tests/probe"  # a program that is built at once
LIBRARIES = [f"{kind}_PROGRAMS=" for kind in ("pkglibexec", "sbin", "bin", "noinst", "check")]


def run(directory, *argv):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    r = subprocess.run(argv, cwd=directory, env=env, capture_output=True, text=True, timeout=600,
                       check=False)
    assert r.returncode == 0, f"{argv}:\n{r.stdout[-3000:]}{r.stderr[-3000:]}"
    return r.stdout


@pytest.fixture
def in_place(tmp_path):
    """A tree as somebody cloned it, after README's ./configure and make."""
    if not os.path.exists(os.path.join(SOURCE, ".git")):
        pytest.skip("a clean copy is made from git")
    tree = str(tmp_path)
    names = run(SOURCE, "git", "-c", f"safe.directory={SOURCE}", "ls-files").split("\n")
    names = [n for n in names if n and os.path.exists(os.path.join(SOURCE, n))]
    run(SOURCE, "cp", "--parents", "-p", *names, tree)
    run(tree, "autoreconf", "-fi")
    run(tree, "./configure", "--prefix=/usr", "--sysconfdir=/etc", "--localstatedir=/var")
    run(tree, "make", FEW)
    return tree


def others_beside_it(in_place):
    """What ./demo, ./check and the benchmarks build with works in a configured tree, and again
    with nothing to do, and after a change; and in a clean tree, from its own sources."""
    assert not os.path.exists(os.path.join(in_place, "build-x"))
    for _ in range(2):
        out = run(in_place, "scripts/build", "build-x", "CFLAGS=-O1", "--", FEW)
    assert "probe.o" not in out and os.path.exists(os.path.join(in_place, "build-x", FEW))
    with open(os.path.join(in_place, "topo-tests", "probe.c"), "a", encoding="utf-8") as f:
        f.write("/* changed */\n")
    assert "probe.o" in run(in_place, "scripts/build", "build-x", "CFLAGS=-O1", "--", FEW)
    assert os.path.exists(os.path.join(in_place, FEW)), "the build in place is left alone"
    for program in ("demo", "check"):
        with open(os.path.join(in_place, program), encoding="utf-8") as f:
            assert "scripts/build" in f.read()


def all_and_check_at_once(in_place):
    """make -j2 all check archives each library once: no test links what is being written."""
    run(in_place, "touch", "lib/util.c", "lib/trie.c")
    out = run(in_place, "make", "-j2", "all", "check", "CFLAGS=-O0", "TESTS=", *LIBRARIES)
    assert out.count("AR       lib/libwgbgp.a") == 1


def test_in_place(in_place):
    """One tree for both: to make it takes the longest."""
    others_beside_it(in_place)
    all_and_check_at_once(in_place)
