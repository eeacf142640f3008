# SPDX-License-Identifier: BSD-2-Clause
"""The page of wgbgp-web in a real browser, on hub 1 of lib/dualhub.py.

     host1 ─ site1 ══ wg1 ══╗
                            hub1 ══ wgt ══ hub2        Chromium in hub 1's namespace looks at
     host2 ─ site2 ══ wg1 ══╝                          http://127.0.0.1:8179/ of wgbgp-web
"""
import contextlib
import json
import os

import pytest

from lib.browser import Browser, needs_browser
from lib.build import SOURCE
from lib.dualhub import DualHub
from lib.snippets import ECHO
from lib.topology import built
from lib.wait import wait_until
from lib.web import AT, Web

pytestmark = needs_browser

VIEWS = ("tunnels", "drawing", "sessions", "way/192.168.1.10", "events", "drills",
         "tunnel/wg0/site1")
DYGRAPHS = os.path.exists("/usr/share/javascript/dygraphs/dygraph.min.js")
READERS = "cli-read-group nogroup;"
EVIL = "<img src=x onerror=\"document.title='owned'\"><b>bye</b>"

ROWS = """
return [...document.querySelectorAll("#rows-tunnels tbody tr")].map((tr) => {
    const cell = (i) => tr.cells[i];
    const value = (i) => cell(i).querySelector("data").value;
    return { interface: cell(1).querySelector(".small").textContent,
        peer: cell(1).querySelector("a").textContent, state: cell(0).textContent,
        look: tr.dataset.state, shape: cell(0).querySelector("use").getAttribute("href"),
        since: value(2), handshake: value(3), endpoint: cell(4).textContent, rx: value(5),
        tx: value(6), latency: value(7), loss: value(8), why: cell(9).textContent };
});
"""


@pytest.fixture(scope="module")
def hub(request):
    """(the topology, hub 1, wgbgp-web, the browser)"""
    with built(request.node) as topo:
        d = DualHub(topo, sites=2, fast=ECHO)
        w = d.whub[1]
        w.replace("hostname hub1;", f"hostname hub1; {READERS}")
        d.wait()
        web = Web(w, "-w", os.path.join(SOURCE, "web", "page"))
        browser = Browser(d.hub[1])
        yield d, w, web, browser
        browser.close()
        web.stop()


@pytest.fixture
def page(hub):
    _, _, _, browser = hub
    browser.size(1280, 900)
    browser.complaints()
    visit(browser, "tunnels")
    return browser


@contextlib.contextmanager
def cut(d, w):
    d.net.cut("site1", "hub1")
    try:
        w.wait_tunnel("site1", "down")
        yield
    finally:
        d.net.restore("site1", "hub1")
        w.wait_tunnel("site1", "up")


# Two updates: the second one was asked for behind the end of what was under way before.
FRESH = """
const done = arguments[0];
let left = 2;
const observer = new MutationObserver(() => {
    if (--left > 0) return;
    observer.disconnect();
    done();
});
observer.observe(document.body, { attributeFilter: ["data-updates"] });
const refresh = document.getElementById("refresh");
refresh.click();
refresh.click();
"""


def fresh(browser):
    """Behind an answer that was asked for now."""
    browser.js_later(FRESH)


def visit(browser, view):
    """The page is loaded anew."""
    browser.open("about:blank")
    browser.open(f"http://{AT}/#{view}")
    wait_until(lambda: browser.js("return document.body.dataset.updates"), 20,
               "the page to have an answer", 0.05)


def turn_to(browser, view):
    """Another view of the page that is there."""
    browser.js("location.hash = arguments[0]", f"#{view}")
    wait_until(lambda: not browser.js("return document.getElementById(arguments[0]).hidden",
                                      f"view-{view.split('/')[0]}"), what=view, interval=0.02)
    fresh(browser)
    if view.startswith("way/"):  # the daemons rest between two such questions
        wait_until(lambda: not browser.text("#way-verdict").startswith("Asking"), 60, view)


