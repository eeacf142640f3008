# SPDX-License-Identifier: BSD-2-Clause
"""Each real daemon fails in each step of a change (lib/failing.c), or dies there whenever it is asked,
in a reload or at a start: what was committed before runs, whole, and traffic loses nothing.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import os

import pytest

from lib.build import program
from lib.probe import Ping
from lib.wait import wait_until
from lib.wg import allowed_ips
from lib.wgbgp import DAEMONS, Wgbgp

STEPS = [(name, step) for step in ("check", "apply") for name in DAEMONS]
STEPS += [("zebra-lite", "prune"), ("wgd", "prune")]


@pytest.fixture
def failing(two):
    """The daemons of a are those that fail when they are told to."""
    programs = os.path.join(two.a.dir, "programs")
    os.mkdir(programs)
    for name in DAEMONS:
        os.symlink(program(f"{name}/failing"), os.path.join(programs, name))
    two.wa.env = lambda: {**Wgbgp.env(two.wa), "WGBGP_LIBEXECDIR": programs}
    two.wa.restart()
    two.wait()
    return two


def edit(w, text, what):
    """Something for each daemon, and what the failing one is told."""
    new = text
    for old, more in (("listen-port 51820;", f'listen-port 51820; description "{what}";'),
                      ("permit [", "permit [ 192.168.98.0/24"),
                      ("network [", "network [ 192.168.77.0/24"),
                      ("bgp {", "rib { static 192.168.97.0/24 { blackhole true; } }\nbgp {")):
        assert old in new
        new = new.replace(old, more, 1)
    w.write(new)


def change(w, text, what):
    """The same as a reload; what the CLI says of it."""
    edit(w, text, what)
    answer = w.cli_run("reload")
    return answer.returncode, answer.stdout + answer.stderr


def state(w):
    """What runs and what the kernel has."""
    peers = w.show("wireguard")["interfaces"][0]["peers"]
    return (w.cli("show configuration"), [p["permit"] for p in peers],
            w.router.out("ip -4 route"), allowed_ips(w.router, "wg0"))


@pytest.mark.parametrize("how", ["fail", "die"])
def test_each_step_of_each_daemon(failing, how):
    w = failing.wa
    with open(w.conf_file, encoding="ascii") as f:
        text = f.read()
    before = state(w)
    with Ping(failing.host_b, failing.host_a.address) as ping:
        for name, step in STEPS:
            print(how, name, step)
            commits = w.show("commits")["commits"]
            status, said = change(w, text, f"{how} {name} {step}")
            if how == "fail":
                why = "told to fail"
            elif step == "check":
                why = "died while it checked the configuration"
            else:
                why = "died twice while it applied the configuration"
            assert status != 0 and f"{name}: {why}" in said, said
            now = w.show("commits")["commits"]
            if step == "check":
                assert now == commits
            else:
                assert "the old configuration is in force again" in said, said
                assert now[0]["state"] == "failed" and now[1:] == commits
            wait_until(lambda: state(w) == before, 30, "all that was there before")
            failing.wait()
            wait_until(lambda: not failing.wb.kernel_routes("192.168.77.0/24"), 30,
                       "what was announced to be taken back")
        ping.flows()
        status, said = change(w, text, "fine")
        assert status == 0, said
        wait_until(lambda: "192.168.97.0/24" in w.router.out("ip -4 route"), 30, "the new route")
    ping.nothing_lost()


def not_tried_again(w, before):
    """By another start, which says which file is not in force and why."""
    commits = w.show("commits")["commits"]
    w.restart()
    wait_until(lambda: w.cli_run("show configuration").returncode == 0, 60, "the start to end")
    first, *others = w.show("commits")["commits"]
    assert others == commits[1:] and others[0]["state"] == "failed"
    assert first["state"] == "refused" and "is not tried again" in first["why"], first
    assert others[0]["why"] in first["why"] and f"(not in force: {w.conf_file})" in first["why"]
    wait_until(lambda: state(w) == before, 30, "all that was there before")


@pytest.mark.parametrize("how", ["fail", "die"])
def test_start_with_an_edit(failing, how):
    """Nobody is there who could take it back."""
    w = failing.wa
    with open(w.conf_file, encoding="ascii") as f:
        text = f.read()
    before = state(w)
    with Ping(failing.host_b, failing.host_a.address) as ping:
        for name, step in STEPS:
            print(how, name, step)
            w.stop()
            edit(w, text, f"{how} {name} {step}")
            w.start()
            wait_until(lambda: w.show("commits")["commits"][0]["state"] == "refused", 60,
                       "the edit to be refused")
            assert f"{name}: " in w.show("commits")["commits"][0]["why"]
            wait_until(lambda: state(w) == before, 30, "all that was there before")
            failing.wait()
            if step != "check":
                not_tried_again(w, before)
                failing.wait()
        ping.flows()
        w.reload(text)
        assert w.show("commits")["commits"][0]["state"] != "refused"
    ping.nothing_lost()
