"""Curves as SVG, drawn here rather than in the browser, so that they print and need no script.

A chart holds its curves four times: linear and logarithmic, as logged and smoothed. The page's
style sheet shows the selected ones.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tfgan_zoo.reporting.gather import RunRecord, number, step_of

#: Number of colours in style.css, used in turn.
COLOURS = 8
#: Curves longer than this are smoothed at first.
MANY_POINTS = 200
#: Longer curves are drawn by the minimum and maximum of half as many intervals.
MOST_POINTS = 600

_WIDTH, _HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 12, 22

Points = list[tuple[int, float | None]]


@dataclass(frozen=True)
class Mark:
    """A vertical mark.

    Attributes:
        kind: "checkpoint", "best", "rollback" or "health".
        step: Its step.
        title: Tooltip.
        colour: Index of the run's colour.
    """

    kind: str
    step: int
    title: str
    colour: int


def colour_of(index: int) -> str:
    """Returns the CSS class of a run's colour."""
    return f"c{index % COLOURS}"


def quantities(runs: Mapping[int, RunRecord]) -> dict[str, list[str]]:
    """Returns the names of all logs by group, in the order in which they are shown."""
    rows = [row for run in runs.values() for row in run.rows.values()]
    logged = dict.fromkeys(name for row in rows for name in row)
    declared = {
        meaning: [n for run in runs.values() for n in run.logs.get(meaning, ()) if n in logged]
        for meaning in ("training", "health", "machine")
    }
    known = {name for names in declared.values() for name in names}
    groups = {
        "Losses": declared["training"],
        "Health": declared["health"],
        "Scores": [name for name in logged if name not in known],
        "Machine": declared["machine"],
    }
    return {group: list(dict.fromkeys(names)) for group, names in groups.items() if names}


def marks(runs: Mapping[int, RunRecord]) -> list[Mark]:
    """Returns the marks of runs: checkpoints, the best one, rollbacks and health messages."""
    found = []
    for i, run in runs.items():
        for step, score in run.checkpoints.items():
            said = "" if score is None else f", score {score:.4g}"
            best = step == run.best
            what = "best checkpoint" if best else "checkpoint"
            title = f"{run.name}: {what} at step {step:,}{said}"
            found.append(Mark("best" if best else "checkpoint", step, title, i))
        for note in run.rollbacks:
            at, to = number(note.get("at")), number(note.get("to"))
            if at is not None:
                back = "" if to is None else f" to {int(to):,}"
                found.append(
                    Mark("rollback", int(at), f"{run.name}: went back from {int(at):,}{back}", i)
                )
        for line in run.health:
            where = step_of(line)
            if where is not None:
                title = f"{run.name}: {line.get('condition', 'health')} at step {where:,}"
                found.append(Mark("health", where, title, i))
    return found


def chart(quantity: str, runs: Mapping[int, RunRecord], marked: Sequence[Mark]) -> str:
    """Draws one quantity of all runs that logged it.

    Args:
        quantity: Name of a log.
        runs: Runs by the index of their colour.
        marked: Vertical marks.

    Returns:
        A `<figure>`, or an empty string if no value is finite.
    """
    logged = {i: list(zip(*run.series(quantity), strict=True)) for i, run in runs.items()}
    logged = {i: points for i, points in logged.items() if any(v is not None for _, v in points)}
    curves = {i: thinned(points) for i, points in logged.items()}
    if not curves:
        return ""
    last = max([1, *(mark.step for mark in marked), *(p[-1][0] for p in curves.values())])
    values = [v for points in curves.values() for _, v in points if v is not None]
    logarithmic = min(values) > 0
    scales = {"linear": _Scale(values, False)}
    if logarithmic:
        scales["log"] = _Scale(values, True)
    body = [_across(last)]
    for kind, scale in scales.items():
        only = " only" if not logarithmic else ""
        drawn = "".join(_curve(points, scale, last, i) for i, points in logged.items())
        body.append(f'<g class="{kind}{only}">{scale.ticks()}{drawn}</g>')
    body += [_mark(mark, last) for mark in marked]
    now = "".join(
        f'<span class="{colour_of(i)}" title="{escape(runs[i].name)}"><i></i>'
        f"<b>{_short(_last(points))}</b></span>"
        for i, points in curves.items()
    )
    why = "Some values are not positive."
    flat = "" if logarithmic else f'<small class="flat" title="{why}">linear</small>'
    data = {
        "last": last,
        "curves": [[[s for s, _ in p], [v for _, v in p]] for p in curves.values()],
    }
    return (
        f'<figure class="chart"><figcaption><h4>{escape(quantity)}</h4>{flat}'
        f'<output class="now"><span class="at">last</span>{now}</output></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(quantity)} by step">{"".join(body)}'
        f'<line class="cross" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/></svg>'
        f"{embedded(data)}</figure>"
    )


