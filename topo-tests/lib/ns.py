# SPDX-License-Identifier: BSD-2-Clause
"""One router = one network namespace with a private mount namespace.

WireGuard's userspace programs put their sockets under /run/wireguard, a path that network
namespaces do not separate: each router has a tmpfs of its own there. Both namespaces are anonymous
and held by one `sleep`: they vanish with their last process, nothing can be left behind.
Processes enter with setns() between fork and exec, which saves an nsenter each: on an emulated
machine an exec costs 50 ms."""
import ctypes
import os
import signal
import subprocess
import time

from .wait import SLOW, wait_until

CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWUTS = 0x20000, 0x40000000, 0x04000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *args):
    if function(*args) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{function.__name__}: {os.strerror(errno)}")


def _put(path, text):
    try:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    except OSError:
        pass  # this kernel has no such knob


def process_state(pid):
    """The state letter of a process; None if there is none. Z counts as gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    return None if state in "ZX" else state


class Process:
    """A daemon in a router, with a log file."""

    def __init__(self, router, name, argv, env=None, cwd=None):
        self.router, self.name = router, name
        self.log = os.path.join(router.dir, f"{name}.log")
        self.stopped = False
        with open(self.log, "ab") as log:
            self.popen = router.popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log, group=True)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if self.alive():
            os.kill(self.pid, sig)

    def stop(self, sig=signal.SIGTERM, timeout=10):
        """Ends it and returns its exit status; SIGKILL if it takes too long (and says so)."""
        self.stopped = True
        self.kill(sig)
        try:
            wait_until(lambda: not self.alive(), timeout, f"{self.name} to end", 0.02)
        finally:
            self.kill()
        return self.popen.wait()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()


class Router:
    """A machine: also LAN hosts, NAT boxes and the Internet are these."""

    def __init__(self, name, directory, keep=False):
        self.name, self.keep = name, keep
        self.dir = os.path.join(directory, name)
        self.processes = []
        self.links = 0
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        os.makedirs("/run/wireguard", exist_ok=True)
        self.holder = subprocess.Popen(
            ["sleep", "infinity"], preexec_fn=self._unshare, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=keep)
        self.pid = self.holder.pid
        self.inode = os.stat(f"/proc/{self.pid}/ns/net").st_ino
        self.fds = [os.open(f"/proc/{self.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                    for kind in ("net", "uts", "mnt")]
        self.ip("link set lo up")

    def _die_with_parent(self):
        if not self.keep:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def _unshare(self):
        self._die_with_parent()
        _call(_libc.unshare, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS)
        self._prepare()

    def _prepare(self):
        _call(_libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
        _call(_libc.mount, b"none", b"/run/wireguard", b"tmpfs", 0, None)
        _call(_libc.sethostname, self.name.encode(), len(self.name))
        net = "/proc/sys/net/"
        _put(net + "ipv4/ip_forward", "1")
        _put(net + "ipv6/conf/all/forwarding", "1")
        _put(net + "ipv6/conf/all/keep_addr_on_down", "1")
        _put(net + "ipv4/ping_group_range", "0 2147483647")
        for which in ("all", "default"):
            _put(net + f"ipv4/conf/{which}/rp_filter", "0")
            _put(net + f"ipv6/conf/{which}/accept_dad", "0")

    def _enter(self):
        self._die_with_parent()
        for fd in self.fds:  # mnt is the last one: the paths of the others are gone after it
            _call(_libc.setns, fd, 0)

    def popen(self, argv, env=None, group=False, **kwargs):
        environment = dict(os.environ, **(env or {}))
        return subprocess.Popen(argv, env=environment, preexec_fn=self._enter,
                                start_new_session=group, **kwargs)

    def run(self, argv, check=True, input=None, env=None, timeout=60):
        """Runs a command to its end; returns the CompletedProcess (text). A string is split."""
        if isinstance(argv, str):
            argv = argv.split()
        p = self.popen(argv, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       stdin=subprocess.DEVNULL if input is None else subprocess.PIPE)
        try:
            out, err = p.communicate(input, timeout=timeout * max(SLOW, 1))
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            raise
        if check and p.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(argv)}: status {p.returncode}\n"
                                 f"{input or ''}{out}{err}")
        return subprocess.CompletedProcess(argv, p.returncode, out, err)

    def out(self, argv, **kwargs):
        return self.run(argv, **kwargs).stdout

    def spawn(self, name, argv, **kwargs):
        process = Process(self, name, argv, **kwargs)
        self.processes.append(process)
        return process

    def ip(self, lines):
        """Several commands of ip(8) in one process, one a line."""
        self.run(["ip", "-batch", "-"], input=lines.replace(";", "\n") + "\n")

    def nft(self, rules):
        self.run(["nft", "-f", "-"], input=rules)

    def pids(self):
        """Processes of this network namespace, whoever started them; not the holder."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            try:
                inode = os.stat(f"/proc/{entry}/ns/net").st_ino
            except OSError:
                continue
            if inode == self.inode and process_state(int(entry)):
                found.append(int(entry))
        return found

    def destroy(self):
        for process in reversed(self.processes):
            process.stopped = True
            process.kill()
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.popen.wait()
        self.holder.kill()
        self.holder.wait()
        for fd in self.fds:
            os.close(fd)
        self.fds = []


def wait_gone(pid, timeout=10):
    wait_until(lambda: process_state(pid) is None, timeout, f"process {pid} to be gone", 0.02)


def now():
    return time.monotonic()
