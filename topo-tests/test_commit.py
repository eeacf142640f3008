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

from lib.keys import private_key, public_key
from lib.probe import Ping
from lib.stream import Stream
from lib.twonodes import conf
from lib.wait import SLOW, wait_until
from lib.wg import allowed_ips
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

NUMBER = {"one": 1, "two": 2}


def other(word):
    return "two" if word == "one" else "one"


class Includes:
    """a's configuration, in which two included files say a word each, in several statements; daemons
    and the kernel hear of both."""

    def __init__(self, w):
        self.w = w
        self.files = [os.path.join(w.router.dir, name) for name in ("name.inc", "more.inc")]
        self.key = os.path.join(w.router.dir, "wgt.key")
        with open(self.key, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(private_key("a.wgt") + "\n")
        self.put(("one", "one"))
        w.write(conf("a", 1, "b", 2).replace("system { hostname a; }", "")
                + "include name.inc;\ninclude more.inc;\n")

    def put(self, words):
        name, more = words
        texts = [f"# who\nsystem {{ hostname {name}; }}\n"
                 f"rib {{ static 192.168.9{NUMBER[name]}.0/24 {{ blackhole true; }} }}\n",
                 f"# more\npolicy {more} {{ term 1 {{ then accept; }} }}\n"
                 "wireguard { interface wgt {\n"
                 f"    private-key-file {self.key};\n    address 10.9.7.1/24;  # nobody's\n"
                 f"    peer far {{ public-key \"{public_key('far.wgt')}\"; tunnel-address 10.9.7.2;\n"
                 f"        allowed-ips [ 10.9{NUMBER[more]}.0.0/24 ]; }} }} }}\n"]
        for path, text in zip(self.files, texts):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)

    @staticmethod
    def lines(old, new):
        """The same change in `configure`."""
        lines = []
        if old[0] != new[0]:
            lines += [f"set system hostname {new[0]}",
                      f"rename rib static 192.168.9{NUMBER[old[0]]}.0/24 "
                      f"to 192.168.9{NUMBER[new[0]]}.0/24"]
        if old[1] != new[1]:
            far = "wireguard interface wgt peer far allowed-ips"
            lines += [f"rename policy {old[1]} to {new[1]}",
                      f"set {far} 10.9{NUMBER[new[1]]}.0.0/24",
                      f"delete {far} 10.9{NUMBER[old[1]]}.0.0/24"]
        return lines

    @staticmethod
    def words(where, hostnames, routes, policies, entries):
        """The word of each file, which all that comes from it agrees with; ROUTES and ENTRIES have
        numbers."""
        numbers = {number: word for word, number in NUMBER.items()}
        name = {*hostnames, *(numbers[int(n)] for n in routes)}
        more = {*policies, *(numbers[int(n)] for n in entries)}
        assert len(name) == len(more) == 1, f"a mixture in {where}: {name} {more}"
        return name.pop(), more.pop()

    def of_files(self):
        name, more = map(read, self.files)
        return self.words("the files", re.findall(r"hostname (\w+);", name),
                          re.findall(r"static 192\.168\.9(\d)\.0/24", name),
                          re.findall(r"policy (\w+)", more),
                          re.findall(r"10\.9(\d)\.0\.0/24", more))

    def of_configuration(self, which=""):
        document = self.w.cli(f"show configuration {which} json")
        c = json.loads(document)
        return self.words("what runs", [c["wgbgp-system:system"]["hostname"]],
                          re.findall(r'"192\.168\.9(\d)\.0/24"', document),
                          [p["name"] for p in c["wgbgp-policy:policy"]],
                          re.findall(r'"10\.9(\d)\.0\.0/24"', document))

    def of_kernel(self, words):
        """Of both tables; the names are those of WORDS."""
        routes = re.findall(r"blackhole 192\.168\.9(\d)\.0/24", self.w.router.out("ip -4 route"))
        entries = [e for found in allowed_ips(self.w.router, "wgt").values() for e in found]
        return self.words("the kernel", words[:1], routes, words[1:],
                          re.findall(r"10\.9(\d)\.0\.0/24", " ".join(entries)))

    def says(self):
        """What runs, in the kernel, too; and what the files say."""
        runs = self.of_configuration()
        wait_until(lambda: self.of_kernel(runs) == runs, 30, f"the kernel to have {runs}")
        return runs, self.of_files()


