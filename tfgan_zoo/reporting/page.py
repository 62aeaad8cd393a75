"""The HTML of a report: one file that asks no network for anything."""

import base64
import datetime
import hashlib
import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.reporting import charts
from tfgan_zoo.reporting.charts import colour_of, embedded
from tfgan_zoo.reporting.gather import RunRecord, number
from tfgan_zoo.reporting.sheets import Picture, embed

#: What all pictures of a page may take, before base64 adds a third.
PICTURE_BYTES = 4_000_000

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'sha256-$digest'">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
<p class="quiet">Training report of tfgan_zoo, written $date.</p>
</header>
<main>
$body
</main>
<script>$script</script>
</body>
</html>
""")

Frame = tuple[str, Picture]


@dataclass(frozen=True)
class Walk:
    """Samples of one run between latents.

    Attributes:
        run: the run's index.
        title: between what.
        images: uint8, shape (walks, frames, height, width, channels).
    """

    run: int
    title: str
    images: np.ndarray


def render(
    runs: Sequence[RunRecord], walks: Sequence[Walk] = (), now: datetime.datetime | None = None
) -> str:
    """Returns the page.

    Args:
        runs: from `gather`.
        walks: to be shown too.
        now: the time that is said on it.
    """
    share = PICTURE_BYTES // (len(runs) + len(walks))
    before = {i: run.pretraining for i, run in enumerate(runs) if run.pretraining is not None}
    sections = [
        ("", "".join(card(run, i) for i, run in enumerate(runs))),
        ("Samples", samples(runs, share)),
        ("Curves", curves(dict(enumerate(runs)), "main")),
        ("Curves of pretraining", curves(before, "before")),
        ("Between latents", "".join(between(walk, runs, share) for walk in walks)),
        ("Evaluations", evaluations(runs)),
        ("Messages", messages(runs)),
        ("Config", config(runs)),
        ("Versions", versions(runs)),
    ]
    body = "\n".join(
        f"<section{'' if title else ' class=cards'}>{f'<h2>{title}</h2>' if title else ''}"
        f"{content}</section>"
        for title, content in sections
        if content
    )
    script = _data("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.substitute(
        title=escape(heading(runs)),
        date=f"{now or datetime.datetime.now():%Y-%m-%d %H:%M}",
        style=_data("style.css"),
        script=script,
        digest=digest,
        body=body,
    )


def write_page(path: str | os.PathLike, page: str) -> None:
    """Writes the page, complete or not at all.

    Raises:
        InputError: if the folder is not there and cannot be made.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output: cannot make the folder of {str(path)!r}: {error}.") from error
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(page)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _data(name: str) -> str:
    return resources.files("tfgan_zoo.reporting").joinpath(name).read_text()


# ---------------------------------------------------------------------- the top


def heading(runs: Sequence[RunRecord]) -> str:
    """Returns the page's title: the only run's name, or several's."""
    names = [run.name for run in runs]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def state(run: RunRecord) -> tuple[str, str]:
    """Returns (kind, sentence) of how far a run is.

    The kind is "running", "finished" or "stopped".
    """
    of = "" if run.steps is None else f" of {run.steps:,}"
    if run.running and run.step == 0 and run.pretraining is not None:
        return "running", f"pretraining at step {run.pretraining.step:,}"
    if run.running:
        return "running", f"running at step {run.step:,}{of}"
    if run.result:
        return "finished", f"finished, {run.step:,} steps"
    if run.step == 0:
        return "stopped", "only started"
    if run.steps is not None and run.step >= run.steps:
        return "stopped", f"trained all {run.steps:,} steps, not exported"
    return "stopped", f"stopped early, at step {run.step:,}{of}"


def card(run: RunRecord, index: int) -> str:
    """Returns what a run is, in a few facts."""
    kind, sentence = state(run)
    data, steps = run.config.get("data"), run.steps
    data = data if isinstance(data, dict) else {}
    rates = [v for v in run.series("images_per_second")[1] if v is not None]
    size = run.config.get("model_args")
    size = size.get("image_shape") if isinstance(size, dict) else None
    facts = {
        "Model": run.config.get("model"),
        "Images": "\u00d7".join(map(str, size)) if isinstance(size, list) else size,
        "Data": data.get("source"),
        "Split": data.get("split"),
        "Batch size": data.get("batch_size"),
        "Seed": run.config.get("seed"),
        "Wall time": None if run.seconds is None else duration(run.seconds),
        "Images/s": f"{statistics.median(rates):,.0f}" if rates else None,
        "Parameters": ", ".join(f"{n} {count:,}" for n, count in run.parameters.items()),
        "Best checkpoint": None if run.best is None else f"step {run.best:,}",
    }
    listed = "".join(
        f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in facts.items()
        if value not in (None, "")
    )
    scores = "".join(
        f"<li><b>{escape(figure(value))}</b><span>{breakable(name)}</span></li>"
        for name, value in _scores(run).items()
    )
    share = min(1.0, run.step / steps) if steps else 0.0
    unread = "".join(
        f"<p class=warning>{escape(file)}: {num} line{'s' * (num > 1)} could not be read.</p>"
        for file, num in run.unread.items()
    )
    return (
        f'<article class="card {colour_of(index)}"><h2><i></i>{escape(run.name)}</h2>'
        f'<p class="state {kind}"><span>{escape(sentence)}</span></p>'
        f'<div class="bar {kind}"><span style="width:{100 * share:.1f}%"></span></div>'
        f"<dl>{listed}</dl>{f'<ul class=scores>{scores}</ul>' if scores else ''}{unread}"
        f'<p class="quiet path">{escape(str(run.path))}</p></article>'
    )


