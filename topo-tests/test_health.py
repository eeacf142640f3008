# SPDX-License-Identifier: BSD-2-Clause
"""Changes on trial that are taken back at once, for what they break.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │                                            │
                            └──────── a TCP connection over the tunnel ──┘
"""
import time

from lib.build import daemon
from lib.keys import public_key
from lib.probe import reaches
from lib.stream import Stream
from lib.wait import SLOW, wait_until

BACK_S = 5  # from the change to the way back, for the connection too


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write_cut(w):
    """The peer gets a key that is nobody's; the text before."""
    text = read(w.conf_file)
    w.write(text.replace(public_key("b.wg0"), public_key("nobody.wg9")))
    return text


def ask(w, command, ssh=None):
    """The CLI, as started by somebody who came in so."""
    env = {**w.env(), **({"SSH_CONNECTION": ssh} if ssh else {})}
    return w.router.run([daemon("cli/wgbgp-cli"), "-r", w.rundir, "-c", command], check=False,
                        env=env)


def newest(w):
    row = w.show("commits")["commits"][0]
    return row["state"], row.get("why")


def taken_back(two, command, ssh, word):
    """The cut is seen, said to whoever waits, and undone; the connection goes on."""
    w = two.wa
    stream = Stream(two.host_b, two.host_a)
    text = write_cut(w)
    result = ask(w, command, ssh)
    said = result.stdout + result.stderr
    assert result.returncode != 0 and "was taken back" in said and word in said, said
    stream.flows(timeout=BACK_S * SLOW)
    assert read(w.conf_file) == text
    state, why = newest(w)
    assert state == "returned" and word in why
    assert word in w.cli("show commits") and "health commit=" in w.log()
    stream.stop()


def test_expectation(two):
    far = two.host_b.address
    taken_back(two, f"reload confirmed 10 expect ping {far}", None,
               f"{far} does not answer any more")


def test_killed_meanwhile(two):
    """Another life of the parent watches what this one did."""
    w, far = two.wa, two.host_b.address
    text = read(w.conf_file)
    w.write(text.replace("hostname a;", "hostname other;"))
    ask(w, f"reload confirmed 10 expect ping {far}")
    assert newest(w)[0] == "pending"
    w.process.kill()
    wait_until(lambda: not w.process.alive(), what="the end")
    w.start()
    wait_until(lambda: w.cli_run("show configuration").returncode == 0, 30, "the start to end")
    two.b.run(["nft", "add table ip x; add chain ip x f { type filter hook prerouting priority 0; }; "
                      "add rule ip x f icmp type echo-request drop"])
    wait_until(lambda: newest(w)[0] == "returned", 60, "the way back")
    assert f"{far} does not answer any more" in newest(w)[1] and read(w.conf_file) == text


def test_own_path(two):
    """Nobody expects anything in so many words."""
    far = two.host_b.address
    taken_back(two, "reload confirmed 10", f"{far} 40000 10.9.0.1 22",
               f"your own path is cut, {far}")


def test_behind_sudo(two):
    """sudo takes the connection from the environment; the shell in front of it still has it."""
    w, far = two.wa, two.host_b.address
    w.write(read(w.conf_file).replace("hostname a;", "hostname other;"))
    cli = f"{daemon('cli/wgbgp-cli')} -r {w.rundir} -c 'reload confirmed 10'"
    env = {**w.env(), "SSH_CONNECTION": f"{far} 40000 10.9.0.1 22"}
    two.a.run(["sh", "-c", f"env -u SSH_CONNECTION SUDO_USER=anna {cli}; true"], env=env)
    row = w.show("commits")["commits"][0]
    assert (row["state"], row["login"], row["from"]) == ("pending", "anna", far)
    two.net.cut("a", "b")
    wait_until(lambda: newest(w)[0] == "returned", 20, "the way back")
    assert "your own path is cut" in newest(w)[1]


def test_what_did_not_answer_before(two):
    """It is said, and counts from its first answer on."""
    w = two.wa
    w.write(read(w.conf_file).replace("hostname a;", "hostname other;"))
    nobody = "192.168.2.77"
    result = ask(w, f"reload confirmed 10 expect ping {nobody},{two.host_b.address}")
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    assert f"{nobody} does not answer before the change" in said and "is on trial" in said
    assert newest(w) == ("pending", None)
    two.b.ip(f"addr add {nobody}/32 dev lo")
    reaches(two.host_a, nobody)
    time.sleep(1)  # some answers to a as well
    assert newest(w)[0] == "pending"
    two.b.ip(f"addr del {nobody}/32 dev lo")
    wait_until(lambda: newest(w) == ("returned", f"{nobody} does not answer any more: "
                                     "5 echo requests in a row"), 20, "the way back")


def test_confirmed_meanwhile(two):
    """Whoever waits for the first judgement hears that it stays; nothing is watched any more."""
    w = two.wa
    w.write(read(w.conf_file).replace("hostname a;", "hostname other;"))
    ask(w, f"reload confirmed 10 expect ping {two.host_b.address}")
    w.cli("confirm")
    two.net.cut("a", "b")
    wait_until(lambda: two.wa.tunnel_state("b") == "down", 60, "the tunnel to be down")
    assert newest(w) == ("committed", None)
    refused = ask(w, "reload confirmed 1 expect ping nowhere")
    assert refused.returncode != 0


def test_what_was_well_before(two):
    """The change does not touch the tunnel, so it is to blame for its end."""
    w = two.wa
    wait_until(lambda: w.neighbor("10.9.0.2")["up-seconds"] > 15 and
               w.tunnel("b")["since-seconds"] > 15, 40, "session and tunnel to be steady")
    w.write(read(w.conf_file).replace("hostname a;", "hostname other;"))
    w.cli("reload confirmed 10")
    two.net.cut("a", "b")
    wait_until(lambda: newest(w)[0] == "returned", 60, "the way back")
    assert newest(w)[1] in ("tunnel b is down", "the session with 10.9.0.2 ended")
