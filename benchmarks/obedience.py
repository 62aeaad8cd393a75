"""What `benchmarks.conditional` scores, and the networks and data of its controls."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo import atomic, networks
from tfgan_zoo.data import figures
from tfgan_zoo.metrics.figures import figure_scores, read

#: The classes that pictures show, a shape and colour each.
SHOWN = ("red circle", "yellow star", "green ring", "blue cross")
#: Obedience from which a control does more than guess; guesses are right one time in 48.
_CHANCE = 0.15


class Scores(NamedTuple):
    """Scores of samples that were asked for as classes.

    Attributes:
        validity: Share of samples that are one clean figure.
        obedience: Share of the clean ones that are the figure asked for; NaN if none is clean.
        modes: Combinations of shape and colour that occur.
        place: Spread of the centre relative to the data's; see `spreads`.
        size: Spread of the radius relative to the data's.
    """

    validity: float
    obedience: float
    modes: int
    place: float
    size: float


def asked(num: int) -> np.ndarray:
    """Returns all classes in turn: labels of `num` samples, as equally often as can be."""
    return np.arange(num, dtype=np.int32) % len(figures.CLASS_NAMES)


def score(images: np.ndarray, labels: np.ndarray, data: tuple[float, float]) -> Scores:
    """Scores samples of the figures.

    Args:
        images: Samples, uint8 [N, R, R, 3].
        labels: Class numbers that they were asked for, [N].
        data: What `spreads` returns for the data.
    """
    found = figure_scores(images, wanted=labels)
    place, size = (ours / real for ours, real in zip(spreads(images, labels), data, strict=True))
    return Scores(found["validity"], found["obedience"], int(found["modes"]), place, size)


def spreads(images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Returns the standard deviations within classes of the centres and radii that are read.

    Only clean figures of the class that was asked for count. Deviations are from the mean of the
    class, and those of both axes of the centre are taken together.

    Args:
        images: uint8 [N, R, R, 3].
        labels: Class numbers, [N].

    Returns:
        (of the centre, of the radius), in fractions of the image; NaN if no class has two figures.
    """
    found = read(images)
    seen = found.attributes
    right = found.valid & (seen.label == labels)
    variances = [_within(values[right], labels[right]) for values in (seen.x, seen.y, seen.radius)]
    return float(np.sqrt(np.mean(variances[:2]))), float(np.sqrt(variances[2]))


def _within(values: np.ndarray, labels: np.ndarray) -> float:
    """Returns the variance within classes, of all of them together."""
    squares, free = 0.0, 0
    for label in np.unique(labels):
        own = values[labels == label]
        squares += float(((own - own.mean()) ** 2).sum())
        free += len(own) - 1
    return squares / free if free else float("nan")


def draw(model: Any, labels: np.ndarray, truncation: float | None = None) -> np.ndarray:
    """Returns a sample of each class that is asked for, uint8."""
    from tfgan_zoo import pictures

    return pictures.to_uint8(model.generate(label=labels, seed=3, truncation=truncation))


def truncated_rows(model: Any, truncations: tuple[float, ...], each: int = 4) -> np.ndarray:
    """Returns a picture of samples of `SHOWN`, with a titled row for each truncation.

    Args:
        model: A model of the figures with classes and normal latents.
        truncations: Truncations, one for each row.
        each: Samples of each class.
    """
    from tfgan_zoo import pictures

    labels = np.repeat([figures.CLASS_NAMES.index(name) for name in SHOWN], each)
    samples = np.stack([draw(model, labels, truncation) for truncation in truncations])
    return pictures.labelled_rows([f"truncation {t:g}" for t in truncations], samples)


def right(scores: Scores) -> float:
    """Returns the share of samples that are a clean figure of the class asked for."""
    return scores.validity * scores.obedience if scores.validity else 0.0


def cells(scores: Scores) -> str:
    """Returns the cells of a line of scores, with a dash for what there is not."""
    shown = [
        f"{scores.validity:.3f}",
        f"{scores.obedience:.3f}",
        f"{scores.modes}",
        f"{scores.place:.2f}",
        f"{scores.size:.2f}",
    ]
    return " | ".join("—" if cell == "nan" else cell for cell in shown)


def failures(controls: Mapping[str, Scores], obedient: Mapping[str, Scores]) -> list[str]:
    """Returns what is wrong with controls.

    Args:
        controls: Scores of what cannot obey, by name.
        obedient: Scores of what must obey, for the others to mean something.
    """
    wrong = [
        f"{name}: expected an obedience of about 1/48, got {scores.obedience:.3f}."
        for name, scores in controls.items()
        if scores.obedience > _CHANCE
    ]
    return wrong + [
        f"{name}: expected an obedience above {_CHANCE}, got {scores.obedience:.3f}."
        for name, scores in obedient.items()
        if not scores.obedience > _CHANCE
    ]


# ---------------------------------------------------------------------- controls


def untold_discriminator(
    image_shape: tuple[int, ...],
    num_classes: int,
    packing: int = 1,
    *,
    filters: int = 40,
    name: str = "discriminator",
) -> keras.Model:
    """Returns the discriminator of `dcgan_conditional`, which takes the label and ignores it."""
    judge = networks.dcgan_discriminator(
        image_shape, filters=filters, kernel_size=4, normalization="none", name="judge"
    )
    image = keras.Input(image_shape, name="image")
    label = keras.Input((packing,) if packing > 1 else (), dtype="int32", name="label")
    return keras.Model([image, label], judge(image), name=name)


def mislabelled_figures(path: Path, num: int | None = None) -> str:
    """Writes the figures with each other's labels, unless it has; returns the data source.

    Args:
        path: A file, `.npz`.
        num: How many; all of the training images if None.
    """
    if not path.exists():
        data = figures.load(num=num)
        labels = np.random.default_rng(0).permutation(data["label"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.open_replacing(path) as file:
            np.savez(file, image=data["image"], label=labels)
    return f"npz:{path}"
