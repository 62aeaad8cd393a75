"""The cards of presets."""

import dataclasses
import html
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import did_you_mean

#: Where the cards are, and the files that come with the library.
FOLDER = resources.files("tfgan_zoo.presets")


@dataclasses.dataclass(frozen=True)
class Preset:
    """The card of a preset.

    Attributes:
        name: Its name.
        model: The key of its model, such as "r3gan".
        task: What it does, in words, such as "generates images".
        commands: The commands that it is for, besides `evaluate` and `export`.
        data: What it was trained on.
        licence: The licence of these data.
        main: The name of its main score.
        command: The command that trained it.
        date: When it was made.
        limits: What to know before it is used.
        steps: Steps of the training.
        numbers: Numbers in its networks.
        bytes: Size of its file.
        sha256: SHA-256 of its file.
        precision: The type that its weights are stored in, "float16" or "float32". They are
            computed with in float32.
        scores: Its scores by name.
        scores_of_run: Those of the run that it was made from, by the same protocol.
        protocol: How the scores were measured; see `tfgan_zoo.evaluate`.
        check: A smaller measurement for tests: what is computed, what comes out, and by how much
            another machine may differ.
        url: Where its file is, if it does not come with the library.
    """

    name: str
    model: str
    task: str
    commands: Sequence[str]
    data: str
    licence: str
    main: str
    command: str
    date: str
    limits: str
    steps: int
    numbers: int
    bytes: int
    sha256: str
    precision: str
    scores: Mapping[str, float]
    scores_of_run: Mapping[str, float]
    protocol: Mapping[str, Any]
    check: Mapping[str, Any]
    url: str = ""

    @property
    def score(self) -> str:
        """Returns the main score, in words, such as "fid 0.865 in fashion_mnist_v1"."""
        name, _, of = re.sub("^(figures|solids)_", "", self.main).partition("[")
        name = re.sub("all$", "all right", name)
        where = f" in {of.rstrip(']')}" if of else ""
        return f"{name.replace('_', ' ')} {self.scores[self.main]:.3f}{where}"

    @property
    def size(self) -> str:
        """Returns the size of the file, in words."""
        return f"{self.bytes / 1e6:.1f} MB"

    def facts(self) -> dict[str, str]:
        """Returns what the card says, in words."""
        protocol = self.protocol
        reference = protocol.get("reference")
        if reference is None:
            how = f"{protocol['images']:,} images of {protocol['source']}"
        else:
            how = (
                f"{protocol['samples']:,} samples of seed {protocol['seed']}, against "
                f"{reference['samples']:,} images of {reference['source']}, {reference['split']}"
            )
        if features := protocol.get("features"):
            how += f", features `{features['name']}`"
        return {
            "model": f"`{self.model}`, {self.numbers:,} numbers after {self.steps:,} steps",
            "data": self.data,
            "licence": self.licence,
            "made by": f"`{self.command}`, {self.date}",
            "scores": ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items()),
            "protocol": how,
            "stored in": f"{self.precision}, {self.bytes:,} bytes, SHA-256 `{self.sha256[:16]}...`",
            "limits": self.limits,
        }

    def __str__(self) -> str:
        lines = [f"{self.name} {self.task}"]
        lines += [f"{name}: {fact}".replace("`", "") for name, fact in self.facts().items()]
        return "\n  ".join(lines)

    __repr__ = __str__


#: The columns of a table of presets.
COLUMNS = ("name", "task", "size", "data", "licence", "score", "command")


class Presets(tuple[Preset, ...]):
    """Presets, which print as a table; its last columns only if the terminal is wide enough."""

    def rows(self) -> list[tuple[str, ...]]:
        """Returns the table, the titles of its columns first."""
        return [COLUMNS, *(tuple(str(getattr(each, name)) for name in COLUMNS) for each in self)]

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        # Without a terminal, such as in a pipe, all columns are shown.
        available = shutil.get_terminal_size((1000, 24)).columns
        shown = len(widths)
        while shown > 2 and sum(widths[:shown]) + 2 * (shown - 1) > available:
            shown -= 1
        lines = ["  ".join(map(str.ljust, row[:shown], widths)).rstrip() for row in rows]
        if shown < len(widths):
            hidden = ", ".join(COLUMNS[shown:])
            lines.append(f"not shown: {hidden}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Returns the table as notebooks show it."""
        rows = [[html.escape(cell) for cell in row] for row in self.rows()]
        head, *body = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
        head = head.replace("td>", "th>")
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in (head, *body))}</table>"


def list_presets() -> Presets:
    """Returns the cards of all presets, which print as a table; see `tfgan_zoo.list_presets`."""
    return Presets(_read(name, path) for name, path in _cards().items())


def _cards() -> dict[str, Traversable]:
    """Returns the files of all cards, by the names of the presets."""
    files = {each.name: each for each in FOLDER.iterdir()}
    return {name[:-5]: files[name] for name in sorted(files) if name.endswith(".json")}


def _read(name: str, card: Traversable) -> Preset:
    return Preset(name=name, **json.loads(card.read_text("utf-8")))


def is_preset(name: str) -> bool:
    """Returns whether there is a preset of this name."""
    return name in _cards()


def find(name: Any, argument: str = "name", command: str | None = None) -> Preset:
    """Returns the card of a preset.

    Args:
        name: Its name.
        argument: What to call the name in messages.
        command: The command that it is for; None for any.

    Raises:
        InputError: If there is none of this name, or it is for other commands.

    Example:
        >>> find("r3gan_figures").licence
        'Apache-2.0'
    """
    if not isinstance(name, str):
        raise InputError(f"{argument}: expected the name of a preset, got {name!r}.")
    cards = _cards()
    if name not in cards:
        advice = did_you_mean(name, cards) or "; `python -m tfgan_zoo.presets` lists all"
        ending = "" if advice.endswith("?") else "."
        raise InputError(f"{argument}: there is no preset {name!r}{advice}{ending}")
    preset = _read(name, cards[name])
    if command is not None and command not in preset.commands:
        others = [each.name for each in list_presets() if command in each.commands]
        advice = f"presets for {command} are {', '.join(others)}" if others else "there is none"
        raise InputError(
            f"{argument}: expected a preset for {command}, got {name!r}, which {preset.task}; "
            f"{advice}."
        )
    return preset
