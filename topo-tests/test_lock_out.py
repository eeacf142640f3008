# SPDX-License-Identifier: BSD-2-Clause
"""Somebody who is logged in by a tunnel commits what cuts it: the same connection answers again.

    host ─ 192.168.2.0/24 ─ b ══ wg0 10.9.0.2 ── 10.9.0.1 wg0 ══ a              (lib/login.py)
      └─────────────── login, by TCP and by OpenSSH ────────────┘
"""
import os
import signal

import pytest

from lib.build import daemon
from lib.keys import public_key
from lib.login import Login, Ssh, has_ssh
from lib.ns import wait_gone
from lib.wait import SLOW, wait_until

pytestmark = pytest.mark.timeout(300)

BACK_S = 5      # where something that must not be lost is seen to be
RETURN_S = 65   # where wgbgp was not there to see it
PROGRAMS = {"wgbgpd", "wgd", "zebra-lite", "bgpd", "bfdd", "wireguard-go"}


LOGINS = [Login, pytest.param(Ssh, marks=pytest.mark.skipif(
    not has_ssh(), reason="no OpenSSH here: scripts/deps test"))]


class World:
    def __init__(self, two, login):
        self.two, self.w = two, two.wa
        self.text = self.read()
        self.login = login(two.host_b, two.a, "10.9.0.1", self.w.env())
        self.since = None

    def read(self):
        with open(self.w.conf_file, encoding="ascii") as f:
            return f.read()

    def cut(self, *then):
        """Another key for the only peer, in the login, and what is to become of that."""
        lines = ["configure",
                 f"set wireguard interface wg0 peer b public-key {public_key('nobody.wg9')}", *then]
        words = " ".join(f"-c '{line}'" for line in lines)
        self.since = self.login.type(f"{daemon('cli/wgbgp-cli')} -r {self.w.rundir} {words}")

    def newest(self):
        row = self.w.show("commits")["commits"][0]
        return row["state"], row["why"]

    def pending(self):
        """The cut is made, and nobody has seen it yet."""
        wait_until(lambda: self.read() != self.text, 20, "the commit", 0.02)

    def back(self, seconds):
        """The connection goes on within so long, and all is what it was; the newest record."""
        wait_until(lambda: self.newest()[0] == "returned", seconds + 30, "the way back", 0.5)
        pause = self.login.answers(self.since, 30)
        print(f"the login was away for {pause:.1f} s")
        assert pause < seconds * SLOW
        assert self.read() == self.text
        return self.newest()[1]


def program(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
        return f.read().strip()


@pytest.fixture(params=LOGINS, ids=lambda login: login.__name__.lower())
def world(request, two):
    w = World(two, request.param)
    yield w
    w.login.close()


def test_plan(world):
    """The session is known by SSH_CONNECTION, and shown before anything happens."""
    world.login.type('echo "from $SSH_CONNECTION"')
    wait_until(lambda: f"from {world.two.host_b.address} " in world.login.said(), 20, "its name")
    world.cut("plan", "discard")
    wait_until(lambda: "YOUR OWN SESSION" in world.login.said(), 30, "a word about the login")
    assert world.login.answers(world.since) < BACK_S * SLOW
    assert world.read() == world.text and len(world.w.show("commits")["commits"]) == 1


def test_own_path(world):
    """Nobody expects anything in so many words; who waits hears of it."""
    world.cut("commit confirmed 1")
    why = world.back(BACK_S)
    assert f"your own path is cut, {world.two.host_b.address}" in why
    wait_until(lambda: "was taken back" in world.login.said(), 10, "what the CLI says")
    said = world.login.said()
    assert "YOUR OWN SESSION" in said and "session 10.9.0.2" in said


def test_expectation(world):
    far = "192.168.2.1"  # b itself
    world.cut(f"commit expect ping {far} comment why confirmed 1")
    assert "does not answer any more" in world.back(BACK_S)


def test_parent_killed(world):
    """Before anybody has seen that it is cut."""
    world.cut("commit confirmed 1")
    world.pending()
    world.w.process.kill()
    wait_until(lambda: not world.w.process.alive(), what="the end")
    world.w.start()
    world.back(RETURN_S)


def test_all_killed(world):
    """The tunnels' programs, too; as after a power cut, but for the login's end."""
    w = world.w
    world.cut("commit confirmed 1")
    world.pending()
    killed = [pid for pid in world.two.a.pids() if program(pid) in PROGRAMS]
    assert {program(pid) for pid in killed} >= PROGRAMS - {"wireguard-go"}  # or the kernel
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not w.process.alive(), what="the end")
    for pid in killed:
        wait_gone(pid)
    w.start()
    world.back(RETURN_S)