def embedded(data: object) -> str:
    """Returns data for the page's script, escaped so that it cannot end the element."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def thinned(points: Points) -> Points:
    """Returns the minimum and maximum of each interval of a long curve, and its gaps.

    Example:
        >>> thinned([(1, 0.5), (2, None), (3, 0.25)])
        [(1, 0.5), (2, None), (3, 0.25)]
    """
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(2 * len(points) / MOST_POINTS)
    kept = {0, len(points) - 1}
    for start in range(0, len(points), size):
        stretch = range(start, min(start + size, len(points)))
        finite = [(value, i) for i in stretch if (value := points[i][1]) is not None]
        kept |= {i for _, i in (min(finite), max(finite))} if finite else set()
        kept |= {i for i in stretch if points[i][1] is None}
    return [points[i] for i in sorted(kept)]


def smoothed(points: Points) -> Points:
    """Returns the exponential mean, with a half-life of a fortieth of the curve.

    The first values are not biased towards zero. (Kingma & Ba 2014,
    https://arxiv.org/abs/1412.6980.)
    """
    num = sum(value is not None for _, value in points)
    decay = 0.5 ** (40 / max(1, num))
    total = weight = 0.0
    means: Points = []
    for step, value in points:
        if value is not None:
            total, weight = decay * total + value, decay * weight + 1
        means.append((step, None if value is None else total / weight))
    return means


class _Scale:
    """Maps values to heights."""

    def __init__(self, values: Sequence[float], logarithmic: bool):
        self.logarithmic = logarithmic
        low, high = self._of(min(values)), self._of(max(values))
        room = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
        self.low, self.high = low - room, high + room

    def _of(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def y(self, value: float) -> float:
        share = (self._of(value) - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)

    def ticks(self) -> str:
        drawn = []
        for value in self._tick_values():
            y = f"{self.y(value):.1f}"
            drawn.append(
                f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>'
                f'<text class="y" x="{_LEFT - 6}" y="{y}">{_short(value)}</text>'
            )
        return "".join(drawn)

    def _tick_values(self) -> list[float]:
        if not self.logarithmic:
            return nice(self.low, self.high, 4)
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for parts in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
            values = [part * 10.0**d for d in decades for part in parts]
            inside = [v for v in values if self.low <= math.log10(v) <= self.high]
            if len(inside) >= 3:
                return inside[:: math.ceil(len(inside) / 6)]
        return [v for v in nice(10**self.low, 10**self.high, 4) if v > 0]


def nice(low: float, high: float, num: int) -> list[float]:
    """Returns about `num` round numbers between two.

    Example:
        >>> nice(0.0, 10.0, 4)
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    raw = (high - low) / num
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _x(step: float, last: int) -> float:
    return _LEFT + step / last * (_WIDTH - _LEFT - _RIGHT)


def _across(last: int) -> str:
    floor = _HEIGHT - _BOTTOM
    ticks = "".join(
        f'<text class="x" x="{_x(step, last):.1f}" y="{floor + 15}">{_count(step)}</text>'
        for step in nice(0, last, 4)
        if step == int(step)
    )
    return f'<path class="axis" d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}"/>{ticks}'


def _curve(points: Points, scale: _Scale, last: int, colour: int) -> str:
    few = sum(value is not None for _, value in points) <= 12
    parts = []
    for kind, drawn in (("raw", points), ("smooth", smoothed(points))):
        drawn = thinned(drawn)
        style = f"{kind} {colour_of(colour)}"
        parts.append(f'<path class="{style}" d="{_path(drawn, scale, last)}"/>')
        if few:
            parts.append(f'<path class="{style} dots" d="{_dots(drawn, scale, last)}"/>')
    return "".join(parts)


def _path(points: Points, scale: _Scale, last: int) -> str:
    parts, pen = [], "M"
    for step, value in points:
        if value is None:
            pen = "M"
            continue
        # A point alone between two gaps is seen as a dot.
        dot = "h0" if pen == "M" else ""
        parts.append(f"{pen}{_x(step, last):.1f} {scale.y(value):.1f}{dot}")
        pen = "L"
    return "".join(parts)


def _dots(points: Points, scale: _Scale, last: int) -> str:
    return _path([p for point in points for p in (point, (0, None))], scale, last)


def _mark(mark: Mark, last: int) -> str:
    x, floor = f"{_x(mark.step, last):.1f}", _HEIGHT - _BOTTOM
    shape = {
        "checkpoint": f"M{x} {floor}v-7",
        "best": f"M{x} {floor}V{_TOP}",
        "rollback": f"M{x} {floor}V{_TOP}",
        "health": f"M{x} {_TOP}l-4 -7h8z",
    }[mark.kind]
    return (
        f'<path class="mark {mark.kind} {colour_of(mark.colour)}" d="{shape}">'
        f"<title>{escape(mark.title)}</title></path>"
    )


def _last(points: Points) -> float:
    return next(value for _, value in reversed(points) if value is not None)


def _count(step: float) -> str:
    if step >= 1e6:
        return f"{step / 1e6:g}M"
    return f"{step / 1e3:g}k" if step >= 1e4 else f"{step:,.0f}"


def _short(value: float) -> str:
    """Returns a number in few characters."""
    if value == 0:
        return "0"
    if 1e4 <= abs(value) < 1e15:
        for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:.3g}{letter}"
    if 1e-4 <= abs(value) < 1e4:
        return f"{value:.4g}"
    return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
