# SPDX-License-Identifier: BSD-2-Clause
"""Where the programs under test are: WGBGP_BUILD, or build/ in the source tree."""
import os

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build_dir():
    return os.path.abspath(os.environ.get("WGBGP_BUILD", os.path.join(SOURCE, "build")))


def program(path):
    full = os.path.join(build_dir(), path)
    if not os.access(full, os.X_OK):
        raise AssertionError(f"{full} is missing: build first, or set WGBGP_BUILD")
    return full
