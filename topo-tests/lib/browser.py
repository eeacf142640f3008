# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Chromium in a router's namespace, driven by ChromeDriver: the W3C's WebDriver over HTTP,
with nothing but Python's own library."""
import base64
import http.client
import json
import os
import shutil
import socket
import threading

import pytest

from .ns import CLONE_NEWNET, _call, _libc
from .wait import SLOW, wait_until

PORT = 9515
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element in WebDriver's answers
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
             "--force-color-profile=srgb"]

needs_browser = pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("chromedriver")),
                                   reason="needs Debian's chromium and chromium-driver")


def connect_inside(router, address):
    """A TCP connection that was made in the router's network namespace: it stays there."""
    result = []

    def connect():
        try:
            _call(_libc.setns, router.fds[0], CLONE_NEWNET)  # of this thread alone
            result.append(socket.create_connection(address, timeout=60 * max(SLOW, 1)))
        except OSError as e:
            result.append(e)
    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


class Connection(http.client.HTTPConnection):
    def __init__(self, router, port):
        super().__init__("127.0.0.1", port)
        self.router = router

    def connect(self):
        self.sock = connect_inside(self.router, (self.host, self.port))


class BrowserError(AssertionError):
    pass


class Browser:
    """One window. `js(BODY, *ARGUMENTS)` runs the body of a function in the page."""

    def __init__(self, router, width=1280, height=900, dark=False):
        self.router, self.session = router, ""
        home = os.path.join(router.dir, "browser")
        os.makedirs(home, exist_ok=True)
        self.process = router.spawn("chromedriver", ["chromedriver", f"--port={PORT}"],
                                    env={"HOME": home, "TMPDIR": home})
        wait_until(lambda: self.call("GET", "/status")["ready"], 20, "ChromeDriver to listen")
        options = {"args": [*ARGUMENTS, f"--user-data-dir={home}/profile"]}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{made['sessionId']}"
        self.size(width, height, dark)

    def call(self, method, path, body=None):
        connection = Connection(self.router, PORT)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
        finally:
            connection.close()
        if answer.status != 200:
            raise BrowserError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def ask(self, path, body=None):
        return self.call("GET" if body is None else "POST", self.session + path, body)

    def devtools(self, command, **parameters):
        return self.ask("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, dark=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=width < 500)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        self.ask("/url", {"url": url})

    def js(self, body, *arguments):
        return self.ask("/execute/sync", {"script": body, "args": list(arguments)})

    def js_later(self, body, *arguments):
        """The last argument of BODY is a function that takes the answer."""
        return self.ask("/execute/async", {"script": body, "args": list(arguments)})

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def press(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.ask("/screenshot")))

    def complaints(self):
        """What the browser found wrong since it was asked last: errors of scripts, and what the
        page's policy refused."""
        return [entry["message"] for entry in self.ask("/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def close(self):
        if self.session:
            self.call("DELETE", self.session)
            self.session = ""
        self.process.stop()
