"""Scores images drawn from attributes that were never seen together, beside the nearest images.

  python -m benchmarks.attributes
  python -m benchmarks.attributes --recipe=attribute_to_image --output=docs/results.md
  python -m benchmarks.attributes --part=solids --output=docs/results.md

Trains a recipe of `figures/attributes`, or for solids of `solids/views`, unless --workdir has the
finished run, and draws the test split: pairs of shape and colour, and angles, that training held
back, and the rest. The floor is the training image whose attributes are nearest; another is the
nearest in pixels, which needs to know the answer. Walks between two shapes of figures are compared
with blends of their pixels, by the share of frames that show one clean figure.

Prints the tables and, with --output, puts them into a Markdown file between the lines
`<!-- attributes:begin -->` and `<!-- attributes:end -->`, for solids `attributes_solids`.
"""

import itertools
from collections.abc import Callable, Sequence
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


class Source(NamedTuple):
    """A built-in source of images with attributes.

    Attributes:
        attributes: Returns those of a split, of `num` images or all.
        described: Returns them by name, as models encode them.
        render: Draws them at some side, as `Drawn`, on a background.
        held_out: Returns which training lacks for their pair, and which for their angle.
        angles: What these angles are called.
        right: Returns which images show all attributes; None if nothing reads them.
    """

    attributes: Callable[..., Any]
    described: Callable[[Any], dict[str, np.ndarray]]
    render: Callable[[Any, int], Drawn]
    held_out: Callable[[Any], tuple[np.ndarray, np.ndarray]]
    angles: str
    right: Callable[[np.ndarray, Any], np.ndarray] | None = None

    def exact(self, wanted: Any, side: int) -> Drawn:
        """Draws what is wanted exactly, on black."""
        from tfgan_zoo.pixels import on_black

        images, masks = self.render(wanted, side)
        return Drawn(on_black(images, masks), masks)


def figures_source() -> Source:
    """Returns `figures/attributes`."""
    import dataclasses

    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figure_attributes import right_attributes

    first, last = figures.HELD_OUT_ANGLES
    return Source(
        lambda split, num=None: figures.attributes("attributes", split, num),
        figures.described,
        lambda wanted, side: Drawn(figures.render(wanted, side), figures.masks(wanted, side)),
        lambda wanted: (
            figures.is_held_out(dataclasses.replace(wanted, angle=None)),
            (wanted.angle >= first) & (wanted.angle < last),
        ),
        "angles",
        lambda images, wanted: right_attributes(images, wanted)["all"],
    )


def solids_source() -> Source:
    """Returns `solids/views`."""
    from tfgan_zoo.data import solid_views

    return Source(
        solid_views.attributes,
        solid_views.described,
        lambda wanted, side: Drawn(*solid_views.render(wanted, side)),
        lambda wanted: (solid_views.held_out_pairs(wanted), solid_views.held_out_views(wanted)),
        "views",
    )


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


def scores(source: Source, made: Drawn, exact: Drawn, wanted: Any) -> list[float]:
    """Returns PSNR, the mean IoU of masks, and if it is known the share with all attributes right.

    Args:
        source: The source of the attributes.
        made: The images and masks.
        exact: What they should be.
        wanted: Their attributes.
    """
    from tfgan_zoo.evaluation.pairs import score_targets
    from tfgan_zoo.metrics.figure_attributes import mask_iou

    psnr = score_targets(["psnr"], made.images, exact.images)["psnr"]
    found = [psnr, float(mask_iou(made.masks, exact.masks).mean())]
    return (
        found if source.right is None else [*found, float(source.right(made.images, wanted).mean())]
    )


def parts(source: Source, wanted: Any) -> dict[str, np.ndarray]:
    """Returns which images belong to each part of the table, bool `[N]`."""
    pair, angle = source.held_out(wanted)
    return {
        "seen": ~(pair | angle),
        "pairs held out": pair & ~angle,
        f"{source.angles} held out": angle & ~pair,
        "both held out": pair & angle,
    }


def table(source: Source, drawn: dict[str, Drawn], exact: Drawn, wanted: Any) -> list[str]:
    """Returns the lines of a table: a row for each way to draw, and each part of the test split."""
    read = " all attributes right |" if source.right else ""
    lines = ["| images | part | number | PSNR | mask IoU |" + read]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for name, made in drawn.items():
        for part, chosen in parts(source, wanted).items():
            if not chosen.any():
                continue
            sides = (Drawn(*(each[chosen] for each in side)) for side in (made, exact))
            psnr, *others = scores(source, *sides, wanted[chosen])
            cells = [f"{psnr:.2f}", *(f"{each:.3f}" for each in others)]
            lines.append(f"| {name} | {part} | {chosen.sum():,} | " + " | ".join(cells) + " |")
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

    source = figures_source()
    clean: dict[str, list[np.ndarray]] = {"walk of the model": [], "blend of pixels": []}
    for first, last in itertools.combinations(range(len(figures.SHAPES)), 2):
        ends = [
            dataclasses.replace(wanted, shape=np.full_like(wanted.shape, shape))
            for shape in (first, last)
        ]
        a, b = (model.encode(figures.described(end)) for end in ends)
        exact = [source.exact(end, side).images.astype(np.float32) for end in ends]
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
    given.define_enum("part", "figures", ["figures", "solids"], "The source of the images.")
    given.define_string("recipe", None, "A recipe of the part; its quick one by default.")
    given.define_path("workdir", None, "The run folder; by default in runs.")
    given.define_integer("num", 2000, "Images of the test split.")
    given.define_integer("walks", 16, "Figures of which each pair of shapes is walked between.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow()
    from tfgan_zoo.run import experiment

    figures = given.part == "figures"
    source = figures_source() if figures else solids_source()
    name = "attributes" if figures else "attributes_solids"
    common.check_places(given.output, name)
    recipe = given.recipe or ("attribute_to_image" if figures else "attribute_to_image_solids")
    workdir = Path(given.workdir or f"runs/{name}")
    common.train(recipe, workdir)
    model = experiment.load_run(str(workdir))
    side = model.image_shape[0]
    wanted, trained = source.attributes("test", given.num), source.attributes("train")
    exact, known = source.exact(wanted, side), source.exact(trained, side)
    codes, known_codes = (model.encode(source.described(each)) for each in (wanted, trained))
    drawn = {
        f"`{recipe}`": by_model(model, codes),
        "training image, nearest in attributes": Drawn(
            *(each[nearest(codes, known_codes)] for each in known)
        ),
        "training image, nearest in pixels": Drawn(
            *(each[nearest(exact.images, known.images)] for each in known)
        ),
    }
    lines = [
        f"{common.minutes(workdir):.1f} minutes of training; {common.where()}.",
        "",
        *table(source, drawn, exact, wanted),
    ]
    if figures:
        lines += [
            "",
            "Share of frames that show one clean figure, by the share of the second shape:",
            "",
            *walks(model, wanted[: given.walks], side),
        ]
    common.show("\n".join(lines), given.output, name)


if __name__ == "__main__":
    cli.run(main)
