# SPDX-License-Identifier: BSD-2-Clause
"""Changes that take themselves back, and changes that are broken off.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │                                            │
                            └──────── a TCP connection over the tunnel ──┘
"""
import json
import os
import random
import re
import signal
import time

import pytest

from lib.keys import public_key
from lib.probe import Ping
from lib.stream import Stream
from lib.twonodes import conf
from lib.wait import SLOW, wait_until
from lib.wgbgp import Wgbgp

KILLS = int(os.environ.get("WGBGP_KILLS", "8"))
SEED = int(os.environ.get("WGBGP_SEED", time.time()))


def commits(w):
    return [(c["state"], c["how"]) for c in w.show("commits")["commits"]]


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def cut(w, how):
    """The peer gets a key that is nobody's."""
    text = read(w.conf_file)
    new = text.replace(public_key("b.wg0"), public_key("nobody.wg9"))
    assert new != text
    w.write(new)
    w.cli(how)
    return text, new


def wait_running(w):
    """The start has come to its end."""
    wait_until(lambda: w.cli_run("show configuration").returncode == 0
               and commits(w)[0][0] != "applying", 30, "the start to end")


def is_dark(stream):
    """Nothing has come back for a second."""
    before = stream.back()
    time.sleep(1)
    return stream.back() == before


def test_takes_itself_back(two):
    """The same connection goes on by itself; the edit lies beside the file."""
    stream = Stream(two.host_b, two.host_a)
    old, new = cut(two.wa, f"reload confirmed {int(8 * SLOW)}s")
    wait_until(lambda: is_dark(stream), 30, "the tunnel to be cut")
    refused = two.wa.cli_run("reload")
    assert refused.returncode != 0 and "waits for `confirm`" in refused.stdout + refused.stderr
    two.wa.process.kill(signal.SIGHUP)
    wait_until(lambda: "reload-refused" in two.wa.log(), 10, "SIGHUP to be refused")
    stream.flows(timeout=90)
    assert read(two.wa.conf_file) == old
    assert read(two.wa.conf_file + ".rejected") == new
    assert commits(two.wa) == [("returned", "reload"), ("committed", "start")]
    stream.stop()


@pytest.mark.parametrize("what", ["parent", "all"])
def test_killed_meanwhile(two, what):
    """wgbgpd alone, or everything of the router, and started again: in time and too late."""
    stream = Stream(two.host_b, two.host_a)
    old, _ = cut(two.wa, f"reload confirmed {int(8 * SLOW)}s")
    wait_until(lambda: is_dark(stream), 30, "the tunnel to be cut")
    if what == "all":
        for name in ("bgpd", "zebra-lite", "wgd", "bfdd"):
            os.kill(two.wa.daemon_pid(name), signal.SIGKILL)
    two.wa.process.kill()
    wait_until(lambda: not two.wa.process.alive(), what="the end")
    if what == "all":
        time.sleep(8 * SLOW)  # its time passes while nothing runs
    two.wa.start()
    stream.flows(timeout=90)
    assert read(two.wa.conf_file) == old
    assert commits(two.wa)[0] == ("returned", "reload")
    stream.stop()


def test_confirm_and_rollback(two):
    """What is confirmed stays; a rollback changes what it has to and nothing else."""
    w = two.wa
    text = read(w.conf_file)
    up = w.neighbor("10.9.0.2")["up-seconds"]
    with Ping(two.host_b, two.host_a.address) as ping:
        w.write(text.replace("hostname a;", "hostname other;"))
        assert "on trial" in w.cli("reload confirmed 2 comment 'another name'".replace("'", '"'))
        w.cli("confirm")
        assert w.show("version")["hostname"] == "other"
        assert "hostname a;" in w.cli("show configuration rollback 1")
        w.cli("rollback 1")
        assert w.show("version")["hostname"] == "a" and read(w.conf_file) == text
        assert w.neighbor("10.9.0.2")["up-seconds"] >= up
        ping.flows()
    ping.nothing_lost()
    rows = w.show("commits")["commits"]
    assert [c["how"] for c in rows] == ["rollback", "reload", "start"]
    assert rows[1]["comment"] == "another name" and rows[1]["uid"] == 0
    assert rows[1]["statements"] == "~system hostname"
    shown = w.cli("show commits")
    assert "# another name" in shown and "~system hostname" in shown


@pytest.mark.parametrize("how", ["statement", "key", "empty"])
def test_broken_while_stopped(two, how):
    """Nothing is installed any more, as after a reboot, and the files are broken: the tunnel comes up
    all the same, by what was committed. What is wrong is said until it was mended."""
    w = two.wa
    text = read(w.conf_file)
    w.teardown()
    w.torn_down = False
    if how == "key":
        w.write(re.sub(r"private-key-file \S+;", "private-key-file /nonexistent/key;", text))
    else:
        w.write(text.replace("hostname a;", "hostnam a;") if how == "statement" else "")
    w.start()
    wait_running(w)
    assert commits(w) == [("refused", "start"), ("committed", "start")]
    w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    with Ping(two.host_b, two.host_a.address) as ping:
        ping.flows()
    place = "no WireGuard interface" if how == "empty" else "wgbgp.conf:"
    for command in ("show version", "show commits", "doctor"):
        said = w.cli_run(command)
        assert place in said.stdout, said.stdout
    assert "files-refused" in w.log()
    refused = w.cli_run("reload")
    assert refused.returncode != 0 and place in refused.stdout + refused.stderr
    w.reload(text.replace("hostname a;", "hostname mended;"))
    assert commits(w) == [("committed", "reload"), ("committed", "start")]
    assert "refused" not in w.cli("show version")