def same_as_show(browser, w):
    """The page's rows are those of `show tunnels json`; counters and ages between two of them."""
    before = {(t["interface"], t["peer"]): t for t in w.show("tunnels")["tunnels"]}
    fresh(browser)
    rows = {(r["interface"], r["peer"]): r for r in browser.js(ROWS)}
    after = {(t["interface"], t["peer"]): t for t in w.show("tunnels")["tunnels"]}
    assert set(rows) == set(before) == set(after)
    for key, row in rows.items():
        a, b = before[key], after[key]
        assert a["state"] == row["state"] == row["look"] == row["shape"][3:] == b["state"]
        assert row["endpoint"] == (b["endpoint"] or "–")
        assert row["why"].startswith(b["reason-text"])
        assert a["rx-bytes"] <= int(row["rx"]) <= b["rx-bytes"]
        assert a["tx-bytes"] <= int(row["tx"]) <= b["tx-bytes"]
        assert a["since-seconds"] - 1 <= float(row["since"]) <= b["since-seconds"] + 1
        assert (row["latency"] == "") == (b["latency-ms"] is None)
        assert (row["loss"] == "") == (b["loss-percent"] is None)
    return True


def test_it_shows_what_show_says(hub, page):
    wait_until(lambda: same_as_show(page, hub[1]), 20, "the page to be as `show tunnels json`")
    assert page.text("#host") == "hub1"
    assert page.text("#summary") == "3 tunnels: 3 up"
    assert page.complaints() == []


def test_it_follows_a_cut(hub, page):
    """The table, the drawing, the way and the time line, while a tunnel is cut under them."""
    d, w, _, _ = hub
    with cut(d, w):
        wait_until(lambda: same_as_show(page, w), 20, "the page to be as `show tunnels json`")
        assert page.text("#summary") == "3 tunnels: 1 down, 2 up"
        first = page.js(ROWS)[0]
        assert (first["peer"], first["state"]) == ("site1", "down")

        turn_to(page, "drawing")
        drawn = """return [...document.querySelectorAll("#picture .node")].map((g) =>
            [g.querySelector("title").textContent, g.dataset.state,
             getComputedStyle(g.querySelector(".line")).strokeDasharray])"""
        wait_until(lambda: dict((n, s) for n, s, _ in page.js(drawn)).get("site1") == "down",
                   what="the drawing to say so")
        dashes = {name: dash for name, _, dash in page.js(drawn)}
        assert dashes["site1"] != "none" and dashes["site2"] == "none"

        turn_to(page, "events")
        wait_until(lambda: "tunnel down" in page.text("#rows-events tbody"),
                   what="the time line to say so")
        told = page.js("""return [...document.querySelectorAll("#rows-events tbody tr")]
            .map((tr) => [...tr.cells].map((td) => td.textContent))""")
        assert any(what == "tunnel down" and "site1 (wg0)" in whom and why
                   for _, what, whom, why, _ in told)

        turn_to(page, "way/192.168.1.10")
        wait_until(lambda: "hub2" in page.text("#way-steps"), 60, "the way by hub 2")
    turn_to(page, "tunnels")
    wait_until(lambda: page.text("#summary") == "3 tunnels: 3 up", 20, "it is up again")
    assert page.complaints() == []


def test_it_is_told(hub, page):
    """Of what changes, by an event: the page does not have to ask for it."""
    wait_until(lambda: page.js("return document.body.dataset.told") == "true", what="the stream")
    fresh(page)
    page.js("""const { setTimeout } = window;
        window.setTimeout = (f, ms) => ms > 1000 ? 0 : setTimeout(f, ms);
        document.getElementById("refresh").click();""")  # the last time by itself
    with cut(hub[0], hub[1]):
        wait_until(lambda: page.text("#summary") == "3 tunnels: 1 down, 2 up", what="it is down")
    wait_until(lambda: page.text("#summary") == "3 tunnels: 3 up", what="it is up again")