def _scores(run: RunRecord) -> dict[str, Any]:
    scores = run.result.get("scores")
    return scores if isinstance(scores, dict) else {}


def duration(seconds: float) -> str:
    """Returns a time in words.

    Example:
        >>> duration(3723)
        '1 h 2 min'
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def figure(value: Any) -> str:
    """Returns a number as tables show it, and anything else as JSON."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "\u2013"
    if isinstance(value, str):
        return value
    if number(value) is None:
        return json.dumps(value, ensure_ascii=False)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4f}" if 0.001 <= abs(value) < 1e6 else f"{value:.4g}"


# ---------------------------------------------------------------------- pictures


def samples(runs: Sequence[RunRecord], num_bytes: int) -> str:
    """Returns the sheets of all runs side by side, under one slider."""
    albums = [embed([*r.sheets.values(), *([r.final] if r.final else [])], num_bytes) for r in runs]
    shown = [
        {
            (list(run.sheets)[i] if i < len(run.sheets) else math.inf): picture
            for i, picture in album.pictures.items()
        }
        for run, album in zip(runs, albums, strict=True)
    ]
    places = sorted({place for frames in shown for place in frames})
    labels = ["best weights" if p == math.inf else f"step {int(p):,}" for p in places]
    strips = []
    for i, (run, frames) in enumerate(zip(runs, shown, strict=True)):
        if not frames:
            continue
        own = list(frames)
        # Between its own sheets, a run shows the one before.
        at = [max(0, sum(step <= place for step in own) - 1) for place in places]
        named = [(_place_name(step, run), frames[step]) for step in own]
        strips.append(_strip(run.name, i, named, at, albums[i].note, len(runs) > 1))
    return _scrubber(labels, strips) if strips else ""


def _place_name(step: float, run: RunRecord) -> str:
    if step != math.inf:
        return f"step {int(step):,}"
    at = run.result.get("step")
    return f"best weights, step {at:,}" if isinstance(at, int) else "best weights"


def _scrubber(labels: Sequence[str], strips: Sequence[str]) -> str:
    controls = (
        '<div class="controls"><button type="button" aria-label="Play">Play</button>'
        f'<input type="range" min="0" max="{len(labels) - 1}" value="{len(labels) - 1}" '
        f'aria-label="Which samples"><output>{escape(labels[-1])}</output></div>'
    )
    return (
        f'<div class="scrubber">{controls if len(labels) > 1 else ""}'
        f'<div class="strips">{"".join(strips)}</div>{embedded(list(labels))}</div>'
    )


def _strip(
    name: str, colour: int, frames: Sequence[Frame], at: Sequence[int], note: str, titled: bool
) -> str:
    """One run's pictures: the first and the last as they are, the others for the script."""
    ends = [frames[0], frames[-1]] if len(frames) > 1 else frames
    shots = "".join(_shot(label, picture) for label, picture in ends)
    data = {
        "at": at,
        "labels": [label for label, _ in frames],
        "sources": [picture.source for _, picture in frames[1:-1]],
    }
    title = f'<h3 class="{colour_of(colour)}"><i></i>{escape(name)}</h3>' if titled else ""
    said = f'<p class="quiet">{escape(note)}; the run folder has them all as they are.</p>'
    return (
        f'<div class="strip">{title}<div class="shots">{shots}</div>'
        f"{embedded(data)}{said if note else ''}</div>"
    )


def _shot(label: str, picture: Picture) -> str:
    kind = ' class="enlarged"' if picture.enlarged else ""
    return (
        f'<figure class="shot"><img{kind} src="{picture.source}" width="{picture.width}" '
        f'height="{picture.height}" alt="Samples, {escape(label)}">'
        f"<figcaption>{escape(label)}</figcaption></figure>"
    )


