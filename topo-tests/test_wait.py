# SPDX-License-Identifier: BSD-2-Clause
"""Scripts and units wait for a tunnel: `wait tunnel`.

    host ─ a ══ wg0 ══ b ─ host
"""
import json
import subprocess

from lib.build import daemon
from lib.wait import SLOW, wait_until


def start(w, *words):
    """A command as words behind the options, as a shell hands them over."""
    return w.router.popen([daemon("cli/wgbgp-cli"), "-r", w.rundir, *words], env=w.env(),
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def start_waiting(w, *words):
    return start(w, "wait", "tunnel", *words)


def end_of(process, timeout=60):
    said, _ = process.communicate(timeout=timeout * max(SLOW, 1))
    return process.returncode, said


def test_wait(two):
    """For a far end that is cut off and comes back, over a restart of our own wgbgpd, too."""
    w = two.wa
    w.wait_tunnel("b", "up")
    assert end_of(start_waiting(w, "b", "up", "timeout", "0"))[0] == 0
    status, said = end_of(start_waiting(w, "b", "down", "timeout", "1", "json"))
    assert status == 1 and json.loads(said)["tunnels"][0]["state"] == "up"
    status, said = end_of(start_waiting(w, "nobody", "up", "timeout", "1"))
    assert status == 1 and "no such tunnel peer" in said
    two.net.cut("a", "b")
    status, said = end_of(start_waiting(w, "b", "down"))
    assert status == 0, said
    w.stop()
    up = start_waiting(w, "b", "up")
    wait_until(lambda: up.stdout.readline().count("wgbgpd is not running"), 10, "the first look")
    w.start()
    two.net.restore("a", "b")
    status, said = end_of(up)
    assert status == 0 and "b on wg0 is" in said, said


def test_words(two):
    """Words with blanks are one word still; what is no command is said."""
    w = two.wa
    with open(w.conf_file, encoding="ascii") as f:
        w.write(f.read().replace("hostname a;", "hostname other;"))
    status, said = end_of(start(w, "reload", "comment", "two words"))
    assert status == 0, said
    assert w.show("commits")["commits"][0]["comment"] == "two words"
    status, said = end_of(start(w, "shwo", "tunnels"))
    assert status == 1 and "expected one of" in said
    assert end_of(start(w, "-c", "show version", "show", "tunnels"))[0] == 2
