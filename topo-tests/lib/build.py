# SPDX-License-Identifier: BSD-2-Clause
"""Where the programs under test are: WGBGP_BUILD, or build/ in the source tree, or the tree. The daemons and the
CLI may for a while be those of another build (`daemons_from`); everything else stays ours."""
import contextlib
import os

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_other = None  # the other build's directory, while there is one


def build_dir():
    built = os.path.join(SOURCE, "build")
    in_place = not os.path.exists(built) and os.path.exists(os.path.join(SOURCE, "config.status"))
    return os.path.abspath(os.environ.get("WGBGP_BUILD", SOURCE if in_place else built))


def program(path):
    return _executable(build_dir(), path)


@contextlib.contextmanager
def daemons_from(directory):
    """Within it wgbgp is the one that was built in this directory, with its own schema."""
    global _other
    before, _other = _other, directory and os.path.abspath(directory)
    try:
        yield
    finally:
        _other = before


def daemon_dir():
    return _other or build_dir()


def daemon(path):
    return _executable(daemon_dir(), path)


def yang_dir():
    """The schema of the tree that the daemons were configured from."""
    if not _other:
        return os.path.join(SOURCE, "yang")
    with open(os.path.join(_other, "Makefile"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("abs_top_srcdir = "):
                return os.path.join(line.split(" = ", 1)[1].strip(), "yang")
    raise AssertionError(f"{_other}/Makefile names no source directory")


def _executable(directory, path):
    full = os.path.join(directory, path)
    if not os.access(full, os.X_OK):
        raise AssertionError(f"{full} is missing: build first, or set WGBGP_BUILD")
    return full
