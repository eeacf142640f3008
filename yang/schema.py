# SPDX-License-Identifier: BSD-2-Clause
"""The modules of yang/ as trees of statements, for programs that run while wgbgp is built: without
libyang, which is there for the machine that wgbgp is built for."""
import os
import re

MODULES = ["system", "wireguard", "bgp", "policy", "rib", "plane"]


class Statement:
    def __init__(self, keyword, arg):
        self.keyword, self.arg, self.sub = keyword, arg, []

    def get(self, keyword, default=None):
        for s in self.sub:
            if s.keyword == keyword:
                return s.arg
        return default

    def all(self, keyword):
        return [s for s in self.sub if s.keyword == keyword]


def tokens(text):
    pattern = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|"((?:\\.|[^"\\])*)"|\'([^\']*)\'|([{};])|([^\s{};"\']+)',
                         re.S)
    for m in pattern.finditer(text):
        if m.group(1) is not None:
            yield "string", re.sub(r"\s*\n\s*", " ", m.group(1)).replace('\\"', '"')
        elif m.group(2) is not None:
            yield "string", m.group(2)
        elif m.group(3):
            yield m.group(3), None
        elif m.group(4):
            yield ("+", None) if m.group(4) == "+" else ("word", m.group(4))


def parse(text):
    root = Statement("root", None)
    stack, keyword, arg = [root], None, None
    for kind, value in tokens(text):
        if kind in ("word", "string"):
            if keyword is None:
                keyword = value
            else:
                arg = (arg or "") + value
        elif kind in ("{", ";"):
            stack[-1].sub.append(Statement(keyword, arg))
            if kind == "{":
                stack.append(stack[-1].sub[-1])
            keyword = arg = None
        elif kind == "}":
            stack.pop()
    return root.sub[0]


def load(yangdir, name):
    with open(os.path.join(yangdir, f"wgbgp-{name}.yang"), encoding="utf-8") as f:
        return parse(f.read())
