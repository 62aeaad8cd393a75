"""Compares the images/s that data pipelines deliver with those that a train step consumes.

  python -m benchmarks.input [--sources=folder,...] [--seconds=1] [--output=docs/performance.md]

Files like those of the paper recipes, noise with the spectrum of photographs, are written to a
temporary folder and opened as in a run, with the recipe's batch size, crop, flip and cache. Batches
are delivered and dropped. The train step is that of the quick recipe's networks on one batch of the
same size; these are smaller than the paper's, and so harder to feed.
"""

import argparse
import contextlib
import functools
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.common import check_places, show, where
from tfgan_zoo import cli

# ---------------------------------------------------------------------- files


def photograph(height: int, width: int) -> np.ndarray:
    """Draws noise with the spectrum of photographs, uint8 `(height, width, 3)`.

    Its amplitude falls with the frequency, 1/f (Field 1987), and its colours are correlated, so
    that it takes about as many bytes in a file, and as long to decode, as a photograph.
    """
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    waves = np.fft.rfft2(rng.standard_normal((3, height, width))) / frequency
    pixels = np.fft.irfft2(waves, (height, width))
    pixels += 2 * pixels.mean(axis=0)
    pixels = np.clip(128 + 50 * pixels / pixels.std(), 0, 255).astype(np.uint8)
    return np.moveaxis(pixels, 0, -1)


def windows(num: int, height: int, width: int) -> np.ndarray:
    """Crops images from one photograph, uint8 `[num, height, width, 3]`."""
    scene = photograph(2 * height, 2 * width)
    corners = np.random.default_rng(1).integers(0, (height, width), (num, 2), endpoint=True)
    return np.stack([scene[y : y + height, x : x + width] for y, x in corners])


