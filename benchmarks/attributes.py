"""Scores images drawn from attributes that were never seen together, beside the nearest images.

  python -m benchmarks.attributes
  python -m benchmarks.attributes --recipe=attribute_to_image --output=docs/results.md

Trains a recipe of `figures/attributes`, unless --workdir has the finished run, and draws the test
split: pairs of shape and colour, and angles, that training held back, and the rest. The floor is
the training image whose attributes are nearest; another is the nearest in pixels, which needs to
know the answer. Walks between two shapes are compared with blends of their pixels, by the share of
frames that show one clean figure.

Prints the tables and, with --output, puts them into a Markdown file between the lines
`<!-- attributes:begin -->` and `<!-- attributes:end -->`.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: Shares of the second class at the frames of a walk that are scored.
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)


class Drawn(NamedTuple):
    """Images and masks for some attributes, uint8."""

    images: np.ndarray
    masks: np.ndarray


def rendered(wanted: Any, side: int) -> Drawn:
    """Draws figures exactly, on black."""
    from tfgan_zoo.data import figures
    from tfgan_zoo.pixels import on_black

    masks = figures.masks(wanted, side)
    return Drawn(on_black(figures.render(wanted, side), masks), masks)


def by_model(model: Any, codes: np.ndarray) -> Drawn:
    """Draws codes by a model."""
    from tfgan_zoo import pictures

    images, masks = model.generate_with_masks(codes)
    return Drawn(pictures.to_uint8(images), pictures.to_uint8(2 * masks - 1))


def nearest(wanted: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns the index of the nearest known row for each wanted one, by Euclidean distance."""
    known = known.reshape(len(known), -1).astype(np.float32)
    wanted = wanted.reshape(len(wanted), -1).astype(np.float32)
    norms = (known * known).sum(1)
    parts = [part @ known.T for part in np.array_split(wanted, max(1, len(wanted) // 100))]
    return np.concatenate([(norms - 2 * part).argmin(1) for part in parts])


def scores(made: Drawn, exact: Drawn, wanted: Any) -> tuple[float, float, float]:
    """Returns PSNR, the mean IoU of masks, and the share with every attribute read right."""
    from tfgan_zoo.evaluation.pairs import score_targets
    from tfgan_zoo.metrics.figure_attributes import mask_iou, right_attributes

    psnr = score_targets(["psnr"], made.images, exact.images)["psnr"]
    iou = float(mask_iou(made.masks, exact.masks).mean())
    return psnr, iou, float(right_attributes(made.images, wanted)["all"].mean())


def parts(wanted: Any) -> dict[str, np.ndarray]:
    """Returns which figures belong to each part of the table, bool `[N]`."""
    import dataclasses

    from tfgan_zoo.data import figures

    pair = figures.is_held_out(dataclasses.replace(wanted, angle=None))
    first, last = figures.HELD_OUT_ANGLES
    angle = (wanted.angle >= first) & (wanted.angle < last)
    return {
        "seen": ~(pair | angle),
        "pairs held out": pair & ~angle,
        "angles held out": angle & ~pair,
        "both held out": pair & angle,
    }


def table(drawn: dict[str, Drawn], exact: Drawn, wanted: Any) -> list[str]:
    """Returns the lines of a table: a row for each way to draw, and each part of the test split."""
    lines = [
        "| images | part | number | PSNR | mask IoU | all attributes right |",
        "|---|---|---|---|---|---|",
    ]
    for name, made in drawn.items():
        for part, chosen in parts(wanted).items():
            if not chosen.any():
                continue
            sides = (Drawn(*(each[chosen] for each in side)) for side in (made, exact))
            psnr, iou, right = scores(*sides, wanted[chosen])
            lines.append(
                f"| {name} | {part} | {chosen.sum():,} | {psnr:.2f} | {iou:.3f} | {right:.3f} |"
            )
    return lines


def walks(model: Any, wanted: Any, side: int) -> list[str]:
    """Returns the lines of a table: how often a frame between two shapes is one clean figure.

    Args:
        model: The model.
        wanted: Figures, of which all but the shape is taken.
        side: The side of the images.
    """
    import dataclasses

    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figure_attributes import read_turned

    clean: dict[str, list[np.ndarray]] = {"walk of the model": [], "blend of pixels": []}
    for first, last in itertools.combinations(range(len(figures.SHAPES)), 2):
        ends = [
            dataclasses.replace(wanted, shape=np.full_like(wanted.shape, shape))
            for shape in (first, last)
        ]
        a, b = (model.encode(figures.described(end)) for end in ends)
        exact = [rendered(end, side).images.astype(np.float32) for end in ends]
        for share in _SHARES:
            codes = ((1 - share) * a + share * b).astype(np.float32)
            blend = np.rint((1 - share) * exact[0] + share * exact[1]).astype(np.uint8)
            clean["walk of the model"].append(read_turned(by_model(model, codes).images).valid)
            clean["blend of pixels"].append(read_turned(blend).valid)
    return [
        "| between two shapes | " + " | ".join(f"{share:g}" for share in _SHARES) + " |",
        "|---" * (1 + len(_SHARES)) + "|",
        *(f"| {name} | {_by_share(found)} |" for name, found in clean.items()),
    ]


def _by_share(found: Sequence[np.ndarray]) -> str:
    means = np.array([each.mean() for each in found]).reshape(-1, len(_SHARES)).mean(0)
    return " | ".join(f"{mean:.3f}" for mean in means)


def main(argv: list[str]) -> None:
    """Trains what is missing; writes the tables."""
    given = cli.Flags()
    given.define_string("recipe", "attribute_to_image", "A recipe of figures/attributes.")
    given.define_path("workdir", "runs/attributes", "The run folder.")
    given.define_integer("num", 2000, "Images of the test split.")
    given.define_integer("walks", 16, "Figures of which each pair of shapes is walked between.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow()
    from tfgan_zoo.data import figures
    from tfgan_zoo.run import experiment

    common.train(given.recipe, Path(given.workdir))
    model = experiment.load_run(given.workdir)
    side = model.image_shape[0]
    wanted = figures.attributes("attributes", "test", given.num)
    trained = figures.attributes("attributes", "train")
    exact, known = rendered(wanted, side), rendered(trained, side)
    codes, known_codes = (model.encode(figures.described(each)) for each in (wanted, trained))
    drawn = {
        f"`{given.recipe}`": by_model(model, codes),
        "training image, nearest in attributes": Drawn(
            *(each[nearest(codes, known_codes)] for each in known)
        ),
        "training image, nearest in pixels": Drawn(
            *(each[nearest(exact.images, known.images)] for each in known)
        ),
    }
    lines = [
        f"{common.minutes(Path(given.workdir)):.1f} minutes of training; {common.where()}.",
        "",
        *table(drawn, exact, wanted),
        "",
        "Share of frames that show one clean figure, by the share of the second shape:",
        "",
        *walks(model, wanted[: given.walks], side),
    ]
    common.show("\n".join(lines), given.output, "attributes")


if __name__ == "__main__":
    cli.run(main)