def test_ages_count_up(page):
    """Between two answers, too: nothing is asked while the clock of the page goes on."""
    page.js("window.fetch = () => new Promise(() => {})")
    seconds = "return document.querySelector('#rows-tunnels tbody tr').cells[2].textContent"
    first = page.js(seconds)
    wait_until(lambda: page.js(seconds) != first, what="an age to count up")


def test_sessions_and_prefixes(hub, page):
    turn_to(page, "sessions")
    cells = """return [...document.querySelectorAll("#rows-sessions tbody tr")].map((tr) =>
        [...tr.cells].map((td) => td.textContent))"""

    def same():
        rows = {row[1]: row for row in page.js(cells)}
        neighbors = hub[1].show("bgp summary")["neighbors"]
        for n in neighbors:
            row = rows[n["address"] + (n["description"] or n["group"])]
            assert [row[0], *row[4:7]] == [n["state"], *(str(n[f"{k}-prefixes"]) for k in
                                                         ("received", "accepted", "sent"))]
            assert n["tunnel"]["peer"] in row[7]
        return len(rows) == len(neighbors)
    wait_until(same, 20, "the page to be as `show bgp summary json`")


def test_where_it_goes(hub, page):
    """What `explain` says, by the places that a packet comes by."""
    turn_to(page, "way/192.168.1.10")
    assert page.text("#way-verdict") == "192.168.1.10 is reachable through tunnel peer site1 on wg0"
    titles = """return [...document.querySelectorAll(".step h3")].map((h) =>
        h.firstChild.textContent)"""
    assert page.js(titles)[:4] == ["This machine", "Decided here", "Sent by the kernel",
                                   "Carried by the tunnel"]
    assert "site1" in page.text("#way-steps") and "198.51.100." in page.text("#way-steps")
    assert page.js("return document.querySelectorAll('.step[data-ok=false]').length") == 0

    turn_to(page, "way/192.168.1.10/192.168.2.10")  # from a source
    said = hub[2].get("/api/explain?destination=192.168.1.10&from=192.168.2.10")
    judged = "return [...document.querySelectorAll('.checks li')].map((li) => li.dataset.ok)"
    wait_until(lambda: sorted(page.js(judged)) == sorted(json.dumps(s["ok"])
                                                         for s in said["steps"]), 60, "its steps")
    assert page.js(titles)[0] == said["source"] == "192.168.2.10"


def test_charts(hub, page):
    """Of what is kept, by Debian's dygraphs."""
    if not DYGRAPHS:
        pytest.skip("libjs-dygraphs is not installed")
    wait_until(lambda: hub[2].get("/api/series?interface=wg0&peer=site1")["time"], 60, "history")
    visit(page, "tunnel/wg0/site1")
    wait_until(lambda: page.js("return document.querySelectorAll('.chart canvas').length") >= 5,
               what="the charts")
    assert page.text("#tunnel-said") == "" and "up" in page.text("#tunnel-facts")
    colours = """return [".dygraph-axis-label", "#tunnel-facts dt"].map((s) =>
        getComputedStyle(document.querySelector(s)).color)"""
    for dark in (False, True):
        page.size(1280, 900, dark)
        wait_until(lambda: len(set(page.js(colours))) == 1, what="labels in a colour of the page")
    assert page.complaints() == []


def test_charts_of_another(hub, page):
    """An answer for the tunnel that was looked at before is not drawn as one of this tunnel."""
    if not DYGRAPHS:
        pytest.skip("libjs-dygraphs is not installed")
    wait_until(lambda: hub[2].get("/api/series?interface=wg0&peer=site1")["time"], 60, "history")
    page.js("""const { fetch } = window;
        window.fetch = (url, how) => url.includes("site1")
            ? new Promise((done) => { window.answer = () => done(fetch(url, how)); })
            : url.includes("site2") ? new Promise(() => {}) : fetch(url, how);
        location.hash = "#tunnel/wg0/site1";""")
    wait_until(lambda: page.js("return Boolean(window.answer)"), what="the question")
    before = page.js("return document.body.dataset.updates")
    page.js("location.hash = '#tunnel/wg0/site2'")
    wait_until(lambda: "site2" in page.text("#h-tunnel"), what="the other tunnel")
    page.js("window.answer()")
    wait_until(lambda: page.js("return document.body.dataset.updates") != before, what="its answer")
    assert page.js("return document.querySelectorAll('.chart').length") == 0