def save(folder: Path, images: np.ndarray, ending: str) -> None:
    """Writes images to a folder, JPEG with quality 90."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:04d}.{ending}", quality=90)


def images(root: Path, num: int, height: int, width: int, ending: str) -> str:
    """Makes a folder of images."""
    save(root, windows(num, height, width), ending)
    return f"folder:{root}"


def domains(root: Path, num: int, height: int, width: int, ending: str) -> str:
    """Makes two folders of images that are paired by name."""
    for name in ("trainA", "trainB"):
        save(root / name, windows(num, height, width), ending)
    return f"folder:{root}"


def resolutions(root: Path, num: int, height: int, width: int, ending: str) -> str:
    """Makes a folder of images and one of the same images four times smaller, like DIV2K."""
    large = windows(num, height, width)
    save(root / "DIV2K_train_HR", large, ending)
    save(root / "DIV2K_train_LR_bicubic" / "X4", large[:, ::4, ::4], ending)
    return f"folder:{root}"


def captions(root: Path, num: int, height: int, width: int, ending: str) -> str:
    """Makes folders of classes with ten captions per image, like CUB."""
    words = ("red", "small", "bird", "long", "beak", "white", "belly", "wings", "dark", "tail")
    rng = np.random.default_rng(2)
    for kind in range(2):
        folder = root / "train" / f"class{kind}"
        save(folder, windows(num // 2, height, width), ending)
        for file in folder.glob(f"*.{ending}"):
            lines = (" ".join(rng.choice(words, 10)) for _ in range(10))
            file.with_suffix(".txt").write_text("\n".join(lines))
    return f"folder:{root}"


def idx(root: Path, num: int, height: int, width: int) -> str:
    """Makes a packed file like MNIST's."""
    pixels = windows(num, height, width)[..., 0]
    header = bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">u4").tobytes()
    with gzip.open(root / "train-images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
        file.write(header + pixels.tobytes())
    return f"idx:{root}"


def npz(root: Path, num: int, height: int, width: int, names: tuple[str, ...]) -> str:
    """Makes a file of arrays."""
    pixels = windows(num, height, width)
    np.savez(root / "images.npz", **dict.fromkeys(names, pixels))
    return f"npz:{root / 'images.npz'}"


def tfds(root: Path, num: int, height: int, width: int, ending: str) -> str:
    """Prepares a dataset of TensorFlow Datasets in its own format."""
    import tensorflow_datasets

    tensorflow_datasets.disable_progress_bar()
    feature = tensorflow_datasets.features.Image(
        shape=(height, width, 3), encoding_format={"jpg": "jpeg"}.get(ending, ending)
    )
    examples = [(i, {"image": image}) for i, image in enumerate(windows(num, height, width))]
    builder = tensorflow_datasets.dataset_builders.AdhocBuilder(
        name="photographs",
        version="1.0.0",
        features=tensorflow_datasets.features.FeaturesDict({"image": feature}),
        split_datasets={"train": examples},
        data_dir=root,
    )
    with contextlib.redirect_stdout(sys.stderr):
        builder.download_and_prepare(file_format="array_record")
    return "tfds:photographs"


# ---------------------------------------------------------------------- cases


class Case(NamedTuple):
    """A source and the recipes that train on it.

    Attributes:
        recipe: Recipe whose data settings are used, except for the source.
        quick: Recipe whose networks are used.
        files: Description of the files.
        make: Writes the files to a folder and returns the source.
        layout: Layout of two domains in the folder, if it is not the recipe's.
    """

    recipe: str
    quick: str
    files: str
    make: Callable[[Path], str]
    layout: str | None = None


def _case(
    recipe: str,
    quick: str,
    make: Callable[..., str],
    num: int,
    height: int,
    width: int,
    *rest: Any,
    layout: str | None = None,
) -> Case:
    kind = {"jpg": "JPEG", "png": "PNG"}.get(rest[0], "") if rest else ""
    files = " ".join(filter(None, [f"{num:,}", kind, f"{width}x{height}"]))
    made = functools.partial(make, num=num, height=height, width=width)
    names = {"ending": rest[0]} if kind else {"names": rest[0]} if rest else {}
    return Case(recipe, quick, files, functools.partial(made, **names), layout)


def _drawn(recipe: str, source: str) -> Case:
    return Case(recipe, recipe, "", lambda _: source)


CASES = {
    "figures": _drawn("dcgan", "figures"),
    "figures/full": _drawn("srgan", "figures/full"),
    "figures/paired": _drawn("pix2pix", "figures/paired"),
    "figures/unpaired": _drawn("cyclegan", "figures/unpaired"),
    "figures/captions": _drawn("gan_cls", "figures/captions"),
    "points": _drawn("wgan_gp_toy", "points/25gaussians"),
    "idx": _case("dcgan_fashion_mnist", "dcgan_fashion_mnist", idx, 60_000, 28, 28),
    "npz": _case("wgan_gp_cifar10", "wgan_gp", npz, 50_000, 32, 32, ("images",)),
    "npz pairs": _case("pix2pix", "pix2pix", npz, 2_000, 64, 64, ("a", "b")),
    "folder": _case("dcgan_celeba", "dcgan", images, 512, 218, 178, "jpg"),
    "folder of PNG": _case("lsgan_lsun_church", "lsgan", images, 512, 256, 256, "png"),
    "tfds": _case("dcgan_celeba", "dcgan", tfds, 512, 218, 178, "jpg"),
    "folder of pairs": _case(
        "pix2pix_maps", "pix2pix", domains, 64, 600, 600, "jpg", layout="auto"
    ),
    "side by side": _case("pix2pix_facades", "pix2pix", images, 64, 256, 512, "jpg"),
    "grey and colour": _case("pix2pix_colorization", "pix2pix", images, 64, 375, 500, "jpg"),
    "two domains": _case("cyclegan_horse2zebra", "cyclegan", domains, 64, 256, 256, "jpg"),
    "folder with captions": _case("gan_cls_cub", "gan_cls", captions, 128, 375, 500, "jpg"),
    "high resolution": _case("srgan_t91", "srgan", images, 91, 200, 264, "png"),
    "both resolutions": _case("srgan_div2k", "srgan", resolutions, 8, 1356, 2040, "png"),
}


def settings(case: Case, source: str, folder: Path, cache: str | None = None) -> Any:
    """Returns the config of a case: one recipe's data and the quick recipe's networks."""
    from tfgan_zoo.config import load_config
    from tfgan_zoo.tasks import resolve

    config, recipe = load_config(case.quick), load_config(case.recipe)
    with config.unlocked():
        config.data = recipe.data
        for shape in ("image_shape", "channels_b"):
            if shape in recipe.model_args:
                config.model_args[shape] = recipe.model_args[shape]
        config.data.source = source
        config.data.data_dir = str(folder)
        config.data.cache = cache or config.data.cache
        if case.layout:
            config.data.layout = case.layout
        if "split" in config.evaluate:
            config.evaluate.split = None
        config.evaluate.metrics = ()
    return resolve(config)


# ---------------------------------------------------------------------- measuring


def delivered(dataset: Any, seconds: float) -> float:
    """Returns the batches/s of a dataset, after an equally long warm-up."""
    batches = iter(dataset)
    for _ in range(2):
        start, count = time.perf_counter(), 0
        while not count or time.perf_counter() - start < seconds:
            next(batches)
            count += 1
    return count / (time.perf_counter() - start)


def consumed(model: Any, dataset: Any, seconds: float) -> float:
    """Returns the compiled train steps/s on a dataset's first batch."""
    from benchmarks.speed_tf import stepping

    run = stepping(model, dataset)
    run(2)
    steps = max(2, round(2 * seconds / run(2)))
    return steps / run(steps)


class Rates(NamedTuple):
    """Images/s of one case.

    Attributes:
        batch: Images per step.
        decoding: Images/s delivered if every image is decoded at every visit.
        steady: Images/s delivered with the recipe's settings.
        step: Images/s consumed.
        dtype: Type of the delivered arrays.
    """

    batch: int
    decoding: float
    steady: float
    step: float
    dtype: str


def measure(case: Case, seconds: float) -> Rates:
    """Makes the files of a case and measures it."""
    import keras
    import tensorflow as tf

    from tfgan_zoo.run.building import build_model
    from tfgan_zoo.tasks import open_task

    with tempfile.TemporaryDirectory() as folder:
        source = case.make(Path(folder))
        config = settings(case, source, Path(folder))
        model = build_model(config)
        work = open_task(config, model)
        steady = delivered(work.batches(0), seconds)
        step = consumed(model, work.batches(0), seconds)
        batch = next(iter(work.batches(0)))
        direct = settings(case, source, Path(folder), cache="no")
        decoding = delivered(open_task(direct, model).batches(0), seconds)
    parts = tf.nest.flatten(batch)
    size = len(parts[0])
    # Texts are numbers or strings; without images, the first part is what the model sees.
    seen = [part for part in parts if part.shape.rank == 4] or parts
    dtype = ", ".join(sorted({part.dtype.name for part in seen}))
    keras.utils.clear_session()
    return Rates(size, size * decoding, size * steady, size * step, dtype)


_HEADER = """\
| source | files | data of | batch | images/s: decoding at every visit | with the recipe's cache \
| consumed by the step | delivered / consumed | dtype |
|---|---|---|---|---|---|---|---|---|"""


def row(name: str, case: Case, rates: Rates) -> str:
    """Returns a line of the table."""
    step = f"{rates.step:,.0f} (`{case.quick}`)"
    ratio = f"{rates.decoding / rates.step:,.1f}, {rates.steady / rates.step:,.1f}"
    return (
        f"| {name} | {case.files or '—'} | `{case.recipe}` | {rates.batch} | {rates.decoding:,.0f} "
        f"| {rates.steady:,.0f} | {step} | {ratio} | {rates.dtype} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default=",".join(CASES))
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--output")
    args = parser.parse_args()
    check_places(args.output, "input")
    names = args.sources.split(",")
    if not set(names) <= set(CASES):
        raise SystemExit(f"--sources: expected some of {', '.join(CASES)}, got {args.sources}.")
    cli.quiet_tensorflow()
    before, lines = os.getloadavg()[0], []
    for name in names:
        lines.append(row(name, CASES[name], measure(CASES[name], args.seconds)))
        print(lines[-1], file=sys.stderr, flush=True)
    intro = f"{where()}; load average before {before:.1f}."
    show("\n".join([intro, "", _HEADER, *lines]), args.output, "input")


if __name__ == "__main__":
    main()
