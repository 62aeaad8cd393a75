"""Trains pix2pix and pix2pixHD on facades for equally many minutes, and scores what they draw.

  python -m benchmarks.facades --facades=folder:FACADES
  python -m benchmarks.facades --facades=folder:FACADES --minutes=60 --output=docs/results.md \
      --sheet=docs/images/facades.jpg
  python -m benchmarks.facades --facades=folder:FACADES --minutes=600 --wide

The folder has images side by side, the photograph on the left and its labels on the right. If it
has folders train and test, add --train_split=train --test_split=test. All images are 128x128:

  pix2pix        the recipe `pix2pix_facades` at this size
  hd             `pix2pix_hd_facades` without its perceptual term
  hd_perceptual  `pix2pix_hd_facades`

Their networks are narrower than the recipes', as one CPU core computes one or two images a second
with those; --wide keeps them. Each run takes --minutes, as `train --minutes` plans it. Its last
weights are scored, not the best, which would be chosen by the held-out images. Finished runs in
--workdir are only scored.

Scores are of pairs that training has not seen: FID[efficientnet_lite0] and SWD to the photographs,
the mean absolute difference, what a segmenter reads, and the grid of upsampling layers. The
segmenter is a small U-Net, trained on the photographs and labels of the training split, and kept in
--workdir. The photographs themselves are scored too, and so are images of one colour for each
class, and photographs of other facades. Needs pip install 'tfgan_zoo[imagenet]'.

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- facades:begin -->` and `<!-- facades:end -->`. The sheet is --sheet, or `facades.png` in
--workdir.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common, segmenter
from tfgan_zoo import cli

_SIDE = 128
#: Side from which squares are cut, as in pix2pix's paper, where it is 286 for 256.
_LOAD = 143
_PALETTE = "cmp_facades"
_FEATURES = "efficientnet_lite0"
_FID = f"FID[{_FEATURES}]"
#: Periods of the grids that are looked for, in pixels.
_PERIODS = (2, 4)
#: Facades on the sheet.
_ROWS = 6
#: Entries of narrow networks.
_NARROW = {"generator.filters": 16, "discriminator.filters": 32}
_NARROW_HD = _NARROW | {"generator.downsamplings": 3}
#: Feature maps of the segmenter's first convolution.
_FILTERS = 16

_COLUMNS = [
    "images",
    _FID,
    "SWD",
    "MAE",
    "pixels",
    "classes",
    "IoU",
    *(f"grid of {period}, dB" for period in _PERIODS),
    "parameters of G",
    "steps",
    "time",
    "images/s",
]


class Contender(NamedTuple):
    """One run.

    Attributes:
        recipe: Its recipe.
        entries: Entries of the config that differ from the recipe's.
        narrow: Those of narrow networks.
        row: Its name in the table.
        title: Its name on the sheet.
    """

    recipe: str
    entries: dict[str, Any]
    narrow: dict[str, Any]
    row: str
    title: str


CONTENDERS = {
    "pix2pix": Contender(
        "pix2pix_facades",
        {"model_args.image_shape": f"({_SIDE},{_SIDE},3)", "data.load_size": _LOAD},
        _NARROW,
        "`pix2pix`",
        "pix2pix",
    ),
    "hd": Contender(
        "pix2pix_hd_facades",
        {"model_args.perceptual_weight": 0.0},
        _NARROW_HD,
        "`pix2pix_hd` without the perceptual term",
        "without perceptual",
    ),
    "hd_perceptual": Contender("pix2pix_hd_facades", {}, _NARROW_HD, "`pix2pix_hd`", "pix2pix_hd"),
}


class Facades(NamedTuple):
    """Facades of a split, at one size.

    Attributes:
        labels: Labels in colours, uint8 `[num, H, W, 3]`.
        maps: Class numbers, int16 `[num, H, W, 1]`.
        photographs: uint8 `[num, H, W, 3]`.
    """

    labels: np.ndarray
    maps: np.ndarray
    photographs: np.ndarray


def num_classes() -> int:
    """Returns the number of classes of facades."""
    from tfgan_zoo.data.label_maps import PALETTES

    return len(PALETTES[_PALETTE])


def load(source: str, split: str, side: int, num: int | None = None) -> Facades:
    """Loads facades.

    Args:
        source: Of pairs side by side.
        split: The split.
        side: Size of the images.
        num: Number of the first ones; None for all.
    """
    from tfgan_zoo.data import load_pairs, open_domains, open_label_maps

    halves = {"layout": "side_by_side", "direction": "b_to_a"}
    labels, photographs = load_pairs(open_domains(source, split, **halves), num, side)
    opened = open_label_maps(
        source, split, num_classes=num_classes(), classes=_PALETTE, instances=False, **halves
    )
    maps, _ = load_pairs(opened, num, side, (1, 3))
    return Facades(labels, maps, photographs)


def flags_of(name: str, given: cli.Flags, num: int) -> list[str]:
    """Returns the flags of `tfgan_zoo.train` for a contender.

    Args:
        name: A key of `CONTENDERS`.
        given: The flags of this command.
        num: Number of held-out facades.
    """
    entries = {
        **CONTENDERS[name].entries,
        **({} if given.wide else CONTENDERS[name].narrow),
        "data.source": given.facades,
        "data.split": given.train_split,
        "evaluate.split": given.test_split,
        "evaluate.samples": num,
        "evaluate.best": "false",
    }
    flags = [f"--config={CONTENDERS[name].recipe}", f"--minutes={given.minutes:g}"]
    return [*flags, *(f"--config.{key}={value}" for key, value in entries.items())]


def one_colour_a_class(maps: np.ndarray, seen: Facades) -> np.ndarray:
    """Paints each class in its mean colour in other photographs.

    Args:
        maps: Class numbers `[num, H, W, 1]`.
        seen: The photographs, with their labels. A class that is not in them is black.

    Returns:
        uint8 `[num, H, W, 3]`.
    """
    classes, pixels = seen.maps.ravel(), seen.photographs.reshape(-1, 3)
    num = num_classes()
    counts = np.maximum(np.bincount(classes, minlength=num), 1)
    sums = [np.bincount(classes, pixels[:, channel], num) for channel in range(3)]
    colours = np.rint(np.stack(sums, -1) / counts[:, np.newaxis]).astype(np.uint8)
    return colours[maps[..., 0]]


def made_by(model: Any, facades: Facades) -> np.ndarray:
    """Returns the photographs that a model makes of labels, uint8."""
    from tfgan_zoo import pictures

    takes_classes = model.kind == "label_to_image"
    return pictures.to_uint8(model.translate(facades.maps if takes_classes else facades.labels))


def score(
    images: np.ndarray, facades: Facades, features: Any, reader: Any, *, is_real: bool = False
) -> dict[str, float]:
    """Returns the scores of images by column.

    Args:
        images: One for each facade, uint8.
        facades: Held-out facades.
        features: Those that FID compares.
        reader: The segmenter.
        is_real: Whether the images are the photographs, which are not compared with themselves.
    """
    from tfgan_zoo import pictures
    from tfgan_zoo.metrics import FID, sliced_wasserstein
    from tfgan_zoo.metrics.checkerboard import checkerboard

    found = {}
    if not is_real:
        fid = FID(features)
        fid.update_state(facades.photographs, images)
        x, y = map(pictures.from_uint8, (facades.photographs, images))
        found[_FID] = float(fid.result())
        found["SWD"] = float(sliced_wasserstein(y, x))
        found["MAE"] = float(np.abs(y - x).mean() / 2)
    read = segmenter.shares(segmenter.read(reader, images), facades.maps[..., 0], num_classes())
    found |= {"pixels": read.pixels, "classes": read.classes, "IoU": read.iou}
    for period in _PERIODS:
        grids = [checkerboard(image, image, period=period) for image in images]
        found[f"grid of {period}, dB"] = float(np.mean(grids))
    return found


def row(name: str, scores: Mapping[str, float], cost: str = " | | | ") -> str:
    """Returns a line of the table.

    Args:
        name: In the first column.
        scores: By column; one that is missing is a dash.
        cost: The cells after the scores.
    """
    cells = []
    for column in _COLUMNS[1 : 7 + len(_PERIODS)]:
        places = 1 if column.startswith(("FID", "grid")) else 3
        cells.append(f"{scores[column]:.{places}f}" if column in scores else "—")
    return f"| {name} | {' | '.join(cells)} | {cost} |"


def main(argv: list[str]) -> None:
    """Trains the contenders, draws the sheet and writes the table."""
    given = cli.Flags()
    given.define_string("facades", "folder:datasets/facades", "Source of pairs.")
    given.define_string("train_split", "train[:360]", "Split to train on.")
    given.define_string("test_split", "train[360:]", "Split to score on.")
    given.define_list("contenders", list(CONTENDERS), "Contenders.")
    given.define_float("minutes", 20.0, "Minutes of each run.")
    given.define_bool("wide", "Networks as wide as the recipes'.")
    given.define_integer("epochs", 60, "Passes of the segmenter over the training split.")
    given.define_path("workdir", "runs", "Folder of the run folders and the segmenter.")
    given.define_path("sheet", None, "A .png for the sheet; facades.png in --workdir by default.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    if not given.contenders or not set(given.contenders) <= set(CONTENDERS):
        raise SystemExit(f"--contenders: expected some of {', '.join(CONTENDERS)}.")
    if given.epochs < 1:
        raise SystemExit(f"--epochs: expected 1 or more, got {given.epochs}.")
    common.check_places(given.output, "facades")
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    from tfgan_zoo import pictures
    from tfgan_zoo.metrics.features import open_features
    from tfgan_zoo.run import experiment

    features = open_features(_FEATURES)  # Refuses before time is spent if it is not installed.
    workdir = Path(given.workdir)
    wanted = load(given.facades, given.test_split, _SIDE)
    ending = f"{'_wide' * given.wide}_{given.minutes:g}min"
    folders = {name: workdir / f"facades_{name}{ending}" for name in given.contenders}
    for name, folder in folders.items():
        if not (folder / "result.json").exists():
            command = [sys.executable, "-m", "tfgan_zoo.train", f"--workdir={folder}"]
            common.clocked([*command, *flags_of(name, given, len(wanted.maps))], folder)
    seen = load(given.facades, given.train_split, _LOAD)
    reader = segmenter.trained(
        workdir / "facades_segmenter",
        seen.photographs,
        seen.maps[..., 0],
        num_classes(),
        _SIDE,
        epochs=given.epochs,
        filters=_FILTERS,
    )
    columns = {"labels": wanted.labels, "photograph": wanted.photographs}
    lines = []
    for name, folder in folders.items():
        model = experiment.load_run(folder)
        images = made_by(model, wanted)
        millions = sum(np.size(weight) for weight in model.generator.get_weights()) / 1e6
        cost = f"{millions:.1f} M | {common.cost(folder, model.steps_done)}"
        scores = score(images, wanted, features, reader)
        lines.append(row(CONTENDERS[name].row, scores, cost))
        columns[CONTENDERS[name].title] = images
    others = load(given.facades, given.train_split, _SIDE, len(wanted.maps)).photographs
    controls = {"one colour a class": one_colour_a_class(wanted.maps, seen)}
    if len(others) == len(wanted.maps):
        controls["photographs of other facades"] = others
    for name, images in controls.items():
        lines.append(row(name, score(images, wanted, features, reader)))
    scores = score(wanted.photographs, wanted, features, reader, is_real=True)
    lines.append(row("the photographs", scores))
    sheet = Path(given.sheet or workdir / "facades.png")
    shown = [images[:_ROWS] for images in columns.values()]
    pictures.save_image(sheet, pictures.titled_rows(list(columns), shown))
    text = [
        f"{len(wanted.maps)} held-out facades, {given.minutes:g} minutes for each run of one seed, "
        f"{given.epochs} epochs of {len(seen.maps)} facades for the segmenter; {common.where()}.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
        *lines,
    ]
    if given.output and given.sheet:
        place = os.path.relpath(sheet, Path(given.output).parent)
        text += ["", f"![Held-out facades: {', '.join(columns)}]({place})"]
    common.show("\n".join(text), given.output, "facades")
    print(f"sheet: {sheet}")


if __name__ == "__main__":
    cli.run(main)
