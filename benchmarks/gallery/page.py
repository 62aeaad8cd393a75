"""The page of the gallery: the figures in a folder, with the commands that drew them."""

import json
import textwrap
from pathlib import Path

from benchmarks.gallery.catalogue import FIGURES, GROUPS
from benchmarks.gallery.figure import Drawn, Figure
from tfgan_zoo import atomic

_INTRODUCTION = """\
# Gallery

Figures of lectures on GANs, drawn by the models of the zoo on a CPU and without a download. The
commands run in a checkout with Matplotlib, `pip install -e '.[docs]'`, and write this page, too;
`python -m benchmarks.gallery --list` prints all names. Times are CPU time: on an idle core, a
figure takes about as long. Sheets of samples and tables are in [results](results.md).
"""
_RECORDS = "drawn.json"


def record(folder: Path, name: str, drawn: Drawn) -> None:
    """Stores what a figure took."""
    stored = {**records(folder), name: drawn}
    content = {each: stored[each]._asdict() for each in FIGURES if each in stored}
    atomic.write_atomically(folder / _RECORDS, json.dumps(content, indent=1) + "\n")


def records(folder: Path) -> dict[str, Drawn]:
    """Returns what each figure in a folder took."""
    path = folder / _RECORDS
    stored = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {name: Drawn(**entry) for name, entry in stored.items()}


def write(folder: Path) -> None:
    """Writes the page beside a folder: docs/gallery.md for docs/gallery."""
    atomic.write_atomically(folder.with_name(f"{folder.name}.md"), text(folder))


def text(folder: Path) -> str:
    """Returns the page: every figure of which the folder has the picture."""
    stored = records(folder)
    parts = [_INTRODUCTION]
    for group, figures in GROUPS.items():
        shown = {
            name: figure
            for name, figure in figures.items()
            if name in stored and (folder / figure.file(name)).is_file()
        }
        if shown:
            parts.append(f"## {group}\n")
        for name, figure in shown.items():
            parts += [
                f"### {figure.title}\n",
                f"![{figure.title}]({folder.name}/{figure.file(name)})\n",
                f"{_wrapped(figure.see)}\n",
                f"```sh\n{figure.command(name)}\n```\n",
                f"{_cost(figure, stored[name])}\n",
            ]
    return "\n".join(parts)


def _wrapped(words: str) -> str:
    return textwrap.fill(words, 110, break_long_words=False, break_on_hyphens=False)


def _cost(figure: Figure, drawn: Drawn) -> str:
    took = f"{_duration(drawn.seconds)} of CPU time, {drawn.date}."
    models = ", ".join(f"`{key}`" for key in figure.models)
    return f"Trains {models}: {took[0].lower()}{took[1:]}" if models else took


def _duration(seconds: float) -> str:
    if seconds < 0.5:
        return "Less than a second"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} minutes"