def test_curves_of_before(hub, page):
    """Those of the rows, too, begin before the page was loaded."""
    wait_until(lambda: len([ms for ms in hub[2].get("/api/series?interface=wg0&peer=site1")[
        "latency-ms"] if ms is not None]) >= 4, 90, "history")
    visit(page, "tunnels")
    points = """return [...document.querySelectorAll(arguments[0])].map((path) =>
        (path.getAttribute("d") ?? "").match(/[ML]/g)?.length ?? 0)"""
    for curve in (".latency path", ".loss path"):
        wait_until(lambda c=curve: min(page.js(points, c)) >= 3, what=f"points of {curve}")


def test_drills(hub, page):
    """What one measured, and what its tunnel did around it."""
    w = hub[1]
    w.cli("drill tunnel site2 for 4")
    drill = w.show("drills")["drills"][-1]
    turn_to(page, "drills")
    assert "site2 (wg0)" in page.text("#cards h3") and drill["result"] in page.text("#cards p")
    assert len(page.js("return [...document.querySelectorAll('.bars rect')]")) >= 3
    bars = page.text(".bars")  # its two halves are not counted from the same time
    assert (bars.index("After the cut") < bars.index("Detection") < bars.index("After its end")
            < bars.index("Tunnel up again"))

    def drawn():
        fresh(page)
        return page.js("return document.querySelector('.around .first').getAttribute('d')")
    wait_until(drawn, 60, "its curves")
    assert page.complaints() == []


def test_curves_of_drills_that_fail_first(hub, page):
    """Where the history cannot be asked a drill is shown without curves; it is asked again."""
    hub[1].cli("drill tunnel site1 for 2")
    visit(page, "tunnels")
    page.js("""const { fetch } = window;
        window.refused = 0;
        window.fetch = async (url, how) => url.includes("/series") && window.refused >= 0
            ? (window.refused++, new Response('{"error":"too many wait for this"}', { status: 503 }))
            : fetch(url, how);""")
    turn_to(page, "drills")
    wait_until(lambda: page.js("return window.refused"), 30, "the question for its curves")
    fresh(page)
    assert "site1 (wg0)" in page.text("#cards h3")
    assert page.js("return document.querySelectorAll('.around').length") == 0
    page.js("window.refused = -1")

    def drawn():
        fresh(page)
        return page.js("return document.querySelectorAll('.around').length")
    wait_until(drawn, 60, "its curves after all")
    assert page.complaints() == []


