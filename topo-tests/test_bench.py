# SPDX-License-Identifier: BSD-2-Clause
"""The benchmarks run: each case at a size that means nothing. What it measures is not looked at;
that it measures each side, judges its bars and writes its report is.

      load ── veth ── side     (each case draws its own)
"""
import json
import os
import subprocess
import sys

import pytest

from lib.build import SOURCE, build_dir

sys.path.append(os.path.join(SOURCE, "bench"))
from cases import CASES  # noqa: E402


# The others of failover differ from it in timers, which a machine under test misses, or in the cut.
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("failover-")])
def test_case(name, tmp_path):
    env = {**os.environ, "WGBGP_BUILD": build_dir()}
    env.pop("WGBGP_BENCH_ISOLATED", None)
    r = subprocess.run([os.path.join(SOURCE, "bench", "run"), name, "--smoke", "--report",
                        str(tmp_path)], env=env, capture_output=True, text=True, timeout=200,
                       check=False)
    assert r.returncode == 0, r.stdout[-6000:] + r.stderr[-3000:]
    results = json.loads((tmp_path / "results.json").read_text())
    case = CASES[name]
    point = results["cases"][0]["points"][0]
    assert set(point["medians"]) == {*case.sides, *case.references}
    for figure in case.figures:
        assert figure.key in point["medians"]["wgbgp"], figure.key
    assert len(point["bars"]) == len(case.bars)
    page = (tmp_path / "index.html").read_text()
    assert f"<h2>{name}</h2>" in page and page.endswith("</html>\n")


def test_slope_is_drawn(tmp_path):
    """Plots and exponents from results of any origin: time linear in size, memory constant."""
    import report
    points = [{"size": n, "clients": 1, "about": f"{n}", "ratios": {}, "bars": [], "pairs": {},
               "runs": {"wgbgp": [{"seconds": n / 1e6, "mib": 10}]},
               "medians": {"wgbgp": {"seconds": n / 1e6, "mib": 10}}} for n in (10000, 1000000)]
    figures = [vars(f) for f in CASES["table"].figures]
    report.write(str(tmp_path), {"machine": report.machine(), "cases": [
        {"case": "table", "axis": "size", "points": points, "figures": figures, "growth": [],
         "notes": []}]})
    page = (tmp_path / "index.html").read_text()
    assert page.count("<svg") == 2 and page.count("</svg>") == 2
    assert "<td>× 100</td><td>1.00</td>" in page and "<td>× 1</td><td>0.00</td>" in page


def test_another_build(tmp_path):
    """A build beside itself: both are run, pair by pair, and no reference."""
    env = {**os.environ, "WGBGP_BUILD": build_dir()}
    env.pop("WGBGP_BENCH_ISOLATED", None)
    other = f"wgbgp={build_dir()}"
    r = subprocess.run([os.path.join(SOURCE, "bench", "run"), "allowedips", "--smoke", "--against",
                        other, "--report", str(tmp_path)], env=env, capture_output=True, text=True,
                       timeout=200, check=False)
    assert r.returncode == 0, r.stdout[-6000:] + r.stderr[-3000:]
    point = json.loads((tmp_path / "results.json").read_text())["cases"][0]["points"][0]
    assert set(point["medians"]) == {"wgbgp", other}
    assert point["pairs"][other]["bulk"]["pairs"] == 1
    assert "too few pairs" in (tmp_path / "index.html").read_text()


def test_no_build_there():
    r = subprocess.run([os.path.join(SOURCE, "bench", "run"), "table", "--against",
                        "wgbgp=/nonexistent"], env={**os.environ, "WGBGP_BENCH_ISOLATED": "1"},
                       capture_output=True, text=True, timeout=60, check=False)
    assert r.returncode == 2 and "no build is there" in r.stderr


@pytest.mark.parametrize("pairs_run, outside", [(5, None), (6, 0), (8, 0), (9, 1), (11, 1),
                                                (12, 2), (20, 5)])
def test_interval(pairs_run, outside):
    """The table of the sign test's intervals."""
    import pairs
    assert pairs.cut_off(pairs_run) == outside


def test_interval_of_pairs():
    """Pairs are compared with each other, not with the other rounds."""
    import pairs
    theirs = [{"seconds": 10 ** n} for n in range(9)]
    ours = [{"seconds": (1 + n / 10) * 10 ** n} for n in range(9)]
    runs = {"wgbgp": ours, "wgbgp=x": theirs, "bird": theirs}
    found = pairs.compare_all(runs, ["seconds", "mib"])
    assert set(found) == {"wgbgp=x"} and set(found["wgbgp=x"]) == {"seconds"}
    seconds = found["wgbgp=x"]["seconds"]
    assert [round(seconds[key], 9) for key in ("low", "median", "high")] == [1.1, 1.4, 1.7]