class Kill:
    """One change, and SIGKILL at a random moment of it. TOOK: for how long a change of its kind went
    on, in seconds, when nobody killed anything; is learned."""
    took = {}

    def __init__(self, rng, w, files, command=None):
        self.rng, self.w, self.files = rng, w, files
        self.old = files.says()[0]
        both = rng.random() < 0.6
        self.new = (other(self.old[0]), other(self.old[1]) if both else self.old[1])
        self.command = command or rng.choice(["reload", "reload confirmed 10", "rollback 1",
                                              "commit", "commit confirmed 10"])
        self.victim = rng.choice(["parent", "parent", "cli", "wgd", "zebra-lite", "bgpd"])
        if self.command == "rollback 1":
            self.new = files.of_configuration("rollback 1")
        self.touched = sum(a != b for a, b in zip(self.old, self.new))
        self.broken_off = self.went_on = False

    def begin(self):
        """The process; a client that has to read and edit the files first has done so."""
        if self.command.startswith("commit"):
            asking = self.w.cli_start("configure", *self.files.lines(self.old, self.new),
                                      self.command)
            edit = self.files.files[0] + ".wgbgp-edit"
            wait_until(lambda: os.path.exists(edit) or asking.poll() is not None, 30,
                       "the client to have edited", 0.002)
            return asking
        if self.command.startswith("reload"):
            self.files.put(self.new)
        return self.w.cli_start(self.command)

    def learn(self):
        asking = self.begin()
        begun = time.monotonic()
        asking.wait()
        Kill.took[self.command.split()[0]] = time.monotonic() - begun

    def run(self):
        asking = self.begin()
        time.sleep(self.rng.uniform(0, 1.1 * Kill.took[self.command.split()[0]]))
        self.broken_off = asking.poll() is None
        if self.victim == "parent":
            self.w.process.kill()
            wait_until(lambda: not self.w.process.alive(), what="the end")
            asking.wait()
            self.w.start()
        elif self.victim == "cli":
            asking.kill()
            asking.wait()
        else:
            self.w.kill_daemon(self.victim)
            asking.wait()
        wait_running(self.w)

    def judge(self):
        """The old one or the new one, whole. Files that were edited for a reload that was not begun
        are as they were edited."""
        runs, written = self.files.says()
        self.went_on = runs == self.new
        what = f"{self.command}, {self.victim} killed, {self.old} to {self.new}"
        assert runs in (self.old, self.new), f"{what}: {runs} runs"
        if runs != written:
            assert self.command.startswith("reload") and runs == self.old \
                and written == self.new, f"{what}: {runs} runs, the files say {written}"
            self.w.cli("reload")
            assert self.files.says() == (self.new, self.new), what
        if commits(self.w)[0][0] == "pending":
            self.w.cli("confirm")


@pytest.mark.timeout((240 + 10 * KILLS) * max(SLOW, 1))
def test_killed_at_random(two):
    """The old or the new one whole, in what runs and in both files; both tables agree with it, and
    traffic through the tunnel loses nothing."""
    rng = random.Random(SEED)
    print("seed", SEED)
    w = two.wa
    files = Includes(w)
    w.cli("reload")
    files.put(("two", "two"))
    w.cli("reload")
    for command in ("reload", "rollback 1", "commit"):
        Kill(rng, w, files, command).learn()
    done = []
    with Ping(two.host_b, two.host_a.address, interval_ms=5) as ping:
        for _ in range(KILLS):
            done.append(Kill(rng, w, files))
            done[-1].run()
            done[-1].judge()
            w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        ping.flows()
    print(f"{KILLS} changes, {sum(k.touched == 2 for k in done)} of two files, "
          f"{sum(k.command.startswith('commit') for k in done)} by configure, "
          f"{sum(k.broken_off for k in done)} broken off before their answer, "
          f"{sum(k.went_on for k in done)} ended in the new one")
    ping.nothing_lost()