def between(walk: Walk, runs: Sequence[RunRecord], num_bytes: int) -> str:
    """Returns a walk: all of it, and frame by frame under a slider of its own."""
    num, frames = walk.images.shape[:2]
    strips = pictures.grid(walk.images.reshape(-1, *walk.images.shape[2:]), frames)
    steps = [pictures.enlarge(pictures.grid(step, num), 128) for step in walk.images.swapaxes(0, 1)]
    album = embed([pictures.enlarge(strips), *steps], num_bytes)
    labels = [f"{i / (frames - 1):.0%} of the way" for i in range(frames)]
    named = [(labels[i - 1], album.pictures[i]) for i in range(1, frames + 1)]
    name = f"{runs[walk.run].name}: {walk.title}"
    moving = _strip(name, walk.run, named, list(range(frames)), album.note, True)
    whole = _shot("each row one walk, from left to right", album.pictures[0])
    return f'<div class="walk">{_scrubber(labels, [moving])}<div class="shots">{whole}</div></div>'


# ---------------------------------------------------------------------- numbers


def curves(runs: Mapping[int, RunRecord], name: str) -> str:
    """Returns a chart of everything logged, all runs in one, and how they are to be shown."""
    marked = charts.marks(runs)
    groups = []
    for group, quantities in charts.quantities(runs).items():
        drawn = "".join(charts.chart(quantity, runs, marked) for quantity in quantities)
        if drawn:
            groups.append(f'<h3>{group}</h3><div class="charts">{drawn}</div>')
    if not groups:
        return ""
    kinds = {mark.kind for mark in marked}
    keys = {
        "checkpoint": "checkpoint kept",
        "best": "the best one",
        "rollback": "went back after NaN",
        "health": "health message",
    }
    legend = [
        f'<li class="{colour_of(i)}"><i></i>{escape(run.name)}</li>'
        for i, run in runs.items()
        if len(runs) > 1
    ]
    shape = {
        "checkpoint": "M8 15v-7",
        "best": "M8 15V1",
        "rollback": "M8 15V1",
        "health": "M8 12l-4 -7h8z",
    }
    legend += [
        f'<li><svg viewBox="0 0 16 16" class="key"><path class="mark {kind} c0" d="{shape[kind]}"/>'
        f"</svg>{text}</li>"
        for kind, text in keys.items()
        if kind in kinds
    ]
    noisy = " checked" * any(len(run.rows) > charts.MANY_POINTS for run in runs.values())
    boxes = (
        f'<input type="checkbox" id="{name}-log" class="log-box">'
        f'<label for="{name}-log">Logarithmic</label>'
        f'<input type="checkbox" id="{name}-smooth" class="smooth-box"{noisy}>'
        f'<label for="{name}-smooth" title="An exponential mean; its half-life is a fortieth of '
        'the curve.">Smoothed</label>'
    )
    return f'{boxes}<ul class="legend">{"".join(legend)}</ul><div>{"".join(groups)}</div>'


