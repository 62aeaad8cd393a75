"""All figures, in the order of the page."""

from benchmarks.gallery import (
    attributes,
    autoencoders,
    collapse,
    critics,
    distances,
    drawing,
    dynamics,
    generations,
    learning,
    losses,
)
from benchmarks.gallery.figure import Figure

#: Heading on the page -> its figures, by name.
GROUPS: dict[str, dict[str, Figure]] = {
    "Losses and distances": losses.FIGURES | distances.FIGURES | critics.FIGURES,
    "The game": dynamics.FIGURES,
    "Mode collapse": collapse.FIGURES,
    "What models have learnt": (
        generations.FIGURES | learning.FIGURES | drawing.FIGURES | attributes.FIGURES
    ),
    "Autoencoders": autoencoders.FIGURES,
}

FIGURES: dict[str, Figure] = {
    name: figure for figures in GROUPS.values() for name, figure in figures.items()
}