def test_text_of_others_is_only_text(hub, page):
    """Names and messages, wherever they are shown, are seen as they are and do nothing."""
    rows = [{"interface": "wg0", "peer": EVIL, "state": EVIL, "reason": EVIL, "reason-text": EVIL,
             "endpoint": EVIL, "rx-bytes": 1, "tx-bytes": 1, "counters-seconds": 0,
             "latency-ms": None, "loss-percent": None, "since-seconds": 1, "changes": 1,
             "handshake-seconds": None, "tunnel-addresses": [EVIL], "cost": 0}]
    answers = {
        "tunnels": {"tunnels": rows},
        "bgp-summary": {"as": 1, "router-id": EVIL, "neighbors": [
            {"address": EVIL, "state": EVIL, "description": EVIL, "plane": EVIL, "warning": EVIL,
             "last-notification": EVIL, "last-error": EVIL, "up-seconds": None,
             "tunnel": {"interface": EVIL, "peer": EVIL, "reach": EVIL}}]},
        "history": {"events": [{"event": EVIL, "what": EVIL, "peer": EVIL, "reason": EVIL,
                                "time": EVIL, "monotonic-us": 1}]},
        "drills": {"drills": [{"time": 1, "interface": EVIL, "peer": EVIL, "result": EVIL,
                               "prefixes": 1, "seconds": 1, "to": EVIL, "detection-ms": 5}]},
        "planes": {"planes": [{"name": EVIL, "interfaces": ["wg0"]}]},
        "uplinks": {"uplinks": [{"interface": "wg0", "uplink": EVIL}]},
        "route": {"routes": [{"prefix": EVIL, "protocol": EVIL, "selected": True, "distance": 1,
                              "installed": False, "reason-text": EVIL, "next-hops": [
                                  {"address": EVIL, "interface": "wg0", "peer": EVIL, "cost": 0,
                                   "active": True, "state": EVIL}]}]},
        "explain": {"destination": EVIL, "source": EVIL, "reachable": False, "verdict": EVIL,
                    "steps": [{"stage": EVIL, "ok": False, "text": EVIL}]},
    }
    page.js("""
        const answers = JSON.parse(arguments[0]);
        window.fetch = async (url) => {
            const name = url.split("/")[1].split("?")[0];
            return new Response(JSON.stringify(answers[name] ?? { error: arguments[1] }),
                { status: answers[name] ? 200 : 503 });
        };""", json.dumps(answers), EVIL)
    peer = "tunnel/wg0/" + page.js("return encodeURIComponent(arguments[0])", EVIL)
    for view in ("tunnels", "drawing", "sessions", "way/x", "events", "drills", peer):
        turn_to(page, view)
        shown = f"view-{view.split('/')[0]}"
        assert "<b>bye</b>" in page.js("return document.getElementById(arguments[0]).textContent",
                                       shown), view
        assert page.js("return document.querySelectorAll('main img, main b').length") == 0, view
    assert page.js("return document.title") != "owned"


def test_what_is_not_certain(page):
    """A step that nobody can judge is neither fine nor broken, and does not make its place so."""
    steps = [{"stage": "kernel", "ok": True, "text": "sends it"},
             {"stage": "firewall", "ok": None, "text": "is not known"},
             {"stage": "tunnel", "ok": False, "text": "is down"}]
    answers = {"explain": {"destination": "192.0.2.9", "source": None, "reachable": False,
                           "verdict": "no", "steps": steps}, "route": {"routes": []}}
    page.js("""const answers = JSON.parse(arguments[0]);
        window.fetch = async (url) => {
            const name = url.split("/")[1].split("?")[0];
            return new Response(JSON.stringify(answers[name] ?? { error: "x" }),
                { status: answers[name] ? 200 : 503 });
        };""", json.dumps(answers))
    turn_to(page, "way/192.0.2.9")
    wait_until(lambda: page.text("#way-verdict") == "no", 20, "the steps")
    assert page.js("""return [...document.querySelectorAll(".checks li")].map((li) => [
        li.querySelector("use").getAttribute("href"), li.textContent,
        getComputedStyle(li.querySelector(".symbol")).color ===
            getComputedStyle(document.querySelector(".checks .symbol")).color]);""") == [
                ["#s-up", "Kernel sends it", True],
                ["#s-never", "note: Firewall is not known", False],
                ["#s-down", "broken: Tunnel is down", False]]
    assert page.js("""return [...document.querySelectorAll(".place .verdict")]
        .map((e) => e.textContent)""") == ["fine", "broken"]


def test_errors_that_are_over(page):
    """What the underlay said is seen while it is about now, and there was no handshake since."""
    ages = {"new": (5, 100), "over": (50, 50), "old": (61, 100), "never": (5, None)}
    rows = [{"interface": "wg0", "peer": name, "state": "up", "reason": "r", "rx-bytes": 1,
             "tx-bytes": 1, "counters-seconds": 0, "latency-ms": None, "loss-percent": None,
             "since-seconds": 1, "underlay-error": "prohibited", "underlay-error-seconds": error,
             "handshake-seconds": handshake} for name, (error, handshake) in ages.items()]
    page.js("""const tunnels = JSON.parse(arguments[0]);
        window.fetch = async () => new Response(JSON.stringify({ tunnels }));""", json.dumps(rows))
    fresh(page)
    said = {row["peer"]: row["why"] for row in page.js(ROWS)}
    assert said == {"new": "r; underlay: prohibited", "never": "r; underlay: prohibited",
                    "over": "r", "old": "r"}


