# SPDX-License-Identifier: BSD-2-Clause
"""One tunnel at a time: wg1 of site1 has wg2 for its guard (lib/dualhub.py has the whole drawing).

    site1 ══ wg1 10.0.1.11 ══ hub1        what touches wg1 waits for
      ╚═════ wg2 10.0.2.11 ══ hub2        a word that came in by wg2
"""
import re
import signal

import pytest

from lib.dualhub import DualHub
from lib.wait import wait_until

GUARDED = "interface wg1 { guard wg2;"
TRIAL = "interface wg1 has a guard"


def read(w):
    with open(w.conf_file, encoding="ascii") as f:
        return f.read()


@pytest.fixture
def guarded(topo):
    d = DualHub(topo, sites=1)
    d.wait()
    w = d.wsite[1]
    assert "on trial" not in w.cli("reload")
    w.replace("interface wg1 {", GUARDED)  # it counts from the next change on
    assert newest(w) == ("committed", None)
    return d


def newest(w):
    row = w.show("commits")["commits"][0]
    return row["state"], row.get("guard")


def trial_of(said):
    """Its time, in seconds."""
    return int(re.search(r"is taken back in (\d+) s", said)[1])


def refused(w, command="reload"):
    result = w.cli_run(command)
    assert result.returncode != 0, result.stdout
    return result.stdout + result.stderr


def test_guard_up(guarded):
    """What touches wg1 is a trial, whatever was said; what does not is none."""
    w = guarded.wsite[1]
    text = read(w)
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    assert TRIAL in w.cli("reload check")
    assert newest(w) == ("committed", None)
    said = w.cli("reload")
    assert TRIAL in said and 200 < trial_of(said) <= 300
    assert newest(w) == ("pending", "up")
    assert "guard interface=wg1 guard=wg2 peer=hub2 by=echo" in w.log()
    w.cli("confirm")
    w.write(read(w).replace("neighbor 10.0.1.1 {", "neighbor 10.0.1.1 { hold-time 30;"))
    assert 0 < trial_of(w.cli("reload confirmed 1")) <= 60
    w.cli("rollback 0")
    w.write(read(w).replace("hostname site1;", "hostname other;"))
    assert "on trial" not in w.cli("reload")
    w.write(read(w).replace("neighbor 10.0.2.1 {", "neighbor 10.0.2.1 { hold-time 30;"))
    assert "on trial" not in w.cli("reload")
    w.write(read(w).replace("mtu 1300;", "mtu 1320;"))
    w.process.kill(signal.SIGHUP)
    wait_until(lambda: "nobody would hear that it waits" in w.log(), 10, "SIGHUP to be refused")


def test_guard_down(guarded):
    """Nothing came back by wg2: nothing that touches wg1 is applied, unless somebody insists. What
    was known of the tunnel before does not count; the way back and a revocation ask nobody."""
    d, w = guarded, guarded.wsite[1]
    text = read(w)
    d.net.cut("site1", "hub2")  # its tunnel is up still
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    why = refused(w)
    assert "its guard wg2 is not up" in why and "override-guard" in why
    w.write(text)
    committed = w.cli_run("configure", "set wireguard interface wg1 mtu 1300", "commit")
    assert committed.returncode != 0 and "its guard wg2 is not up" in committed.stderr
    assert read(w) == text
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    assert "its guard wg2 is not up" in refused(w, "reload check")
    w.write(text.replace(GUARDED, "interface wg1 {"))
    assert "its guard wg2 is not up" in refused(w)
    assert newest(w) == ("committed", None)
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    assert 200 < trial_of(w.cli("reload override-guard")) <= 300
    assert newest(w) == ("pending", "overridden") and "guard-overridden" in w.log()
    assert "its guard was not asked" in w.cli("show commits")
    w.cli("rollback 0")
    assert read(w) == text
    peer = text.index("peer hub1 {")
    w.write(text[:peer] + "peer hub1 { disabled true;" + text[peer + len("peer hub1 {"):])
    w.cli("reload")
    assert newest(w) == ("committed", None)
    w.cli("rollback 1")
    w.restart()
    wait_until(lambda: w.cli_run("show configuration").returncode == 0, 30, "the start to end")
    d.net.restore("site1", "hub2")
    w.wait_tunnel("hub2", "up", "degraded")
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    w.cli("reload")
    assert newest(w) == ("pending", "up")


@pytest.mark.parametrize("victim", ["parent", "wgd", "bgpd", "client"])
def test_killed_while_asked(guarded, victim):
    """Nothing comes back by wg2, and somebody dies before that is certain: the change is not begun, and
    nothing waits for anything, not by the next starts either."""
    d, w = guarded, guarded.wsite[1]
    text = read(w)
    d.net.cut("site1", "hub2")
    w.write(text.replace(GUARDED, GUARDED + " mtu 1300;"))
    before = w.show("commits")["commits"]
    asking = w.cli_start("reload confirmed 5")
    wait_until(lambda: w.show("commits")["commits"][0].get("guard") == "asked", 10, "the question")
    if victim == "parent":
        w.process.kill()
        wait_until(lambda: not w.process.alive(), what="the end")
        w.start()
    elif victim == "client":
        asking.kill()
    else:
        w.kill_daemon(victim)
    assert asking.wait() != 0
    wait_until(lambda: "applying" not in [c["state"] for c in w.show("commits")["commits"]], 60,
               "the question to end")
    for again in range(3):
        wait_until(lambda: w.cli_run("show configuration").returncode == 0, 30, "the start to end")
        assert "mtu 1300" not in w.cli("show configuration")
        assert not [c for c in w.show("commits")["commits"] if c["state"] == "pending"]
        if victim != "parent":
            assert w.show("commits")["commits"] == before
            break
        assert newest(w) == ("refused", None) \
            and "had not answered" in w.cli("show version")
        w.restart()
    d.net.restore("site1", "hub2")
    w.wait_tunnel("hub2", "up", "degraded")
    w.cli("reload")
    assert newest(w) == ("pending", "up")


def test_circle(guarded):
    """Refused where it stands."""
    w = guarded.wsite[1]
    w.write(read(w).replace("interface wg2 {", "interface wg2 { guard wg1;"))
    status, said = w.check()
    assert status != 0 and "guards in a circle" in said and "wgbgp.conf:" in said
