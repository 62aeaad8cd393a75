"""The HTML of a report: one file that needs no network."""

import base64
import datetime
import hashlib
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

from tfgan_zoo import atomic, pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.progress import counted
from tfgan_zoo.reporting import charts
from tfgan_zoo.reporting.album import Picture, embed
from tfgan_zoo.reporting.charts import colour_of, embedded
from tfgan_zoo.reporting.gather import RunRecord
from tfgan_zoo.reporting.tables import breakable, config, evaluations, figure, messages, versions

#: Maximum size of all pictures of a page, before base64 adds a third.
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
    """Samples of one run along walks between latents.

    Attributes:
        run: Index of the run.
        title: What the walks are between.
        images: uint8 of shape (walks, frames, height, width, channels).
    """

    run: int
    title: str
    images: np.ndarray


def render(
    runs: Sequence[RunRecord], walks: Sequence[Walk] = (), now: datetime.datetime | None = None
) -> str:
    """Returns the page.

    Args:
        runs: Runs from `gather`.
        walks: Walks to show.
        now: The time shown on the page; None for the present time.
    """
    share = PICTURE_BYTES // (len(runs) + len(walks))
    before = pretrainings(runs)
    sections = [
        ("", "".join(card(run, i) for i, run in enumerate(runs))),
        ("Samples", samples(runs, share)),
        ("Curves", curves(dict(enumerate(runs)), "main")),
        *(
            (f"Curves of pretraining{of}", curves(stages, f"before{depth}"))
            for depth, stages in enumerate(before)
            for of in [f", stage {len(before) - depth}" if len(before) > 1 else ""]
        ),
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

    Args:
        path: The file.
        page: The HTML of `render`.

    Raises:
        InputError: If the folder does not exist and cannot be created.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--output: cannot create the folder of {str(path)!r}: {error}."
        ) from error
    # A name may contain lone surrogates.
    with atomic.open_replacing(path, "w", errors="replace") as file:
        file.write(page)


def _data(name: str) -> str:
    return resources.files("tfgan_zoo.reporting").joinpath(name).read_text("utf-8")


# ---------------------------------------------------------------------- the top


def heading(runs: Sequence[RunRecord]) -> str:
    """Returns the title of the page: the names of the runs, or their number."""
    names = [run.name for run in runs]
    if len(names) > 4:
        return f"{len(names)} runs"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def pretrainings(runs: Sequence[RunRecord]) -> list[dict[int, RunRecord]]:
    """Returns the stages of pretraining by the index of their run, the last stage first."""
    found = []
    stages = dict(enumerate(runs))
    while stages := {i: run.pretraining for i, run in stages.items() if run.pretraining}:
        found.append(stages)
    return found


def state(run: RunRecord) -> tuple[str, str]:
    """Returns (kind, sentence) for the state of a run.

    The kind is "running", "finished" or "stopped".
    """
    of = "" if run.steps is None else f" of {run.steps:,}"
    if run.step == 0 and not run.result and run.pretraining is not None:
        stage = run.pretraining
        while stage.step == 0 and stage.pretraining is not None:
            stage = stage.pretraining
        steps = "" if stage.steps is None else f" of {stage.steps:,}"
        kind = "running" if run.running else "stopped"
        verb = "at" if run.running else "stopped at"
        return kind, f"pretraining {verb} step {stage.step:,}{steps}"
    if run.running:
        return "running", f"running at step {run.step:,}{of}"
    if run.result:
        return "finished", f"finished, {counted(run.step, 'step')}"
    if run.step == 0:
        return "stopped", "only started"
    if run.steps is not None and run.step >= run.steps:
        whole = "its" if run.steps == 1 else "all"
        return "stopped", f"trained {whole} {counted(run.steps, 'step')}, not exported"
    return "stopped", f"stopped early, at step {run.step:,}{of}"


def card(run: RunRecord, index: int) -> str:
    """Returns a card with the main facts of a run."""
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
        f"<p class=warning>{escape(file)}: {counted(num, 'line')} could not be read.</p>"
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
        # Between two of its sheets, a run shows the earlier one.
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
    """Returns one run's pictures: the first and last as images, the others for the script."""
    ends = [frames[0], frames[-1]] if len(frames) > 1 else frames
    shots = "".join(_shot(label, picture) for label, picture in ends)
    data = {
        "at": at,
        "labels": [label for label, _ in frames],
        "sources": [picture.source for _, picture in frames[1:-1]],
    }
    title = f'<h3 class="{colour_of(colour)}"><i></i>{escape(name)}</h3>' if titled else ""
    said = f'<p class="quiet">{escape(note)}; the run folder has all originals.</p>'
    return (
        f'<div class="strip">{title}<div class="shots">{shots}</div>'
        f"{embedded(data)}{said if note else ''}</div>"
    )


def _shot(label: str, picture: Picture) -> str:
    kind = ' class="enlarged"' if picture.enlarged else ""
    titles = ""
    if picture.titles is not None:
        titles = f'<img class="titles" src="{picture.titles}" width="{picture.width}" alt="">'
    return (
        f'<figure class="shot">{titles}<img{kind} src="{picture.source}" width="{picture.width}" '
        f'height="{picture.height}" alt="Samples, {escape(label)}">'
        f"<figcaption>{escape(label)}</figcaption></figure>"
    )


def between(walk: Walk, runs: Sequence[RunRecord], num_bytes: int) -> str:
    """Returns a walk as one picture, and frame by frame with its own slider."""
    num, frames = walk.images.shape[:2]
    strips = pictures.grid(walk.images.reshape(-1, *walk.images.shape[2:]), frames)
    steps = [pictures.enlarge(pictures.grid(step, num), 128) for step in walk.images.swapaxes(0, 1)]
    album = embed([pictures.enlarge(strips), *steps], num_bytes)
    shown = [i - 1 for i in album.pictures if i > 0]
    labels = [f"{i / (frames - 1):.0%} of the way" for i in shown]
    named = [(label, album.pictures[i + 1]) for label, i in zip(labels, shown, strict=True)]
    name = f"{runs[walk.run].name}: {walk.title}"
    moving = _strip(name, walk.run, named, list(range(len(shown))), album.note, True)
    whole = _shot("each row one walk, from left to right", album.pictures[0])
    return f'<div class="walk">{_scrubber(labels, [moving])}<div class="shots">{whole}</div></div>'


# ---------------------------------------------------------------------- numbers


def curves(runs: Mapping[int, RunRecord], name: str) -> str:
    """Returns charts of all logs, each with all runs, and the controls of their display."""
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
        "rollback": "rollback after NaN",
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
        f'<label for="{name}-smooth" title="An exponential mean with a half-life of a fortieth of '
        'the curve.">Smoothed</label>'
    )
    return f'{boxes}<ul class="legend">{"".join(legend)}</ul><div>{"".join(groups)}</div>'
