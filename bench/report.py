# SPDX-License-Identifier: BSD-2-Clause
"""What was measured: on the terminal, as JSON, and as one page to be read."""
import json
import math
import os
import platform
import subprocess
import time
from html import escape

import svg
from pairs import CERTAINTY


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"kernel": platform.release(), "cpu": model, "cores": os.cpu_count(),
            "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "versions": versions()}


def versions():
    """Of the Debian packages of the other sides, as far as they are there."""
    r = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "bird2", "frr",
                        "openbgpd", "gobgpd", "wireguard-go"], capture_output=True, text=True,
                       check=False)
    return [line.strip() for line in r.stdout.splitlines() if line.split()[1:]]


def number(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.2e}"


def verdict(bar):
    return "reached" if bar["reached"] else "NOT REACHED"


def bound(bar):
    return f"{'≥' if bar['more'] else '≤'} {bar['limit']:g}"


# ---- the terminal


def print_bars(bars):
    for bar in bars:
        print(f"  {bar['what']}: {number(bar['value'])}, bar {bound(bar)}: {verdict(bar)}",
              flush=True)


def print_point(case, point):
    figures = {figure.key: figure for figure in case.figures}
    for name, values in point["medians"].items():
        print(f"  median  {name:10} " + "   ".join(
            f"{figures[key].label} {number(value)} {figures[key].unit}"
            for key, value in values.items() if key in figures))
    first = next(iter(point["medians"]))
    for other, ratio in point["ratios"].items():
        print(f"  {first} / {other}: " + ", ".join(
            f"{figures[key].label} {number(value)}" for key, value in ratio.items()
            if key in figures))
    for other, compared in point["pairs"].items():
        print(f"  {first} / {other}, {CERTAINTY:.0%} interval of the median ratio:")
        for key, value in compared.items():
            print(f"    {figures[key].label}: {interval(value)}", flush=True)
    print_bars(point["bars"])


def interval(value):
    """A comparison of pairs.py."""
    ends = "too few pairs" if value["low"] is None \
        else f"{number(value['low'])} to {number(value['high'])}"
    return f"{number(value['median'])} ({ends}; {value['pairs']} pairs)"


def write_json(path, results):
    with open(path, "w", encoding="ascii") as f:
        json.dump(results, f, indent=1)


# ---- the page

STYLE = """body { font: 15px/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #222 } table { border-collapse: collapse; margin: .6em 0 1.2em }
th, td { padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } th { background: #f4f4f4 }
.yes { color: #084; font-weight: bold } .no { color: #b00; font-weight: bold }
h2 { margin-top: 2em; border-top: 2px solid #444; padding-top: .5em } small { color: #666 }"""


def table(head, rows):
    """Cells are HTML."""
    return ("<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"
            + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                      for row in rows) + "</table>")


def bar_row(bar, *before):
    return (*before, escape(bar["what"]), number(bar["value"]), bound(bar),
            f'<span class="{"yes" if bar["reached"] else "no"}">{verdict(bar)}</span>')


def point_tables(case, point):
    figures = [f for f in case["figures"]
               if any(f["key"] in m for m in point["medians"].values())]
    head = ["median", *(f"{escape(f['label'])} ({f['unit']})" for f in figures)]
    rows = []
    for name, values in point["medians"].items():
        rows.append((escape(name), *(_cell(values, point["runs"][name], f["key"])
                                     for f in figures)))
    first = next(iter(point["medians"]))
    for other, ratio in point["ratios"].items():
        rows.append((f"{escape(first)} / {escape(other)}",
                     *(number(ratio[f["key"]]) if f["key"] in ratio else "" for f in figures)))
    for other, compared in point["pairs"].items():
        rows.append((f"the same, {CERTAINTY:.0%} interval beside {escape(other)}",
                     *(escape(interval(compared[f["key"]])) if f["key"] in compared else ""
                       for f in figures)))
    out = f"<h3>{escape(point['about'])}</h3>" + table(head, rows)
    if point["bars"]:
        out += table(("bar", "measured", "wanted", ""), [bar_row(b) for b in point["bars"]])
    return out


def _cell(values, runs, key):
    if key not in values:
        return ""
    seen = [run[key] for run in runs if key in run]
    title = f"{number(min(seen))} to {number(max(seen))} in {len(seen)} runs"
    return f'<span title="{title}">{number(values[key])}</span>'


def slopes(case):
    """Plots over the axis, and how fast each side's cost grows: the exponent of size."""
    axis, points = case["axis"], case["points"]
    plots, rows = [], []
    for figure in (f for f in case["figures"] if f["plot"]):
        series = {}
        for point in points:
            for name, values in point["medians"].items():
                if figure["key"] in values:
                    series.setdefault(name, []).append((point[axis], values[figure["key"]]))
        if not any(len(line) > 1 for line in series.values()):
            continue
        plots.append(svg.plot(f"{case['case']}: {figure['label']}",
                              "clients" if axis == "clients" else "size",
                              f"{figure['label']} ({figure['unit']})", series))
        for name, line in series.items():
            rows.append((escape(name), escape(figure["label"]), *_growth(line)))
    if not plots:
        return ""
    return ("<h3>Slope</h3><p>" + "".join(plots) + "</p>" + table(
        ("side", "figure", "smallest", "largest", "grows by", "exponent"), rows)
        + "<p><small>Exponent: 1 is linear in the size, below 1 is less.</small></p>")


def _growth(line):
    (x1, y1), (x2, y2) = line[0], line[-1]
    if len(line) < 2 or min(y1, y2) <= 0:
        return ("", "", "", "")
    exponent = math.log(y2 / y1) / math.log(x2 / x1)
    return (f"{number(y1)} at {x1:,}", f"{number(y2)} at {x2:,}", f"× {number(y2 / y1)}",
            f"{exponent:.2f}")


def page(results):
    m = results["machine"]
    bars = [(case, bar) for case in results["cases"]
            for bar in [b for p in case["points"] for b in p["bars"]] + case["growth"]]
    reached = sum(bar["reached"] for _, bar in bars)
    out = ['<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>wgbgp: benchmarks'
           f"</title><style>{STYLE}</style></head><body><h1>wgbgp: speed and size</h1>",
           f"<p>{escape(m['at'])}, {m['cores']} cores ({escape(m['cpu'])}), Linux "
           f"{escape(m['kernel'])}. Beside: {escape(', '.join(m['versions'])) or 'nothing'}.</p>",
           "<p>All sides took turns in one run on this machine; medians are compared. The "
           "<em>ratios</em> mean something, an absolute time says little about another day or "
           "machine. Memory is the peak of the proportional set size of all processes of a "
           "side. Hover over a figure for its range.</p>"]
    if bars:
        out.append(f"<h2>Bars: {reached} of {len(bars)} reached</h2>" + table(
            ("case", "bar", "measured", "wanted", ""),
            [bar_row(bar, escape(case["case"])) for case, bar in bars]))
    for case in results["cases"]:
        out.append(f"<h2>{escape(case['case'])}</h2>")
        out += [f"<p>{escape(note)}</p>" for note in case["notes"]]
        out += [point_tables(case, point) for point in case["points"]]
        out.append(slopes(case))
    return "\n".join([*out, "</body></html>\n"])


def write(directory, results):
    os.makedirs(directory, exist_ok=True)
    write_json(os.path.join(directory, "results.json"), results)
    with open(os.path.join(directory, "index.html"), "w", encoding="utf-8") as f:
        f.write(page(results))
