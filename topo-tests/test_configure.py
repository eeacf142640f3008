# SPDX-License-Identifier: BSD-2-Clause
"""`configure`: a candidate is edited on a terminal and by scripts, and committed.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import grp
import os
import signal

from lib.build import program
from lib.keys import public_key
from lib.prompt import Prompt
from lib.stream import Stream
from lib.wait import SLOW, wait_until


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def script(w, text, group=None):
    """What wgbgp-cli makes of lines on its standard input; as nobody of this group."""
    argv = [program("cli/wgbgp-cli"), "-r", w.rundir]
    if group:
        argv = ["setpriv", "--reuid", "65533", "--regid", "65534", "--groups", str(group), *argv]
    return w.router.run(argv, check=False, input=text, env=w.env())


def committed(w):
    c = w.show("commits")["commits"][0]
    return c["state"], c["how"], c["comment"]


def commented(two):
    """The file of a with comments, in force; its text."""
    text = read(two.wa.conf_file)
    two.wa.write(text.replace("remote-as", "# theirs\n        remote-as").replace(
        "network [", "# ours\n    network ["))
    two.wa.cli("reload")
    return read(two.wa.conf_file)


def test_script(two):
    """Only the statement that was set is another one, in the file and in what runs."""
    before = commented(two)
    r = script(two.wa, "configure\nset bgp neighbor 10.9.0.2 description \"far away\"\ncompare\n"
                       "commit check\ncommit comment why\nexit\nshow commits\n")
    assert r.returncode == 0, r.stdout + r.stderr
    assert '+ bgp neighbor 10.9.0.2 description "far away"' in r.stdout
    assert "Would change: +bgp neighbor 10.9.0.2 description" in r.stdout
    after = read(two.wa.conf_file)
    assert after.replace(' description "far away";', "", 1) == before
    assert two.wa.neighbor("10.9.0.2")["description"] == "far away"
    assert committed(two.wa) == ("committed", "commit", "why")
    assert not os.path.exists(two.wa.conf_file + ".rejected")
    assert not [f for f in os.listdir(two.a.dir) if "wgbgp-" in f]
    two.wa.cli("configure", "no bgp neighbor 10.9.0.2 description", "commit", "exit")
    assert read(two.wa.conf_file) == before
    assert two.wa.neighbor("10.9.0.2")["description"] in (None, "")
    two.wa.wait_established("10.9.0.2")


def test_script_that_fails(two):
    """What is wrong is said, its status is 1, and nothing of it is committed."""
    before = read(two.wa.conf_file)
    for lines, why in (
            ("set bgp neighbor 10.9.0.2 hold-time 2\nset bgp as 65009\ncommit", "'2' is not valid"),
            ("set bgp neighbor 10.9.0.2 imprt all\ncommit", "'import' is near"),
            ("set bgp neighbor 10.9.0.2 import nowhere\ncommit", "nowhere"),
            ("set bgp as 65009", "not committed and will be lost"),
            ("set wireguard interface wg0 private-key-file /nowhere\ncommit", "/nowhere")):
        r = script(two.wa, "configure\n" + lines + "\n")
        assert r.returncode == 1 and why in r.stdout + r.stderr, r.stdout + r.stderr
        assert read(two.wa.conf_file) == before
    assert len(two.wa.show("commits")["commits"]) == 1


def test_terminal(two):
    """Places, completion with names that exist, help, and the way out of it."""
    before = commented(two)
    p = Prompt(two.wa)
    p.type("", "# ")
    p.type("conf t\n", "a(config)# ")
    p.type("edit bgp nei\t\t 10\t\n", "a(config bgp neighbor 10.9.0.2)# ")
    p.type("set hold-time ?", "a number from 3 to 65535")
    p.type("9\n", "a(config* bgp neighbor 10.9.0.2)# ")
    p.run("show", "hold-time 9;")
    p.type("top\n", "(config*)# ")
    p.run("compare", "+ bgp neighbor 10.9.0.2 hold-time 9")
    p.run("show tunnels", "a recent handshake")
    p.run("set bgp neighbor 10.9.0.2 hold-time 2", "expected 0 or a number from 3")
    p.type("exit\n", "Sure? [y/N]")
    p.type("n\n", "(config*)# ")
    p.run("commit", "Commit 3: ")
    p.type("end\n", "a# ")
    assert p.end() == 0
    assert read(two.wa.conf_file).replace(" hold-time 9;", "", 1) == before


def test_conflict(two):
    """Whoever comes second is told who was first, and nothing is lost."""
    p = Prompt(two.wa)
    p.type("", "# ")
    p.type("configure\n", "(config)# ")
    p.type("set bgp neighbor 10.9.0.2 description mine\n", "(config*)# ")
    two.wa.cli("configure", "set bgp neighbor 10.9.0.2 hold-time 9", "commit")
    p.run("commit", "it is that of commit 2 (commit")
    assert "mine" not in read(two.wa.conf_file)
    two.wa.write(read(two.wa.conf_file) + "# edited\n")
    p.run("commit", "was edited")
    p.type("discard\n", "(config)# ")
    p.type("end\n", "a# ")
    assert p.end() == 0


def test_exclusive(two):
    two.wa.reload("system { cli-write-group audio; }\n" + read(two.wa.conf_file))
    for path in (two.a.dir, os.path.dirname(two.a.dir)):
        os.chmod(path, 0o755)
    p = Prompt(two.wa)
    p.type("", "# ")
    p.type("configure exclusive\n", "(config)# ")
    for lines in (("configure exclusive",), ("reload",), ("rollback 0",),
                  ("configure", "set bgp neighbor 10.9.0.2 description x", "commit")):
        r = two.wa.cli_run(*lines)
        assert (r.returncode == 1) == (lines != ("rollback 0",)), lines
        assert r.returncode == 0 or "has the configuration for itself" in r.stderr
    p.type("set bgp neighbor 10.9.0.2 description mine\n", "(config*)# ")
    p.run("commit", "Commit 3")
    taken(two.wa, p)
    q = Prompt(two.wa)
    q.type("", "# ")
    two.wa.cli("clear lock")
    q.type("configure exclusive\n", "(config)# ")
    assert "for itself" not in p.type("end\n", "a# ")  # which is no news to whoever leaves
    assert p.end() == 0
    assert two.wa.cli_run("reload").returncode == 1
    os.kill(q.pid, signal.SIGKILL)  # its end is enough
    os.waitpid(q.pid, 0)
    wait_until(lambda: two.wa.cli_run("reload").returncode == 0, 10, "the others' turn")


def taken(w, p):
    """Root takes it from whoever has it, P, who hears so; nobody else can."""
    r = script(w, "clear lock\n", group=grp.getgrnam("audio").gr_gid)
    assert r.returncode == 1 and "only root" in r.stderr, r.stdout + r.stderr
    assert "had the configuration for itself" in w.cli("clear lock")
    assert "lock-cleared uid=0" in w.log()
    assert "nobody has the configuration" in w.cli_run("clear lock").stderr
    p.type("set bgp neighbor 10.9.0.2 description ours\n", "(config*)# ")
    p.run("commit", "others could change the configuration")
    assert w.cli_run("reload").returncode == 1


def test_confirmed(two):
    """It takes itself back, the file too; the connection over the tunnel goes on."""
    before = commented(two)
    stream = Stream(two.host_b, two.host_a)
    key = public_key("nobody.wg9")
    two.wa.cli("configure", f"set wireguard interface wg0 peer b public-key {key}",
               f"commit confirmed {int(8 * SLOW)}s")
    assert key in read(two.wa.conf_file)
    wait_until(lambda: committed(two.wa)[0] == "returned", 60, "the return")
    stream.flows(timeout=90)
    assert read(two.wa.conf_file) == before
    two.wa.cli("configure", "set bgp neighbor 10.9.0.2 description kept", "commit confirmed 5",
               "confirm")
    assert committed(two.wa)[:2] == ("committed", "commit")
    stream.stop()


def test_own_rights(two):
    """Who may use the socket, but not write the file, is told so before the commit, and at it."""
    w = two.wa
    os.chmod(w.router.dir, 0o755)
    os.chmod(os.path.dirname(w.router.dir), 0o755)
    w.reload("system { cli-write-group audio; }\n" + read(w.conf_file))
    os.chmod(w.conf_file, 0o644)
    before = read(w.conf_file)
    r = script(w, "configure\nset bgp neighbor 10.9.0.2 description x\ncommit\n",
               group=grp.getgrnam("audio").gr_gid)
    assert r.returncode == 1
    assert "what changes it will not be committed" in r.stdout
    assert "cannot be written: Permission denied; nothing is committed" in r.stderr
    assert read(w.conf_file) == before
    os.chmod(w.router.dir, 0o777)
    r = script(w, "configure\nset bgp neighbor 10.9.0.2 description x\ncommit\n",
               group=grp.getgrnam("audio").gr_gid)
    assert r.returncode == 0, r.stdout + r.stderr
    assert w.show("commits")["commits"][0]["uid"] == 65533
    assert "description x;" in read(w.conf_file)
    w.cli("reload")