# ---- what the unit leaves it: systemd/wgbgp.service

CAPABILITIES = ("net_admin,+net_raw,+net_bind_service,+setuid,+setgid,+setpcap,+kill,+ipc_lock,"
                "+sys_nice")


class Unit(Wgbgp):
    """The root is read-only but for RUNDIR and STATEDIR, and CONF_DIR is as CONF_MODE says; there are
    no more capabilities than the unit gives it."""
    conf_dir, conf_mode = None, "rw"

    def program(self):
        script = "".join(f"mount --bind {path} {path}; "
                         for path in (self.rundir, self.statedir, self.conf_dir))
        return ["unshare", "-m", "--propagation", "private", "sh", "-ec",
                f"{script} mount -o remount,bind,ro /; "
                f"mount -o remount,bind,{self.conf_mode} {self.conf_dir}; "
                f'exec setpriv --bounding-set=-all,+{CAPABILITIES} --no-new-privs "$@"',
                "sh", *super().program()]


def test_within_the_unit(two):
    """The files can be put back where the unit lets it write; where not, what runs goes back all
    the same, and a start keeps to it."""
    w = two.wa
    conf_dir = os.path.join(w.router.dir, "etc")
    os.makedirs(conf_dir)
    text = read(w.conf_file)
    w.stop()
    w.__class__ = Unit
    w.conf_file, w.conf_dir = os.path.join(conf_dir, "wgbgp.conf"), conf_dir
    w.write(text)
    w.start()
    wait_running(w)
    w.write(text.replace("hostname a;", "hostname other;"))
    w.cli(f"reload confirmed {int(3 * SLOW)}s")
    wait_until(lambda: w.show("version")["hostname"] == "a", 30, "the end of the trial")
    wait_until(lambda: read(w.conf_file) == text, 10, "the file to be put back")
    w.stop()
    w.conf_mode = "ro"
    w.write(text.replace("hostname a;", "hostname more;"))
    w.start()
    wait_running(w)
    refused = w.cli_run("rollback 1")
    assert refused.returncode != 0 and "Read-only file system" in refused.stdout + refused.stderr
    w.write(text)
    w.cli(f"reload confirmed {int(3 * SLOW)}s")
    wait_until(lambda: w.show("version")["hostname"] == "more", 30, "the end of the trial")
    wait_until(lambda: "files-not-written" in w.log(), 10, "a word about the file")
    w.restart()
    wait_running(w)
    assert w.show("version")["hostname"] == "more" and read(w.conf_file) == text


# ---- two files, and SIGKILL at random moments


class Includes:
    """a's configuration, in which two included files say the same word."""

    def __init__(self, w):
        self.w = w
        self.files = [os.path.join(w.router.dir, name) for name in ("name.inc", "policy.inc")]
        self.put("one")
        w.write(conf("a", 1, "b", 2).replace("system { hostname a; }", "")
                + "include name.inc;\ninclude policy.inc;\n")

    def texts(self, word):
        return [f"system {{ hostname {word}; }}  # {word}\n",
                f"policy {word} {{ term 1 {{ then accept; }} }}\n"]

    def put(self, word):
        for path, text in zip(self.files, self.texts(word)):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)

    def says(self):
        """The word of the files and of what runs: one for all."""
        files = [read(path) for path in self.files]
        running = json.loads(self.w.cli("show configuration json"))
        words = {running["wgbgp-system:system"]["hostname"]}
        words |= {p["name"] for p in running["wgbgp-policy:policy"]}
        assert len(words) == 1, f"a mixture runs: {words}"
        word = words.pop()
        assert files == self.texts(word), f"{word} runs, the files say {files}"
        return word


def test_killed_at_random(two):
    """The old or the new one whole, in what runs and in both files; both tables agree with it, and
    traffic through the tunnel loses nothing."""
    rng = random.Random(SEED)
    print("seed", SEED)
    w = two.wa
    files = Includes(w)
    w.cli("reload")
    files.put("two")
    w.cli("reload")
    word = "two"
    with Ping(two.host_b, two.host_a.address, interval_ms=5) as ping:
        for _ in range(KILLS):
            other = "one" if word == "two" else "two"
            command = rng.choice(["reload", "rollback 1", "reload confirmed 10"])
            if command.startswith("reload"):
                files.put(other)
            victim = rng.choice(["parent", "parent", "wgd", "zebra-lite", "bgpd"])
            asking = w.cli_start(command)
            time.sleep(rng.uniform(0, 0.25) * SLOW)
            if victim == "parent":
                w.process.kill()
                wait_until(lambda: not w.process.alive(), what="the end")
                asking.wait()
                w.start()
            else:
                w.kill_daemon(victim)
                asking.wait()
            wait_running(w)
            word = files.says()
            if commits(w)[0][0] == "pending":
                w.cli("confirm")
            w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        ping.flows()
    ping.nothing_lost()