def evaluations(runs: Sequence[RunRecord]) -> str:
    """Returns a table of evaluation.jsonl, a line an evaluation."""
    lines = [(i, line) for i, run in enumerate(runs) for line in run.evaluations]
    if not lines:
        return ""
    columns = list(dict.fromkeys(name for _, line in lines for name in _metrics(line)))
    head = "".join(f'<th class="number">{escape(name)}</th>' for name in columns)
    several = len(runs) > 1
    rows = []
    for i, line in lines:
        cells = "".join(
            f'<td class="number">{escape(figure(_metrics(line).get(name)))}</td>'
            for name in columns
        )
        rest = {name: value for name, value in line.items() if name not in _SHOWN}
        run = f'<td class="{colour_of(i)}"><i></i>{escape(runs[i].name)}</td>' if several else ""
        rows.append(
            f"<tr>{run}<td>{escape(when(line.get('time')))}</td>"
            f'<td class="number">{escape(figure(line.get("step")))}</td>{cells}'
            f"<td>{_details('how', rest) if rest else ''}</td></tr>"
        )
    first = "<th>Run</th>" if several else ""
    return (
        f'<div class="wide"><table><thead><tr>{first}<th>Time</th><th class="number">Step</th>'
        f"{head}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


_SHOWN = ("time", "step", "metrics")


def _metrics(line: Mapping[str, Any]) -> dict[str, Any]:
    metrics = line.get("metrics")
    return metrics if isinstance(metrics, dict) else {}


def _details(title: str, value: Mapping[str, Any]) -> str:
    items = "".join(
        f"<div><dt>{escape(key)}</dt><dd>{escape(plain(each))}</dd></div>"
        for key, each in flat_entries(value).items()
    )
    return f"<details><summary>{title}</summary><dl class=small>{items}</dl></details>"


def flat_entries(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns entries by dotted key."""
    flat: dict[str, Any] = {}
    for key, each in value.items():
        nested = isinstance(each, dict) and each
        flat |= flat_entries(each, f"{prefix}{key}.") if nested else {f"{prefix}{key}": each}
    return flat


def when(time: Any) -> str:
    """Returns a time, in seconds since 1970 or written out, to the minute."""
    seconds = number(time)
    with_date = None
    try:
        if seconds is not None:
            with_date = datetime.datetime.fromtimestamp(seconds)
        elif isinstance(time, str):
            with_date = datetime.datetime.fromisoformat(time)
    except (ValueError, OverflowError, OSError):
        pass
    return figure(time) if with_date is None else f"{with_date:%Y-%m-%d %H:%M}"


def messages(runs: Sequence[RunRecord]) -> str:
    """Returns what health.jsonl and rollbacks.jsonl say, by step."""
    rows = []
    for i, run in enumerate(runs):
        said = [
            (number(line.get("step")), figure(line.get("condition")), figure(line.get("message")))
            for line in run.health
        ]
        for note in run.rollbacks:
            at, reason = number(note.get("at")), note.get("reason")
            text = f"{'' if reason is None else reason} Back to step {figure(note.get('to'))}"
            factor = number(note.get("learning_rate_factor"))
            text += "." if factor in (None, 1.0) else f", learning rates times {factor:g}."
            said.append((at, "rollback", text.strip()))
        said.sort(key=lambda line: (line[0] is None, line[0] or 0.0))
        rows += [(i, *line) for line in said]
    if not rows:
        return ""
    several = len(runs) > 1
    body = "".join(
        "<tr>"
        + (f'<td class="{colour_of(i)}"><i></i>{escape(runs[i].name)}</td>' if several else "")
        + f'<td class="number step">{figure(step)}</td><td>{escape(condition)}</td>'
        f'<td class="text">{escape(text)}</td></tr>'
        for i, step, condition, text in rows
    )
    first = "<th>Run</th>" if several else ""
    return (
        f'<div class="wide"><table class="messages"><thead><tr>{first}<th class="number">Step</th>'
        f"<th>Condition</th><th>Message</th></tr></thead><tbody>{body}</tbody></table></div>"
    )


# ---------------------------------------------------------------------- the config


def config(runs: Sequence[RunRecord]) -> str:
    """Returns the resolved configs as one tree that folds, with what differs marked."""
    configs = [run.config for run in runs]
    tree, num = _tree(configs, [run.name for run in runs])
    if len(runs) == 1:
        return tree
    differ = "entry differs and is" if num == 1 else "entries differ and are"
    said = f"{num} {differ} marked." if num else "All are the same."
    return f'<p class="quiet">{said}</p>{tree}'


def _tree(configs: Sequence[Any], names: Sequence[str]) -> tuple[str, int]:
    """Returns the HTML of one level and those below, and how many entries differ."""
    keys = dict.fromkeys(key for each in configs for key in each)
    rows, groups, total = [], [], 0
    for key in keys:
        values = [each.get(key, _NONE) for each in configs]
        if all(isinstance(value, dict) or value is _NONE for value in values):
            inner, num = _tree([{} if v is _NONE else v for v in values], names)
            differ = "differs" if num == 1 else "differ"
            mark = f' <em class="differs">{num} {differ}</em>' if num else ""
            groups.append(
                f"<details{' open' if num else ''}><summary>{breakable(key)}{mark}</summary>"
                f"{inner}</details>"
            )
        else:
            texts = [plain(value) for value in values]
            num = int(len(set(texts)) > 1)
            cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
            kind = ' class="differs"' if num else ""
            rows.append(f"<tr{kind}><th>{breakable(key)}</th>{cells}</tr>")
        total += num
    head = ""
    if len(names) > 1:
        cells = "".join(
            f'<th class="{colour_of(i)}"><i></i>{escape(name)}</th>' for i, name in enumerate(names)
        )
        head = f"<thead><tr><th></th>{cells}</tr></thead>"
    body = f"<tbody>{''.join(rows)}</tbody>"
    table = f'<div class="wide"><table class="entries">{head}{body}</table></div>'
    return (table if rows else "") + "".join(groups), total


_NONE = object()


def breakable(name: str) -> str:
    """Returns a name, escaped, that may be broken after its underscores."""
    return escape(name).replace("_", "_<wbr>")


def plain(value: Any) -> str:
    """Returns a value as the config shows it."""
    if value is _NONE:
        return "\u2013"
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def versions(runs: Sequence[RunRecord]) -> str:
    """Returns the versions that the runs were made with."""
    return _tree([run.versions for run in runs], [run.name for run in runs])[0]