def test_rows_out_of_sight(page):
    """They are there for those who search or scroll, and cost no layout before they are seen."""
    page.js("""
        const row = (n) => ({ interface: "wg0", peer: `site${n}`, state: "up", "rx-bytes": n,
            "tx-bytes": n, "counters-seconds": 0, "latency-ms": 5, "loss-percent": 0 });
        const tunnels = Array.from({ length: 1000 }, (_, n) => row(n));
        window.fetch = async () => new Response(JSON.stringify({ tunnels }));""")
    fresh(page)
    far = "const r = document.querySelectorAll('#rows-tunnels tbody tr')[900];"
    seen = far + """return [r.cells[1].firstChild.checkVisibility({ contentVisibilityAuto: true }),
        Boolean(r.querySelector(".latency path").getAttribute("d"))]"""
    assert page.js("return document.querySelectorAll('#rows-tunnels tbody tr').length") == 1000
    assert page.js(seen) == [False, False] and page.js(far + "return r.cells[1].textContent"
                                                       ) == "site900wg0"
    page.js(far + "r.scrollIntoView()")
    wait_until(lambda: page.js(seen) == [True, True], what="a row that is looked at")


def test_narrow_and_by_keys(page):
    """A telephone's width needs no scrolling to the side; all is reached by keys."""
    page.size(360, 740)
    visit(page, "tunnels")
    for view in VIEWS:
        turn_to(page, view)
        assert page.js("return document.documentElement.scrollWidth") <= 360, view
    visit(page, "tunnels")
    seen = []
    for _ in range(14):
        page.press("\ue004")
        seen.append(page.js("const a = document.activeElement; return a.id || a.hash || a.tagName"))
    assert seen[0] == "#main"
    for wanted in ("refresh", "#drawing", "#drills", "tunnels-filter", "tunnels-state",
                   "#tunnel/wg0/site1"):
        assert wanted in seen, seen


def test_nothing_from_elsewhere(hub, page):
    for view in VIEWS:
        turn_to(page, view)
        loaded = page.js("return performance.getEntriesByType('resource').map((e) => e.name)")
        assert loaded and all(url.startswith(f"http://{AT}/") for url in loaded), loaded
        assert page.js("return document.querySelectorAll('[style], script:not([src])').length"
                       ) == 0 or view.startswith("tunnel/")
    assert "default-src 'self'" in hub[2].curl("/", "-D", "-")[1]


def test_nobody_answers(hub, page):
    """It is said, what was seen stays, and it goes on by itself."""
    w = hub[1]
    w.stop()
    wait_until(lambda: not page.js("return document.getElementById('trouble').hidden"), 20,
               "the page to say so")
    assert "may be old" in page.text("#trouble")
    assert len(page.js(ROWS)) == 3
    w.start()
    wait_until(lambda: page.js("return document.getElementById('trouble').hidden"), 30,
               "the page to go on")


def test_accessible(page):
    """axe-core of npm, where WGBGP_AXE names its file."""
    path = os.environ.get("WGBGP_AXE")
    if not path:
        pytest.skip("WGBGP_AXE names no axe.min.js")
    with open(path, encoding="utf-8") as f:
        axe = f.read()
    for dark in (False, True):
        for width in (1280, 360):
            page.size(width, 900, dark)
            visit(page, "tunnels")  # the charts take their colours when they are made
            page.js(axe + "; window.axe = axe;")
            for view in VIEWS:
                turn_to(page, view)
                if view.startswith("tunnel/") and DYGRAPHS:
                    wait_until(lambda: page.js("return document.querySelectorAll('.chart canvas')"
                                               ".length") >= 5, what="the charts")
                found = page.js_later("axe.run(document).then((r) => arguments[0](r.violations"
                                      ".map((v) => [v.impact, v.id, v.nodes[0].html])))")
                assert found == [], (view, width, dark)
