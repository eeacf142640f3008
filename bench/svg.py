# SPDX-License-Identifier: BSD-2-Clause
"""One kind of plot, written by hand: lines over a logarithmic x axis and a logarithmic y axis."""
import math
from html import escape

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 96, 28, 40
COLORS = {"wgbgp": "#0b6", "bird": "#d60", "frr": "#36c", "openbgpd": "#a3a", "gobgp": "#888"}
OTHER_COLORS = ("#000", "#c22", "#2aa", "#960")


def short(value):
    """1000000 as 1M, 0.00012 as 120µ."""
    for unit, factor in (("M", 1e6), ("k", 1e3), ("", 1), ("m", 1e-3), ("µ", 1e-6)):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"


class Axis:
    """A logarithmic scale from the data, extended to whole steps of 1, 2, 5."""

    def __init__(self, values, start, end):
        low, high = min(values), max(values)
        if low == high:
            low, high = low / 2, high * 2
        self.low, self.high = math.log10(low) - 0.05, math.log10(high) + 0.05
        self.start, self.end = start, end

    def place(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        found = []
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            found += [step * 10.0 ** power for step in (1, 2, 5)]
        found = [t for t in found if self.low <= math.log10(t) <= self.high]
        decades = [t for t in found if abs(math.log10(t) - round(math.log10(t))) < 1e-9]
        return decades if len(found) > 7 and len(decades) > 1 else found


def color(name, number):
    return COLORS.get(name, OTHER_COLORS[number % len(OTHER_COLORS)])


def plot(title, x_label, y_label, series):
    """SERIES: {name: [(x, y)]}; points that are not positive are left out."""
    series = {name: [(x, y) for x, y in points if x > 0 and y > 0]
              for name, points in series.items()}
    flat = [point for points in series.values() for point in points]
    if not flat:
        return ""
    across = Axis([x for x, _ in flat], LEFT, WIDTH - RIGHT)
    up = Axis([y for _, y in flat], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="11">',
           f"<title>{escape(title)}</title>",
           f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for t in across.ticks():
        x = across.place(t)
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/><text x="{x:.1f}" '
                   f'y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{short(t)}</text>')
    for t in up.ticks():
        y = up.place(t)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/><text '
                   f'x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{short(t)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" '
               f'text-anchor="middle">{escape(x_label)}</text><text x="14" y="{HEIGHT / 2:.0f}" '
               f'text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2:.0f})">'
               f"{escape(y_label)}</text>")
    ends = []
    for number, (name, points) in enumerate(series.items()):
        if points:
            out.append(_line(name, sorted(points), across, up, color(name, number)))
            ends.append((up.place(max(points)[1]), name, color(name, number)))
    last = -100.0
    for y, name, ink in sorted(ends):  # the names, moved apart where lines end together
        last = max(y, last + 13)
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{last + 4:.1f}" fill="{ink}">'
                   f"{escape(name)}</text>")
    return "\n".join([*out, "</svg>"])


def _line(name, points, across, up, ink):
    places = [(across.place(x), up.place(y)) for x, y in points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(name)}: {short(px)}: '
                   f"{short(py)}</title></circle>" for (x, y), (px, py) in zip(places, points))
    return (f'<path d="{path}" fill="none" stroke="{ink}" stroke-width="2"/>'
            f'<g fill="{ink}">{dots}</g>')
