"""Scores enlargement by four: interpolation, and any number of models.

  python -m benchmarks.super_resolution --sets=Set5=folder:Set5,Set14=folder:Set14 \\
      --runs=SRResNet=runs/srresnet_t91,SRGAN=runs/srgan_t91,features=runs/srgan_t91_features \\
      --output=docs/results.md --sheet=sheet.png --also=Set14:8:90:95,Set14:9:200:220

Each set consists of pairs of images, as for `tfgan_zoo.evaluate`. PSNR, SSIM and grids are those of
luma, without a border of 4 pixels. Further columns:

  features  mean squared difference of features of EfficientNet-Lite0, over whole images in colour:
            block2 + block3, in which srgan_t91_features compares images, and block5, in which it
            does not; --features= leaves them out
  grid      energy at multiples of the frequencies 1/4 and 1/2 in dB above the original's, which
            has 0; see `benchmarks.grids`; and the metric `checkerboard`
  LPIPS     with --lpips_backbone; see `tfgan_zoo.evaluate`

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- super_resolution:begin -->` and `<!-- super_resolution:end -->`. The sheet shows the middle of
the images of the first set, and of those of --also, with PSNR and SSIM of the whole image below.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

Metric = Callable[[np.ndarray, np.ndarray, int, str], float]


class Place(NamedTuple):
    """A part of an image on the sheet.

    Attributes:
        of: Name of the set.
        number: Number of the image in the set, from 0.
        corner: (top, left) of the part; None for the middle.
    """

    of: str
    number: int
    corner: tuple[int, int] | None = None


def parse_place(text: str) -> Place:
    """Parses an entry of --also.

    Raises:
        SystemExit: If it is none.
    """
    name, *numbers = text.split(":")
    if len(numbers) not in (1, 3) or not all(n.isdigit() for n in numbers) or numbers[0] == "0":
        raise SystemExit(f"--also: expected SET:NUMBER or SET:NUMBER:TOP:LEFT, got {text!r}.")
    index, *corner = map(int, numbers)
    return Place(name, index - 1, (corner[0], corner[1]) if corner else None)


def feature_distance(layers: str) -> Metric:
    """Returns a function of images, their originals, and a border and a channel without effect.

    Args:
        layers: Layers of EfficientNet-Lite0, joined by "+".
    """
    from benchmarks import feature_distances
    from tfgan_zoo.networks import feature_network

    network = feature_network(f"efficientnet_lite0:{layers.replace('+', ',')}")

    def distance(image: np.ndarray, reference: np.ndarray, border: int, channel: str) -> float:
        del border, channel
        return sum(feature_distances.mean_squares(network, image[None], reference[None]))

    return distance


def columns(given: cli.Flags) -> tuple[dict[str, tuple[str, int]], dict[str, Any]]:
    """Returns the columns, metric to (title, decimals), and the metrics that the library lacks."""
    from benchmarks.grids import grid_ratio
    from tfgan_zoo.metrics.lpips import open_lpips

    shown = {"psnr": ("PSNR", 2), "ssim": ("SSIM", 4), "ssim_daala": ("SSIM (daala)", 4)}
    also: dict[str, Any] = {}
    for layers in filter(None, given.features):
        also[layers] = feature_distance(layers)
        shown[layers] = (layers.replace("+", " + "), 2)
    for period in (4, 2):
        name = f"grid{period}"
        also[name] = functools.partial(grid_ratio, period=period)
        shown[name] = (f"grid of {period} px, dB", 1)
    shown["checkerboard"] = ("checkerboard, dB", 1)
    if given.lpips_backbone:
        also["lpips"] = open_lpips(given.lpips_backbone, given.lpips_heads, "--").of_pair
        shown["lpips"] = ("LPIPS", 4)
    return shown, also


def main(argv: list[str]) -> None:
    """Scores the models, draws the sheet and writes the table."""
    given = cli.Flags()
    given.define_list(
        "runs",
        ["SRResNet=runs/srresnet_t91", "SRGAN=runs/srgan_t91"],
        "Comma-separated NAME=FOLDER of finished runs.",
    )
    given.define_list("sets", [], "Comma-separated NAME=SOURCE.")
    given.define_list(
        "features",
        ["block2+block3", "block5"],
        "Layers of EfficientNet-Lite0, a column each, of several ones the sum; empty for none.",
    )
    given.define_string("lpips_backbone", None, "File of LPIPS' network; None for no column.")
    given.define_string("lpips_heads", None, "File of LPIPS' weights; downloaded by default.")
    given.define_string("output", None, "A Markdown file, such as docs/results.md.")
    given.define_string("sheet", None, "A .png or .jpg file for the sheet.")
    given.define_list(
        "also", [], "Further images on the sheet, SET:NUMBER or SET:NUMBER:TOP:LEFT, from 1."
    )
    given.define_integer("side", 200, "Pixels that the sheet shows of an image's side.")
    cli.parse(given, argv, __doc__)
    if not given.sets:
        raise SystemExit("--sets: expected NAME=SOURCE,..., got none.")
    runs, sets = (
        common.named_values(given.runs, "--runs"),
        common.named_values(given.sets, "--sets"),
    )
    further = [parse_place(text) for text in given.also]
    if unknown := {place.of for place in further} - set(sets):
        raise SystemExit(f"--also: expected sets of --sets, got {', '.join(sorted(unknown))}.")
    common.check_places(given.output, "super_resolution")
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures
    from tfgan_zoo.data import load_pair, open_super_resolution
    from tfgan_zoo.evaluation import baseline, by_model, enlarged, score_images
    from tfgan_zoo.run import experiment

    models = {name: experiment.load_run(run) for name, run in runs.items()}
    ways = {
        "nearest": baseline("nearest", 4),
        "bicubic": baseline("bicubic", 4),
        **{name: by_model(model) for name, model in models.items()},
    }
    shown, also = columns(given)
    steps = ", ".join(f"{name} {model.steps_done:,}" for name, model in models.items())
    lines = [
        f"Steps: {steps}; {common.where()}.",
        "",
        f"| set | enlarged by | {' | '.join(title for title, _ in shown.values())} |",
        f"|{'---|' * (len(shown) + 2)}",
    ]
    sheet: list[tuple[str, np.ndarray]] = []
    for i, (name, source) in enumerate(sets.items()):
        opened = open_super_resolution(source, "train", scale=4)
        scores = {
            way: score_images(enlarged(opened, f), list(shown), also=also)
            for way, f in ways.items()
        }
        for way, found in scores.items():
            means = zip(found.means().values(), shown.values(), strict=True)
            cells = (f"{mean:.{decimals}f}" for mean, (_, decimals) in means)
            lines.append(f"| {name} | {way} | {' | '.join(cells)} |")
        places = [Place(name, j) for j in range(len(opened.hr))] if i == 0 else []
        places += [place for place in further if place.of == name]
        for place in places if given.sheet else []:
            small, large = load_pair(opened, place.number)
            for way in list(ways)[1:]:
                psnr, ssim = scores[way].values[place.number][:2]
                label = f"{way} {psnr:.2f}/{ssim:.3f}"
                sheet.append((label, part(ways[way](small), given.side, place.corner)))
            sheet.append(("original", part(large, given.side, place.corner)))
    common.show("\n".join(lines), given.output, "super_resolution")
    if sheet:
        labels, images = zip(*sheet, strict=True)
        picture = pictures.labelled_grid(labels, np.stack(images), columns=len(ways))
        pictures.save_image(Path(given.sheet), picture)


def part(image: np.ndarray, side: int, corner: tuple[int, int] | None = None) -> np.ndarray:
    """Returns a square of an image as RGB, from a corner or in the middle."""
    top, left = corner or ((n - side) // 2 for n in image.shape[:2])
    found = image[top : top + side, left : left + side]
    return np.repeat(found, 3, axis=-1) if found.shape[-1] == 1 else found


if __name__ == "__main__":
    cli.run(main)
