"""A figure of the gallery."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A figure, and the words on the page around it.

    Attributes:
        title: The heading.
        see: Two sentences on what to see.
        draw: Returns a Matplotlib figure or an image for a PNG, or images for a GIF. It takes the
            folder of a finished run if the figure needs one, and nothing otherwise.
        kind: "png" or "gif".
        models: Keys of the models that are trained.
        recipe: The recipe of the run that the figure is drawn from; None if it needs no run.
        milliseconds: How long a GIF shows an image.
    """

    title: str
    see: str
    draw: Callable[..., Any]
    kind: str = "png"
    models: Sequence[str] = ()
    recipe: str | None = None
    milliseconds: int = 120

    def file(self, name: str) -> str:
        """Returns the name of the file."""
        return f"{name}.{self.kind}"

    def command(self, name: str) -> str:
        """Returns the command that draws it."""
        workdir = f" --workdir=runs/{self.recipe}" if self.recipe else ""
        return f"python -m benchmarks.gallery {name}{workdir} --output=docs/gallery"


class Drawn(NamedTuple):
    """What a figure took on the machine where it was drawn.

    Attributes:
        seconds: CPU time.
        date: Day, as YYYY-MM-DD.
    """

    seconds: float
    date: str
