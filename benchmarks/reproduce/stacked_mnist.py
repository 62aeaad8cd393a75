"""PacGAN's stacked MNIST: how many of 1,000 modes a DCGAN finds, with and without packing.

Lin et al. 2018, https://arxiv.org/abs/1712.04086, section 4.2: three random digits form the red,
green and blue channels of an image, in 128,000 images; a classifier reads the digits of 26,000
samples of a trained model. The authors' code trains for 50 epochs of batches of 64, which are
100,000 steps; that takes a GPU.

Departures: images are padded to 32x32; the networks are the zoo's for that size (the authors' have
one more layer, and their generator moves twice a step); digits are read by `mnist_v1`. The first
line of the table is for data, newly stacked from the test digits. The published figures
are means of 10 trials, with a standard error of 6.5 modes for DCGAN; here a model is trained once,
so the table gives no verdict.

`r3gan` is the game of Huang et al. 2024 (https://arxiv.org/abs/2501.05441), whose table 1 gives
1,000 modes and a reverse KL of 0.078, with the settings of the recipe for Fashion-MNIST.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import common
from tfgan_zoo import atomic

#: model -> (packing, modes, reverse KL as published).
PUBLISHED = {
    "dcgan": (1, 78.9, 4.50),
    "pacdcgan2": (2, 1000.0, 0.06),
    "r3gan": (1, 1000.0, 0.078),
}
STEPS, SAMPLES = 100_000, 26_000


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_string("data", None, "Folder with MNIST's files.", given, required=True)
    flags.DEFINE_list("models", list(PUBLISHED), "Models.", given)
    flags.DEFINE_integer("steps", STEPS, "Steps of each model.", flag_values=given)
    flags.DEFINE_integer("filters", 64, "Feature maps of DCGAN's widest layers.", flag_values=given)
    flags.DEFINE_integer("stacks", 128_000, "Images to train on.", flag_values=given)
    flags.DEFINE_integer("samples", SAMPLES, "Samples of each model.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains the models, scores samples and returns the table."""
    from tfgan_zoo.data import open_source
    from tfgan_zoo.metrics.features import open_features
    from tfgan_zoo.run import experiment

    folder = Path(given.workdir)
    pictures = folder / f"stacks_{given.stacks}.npz"
    if not pictures.exists():
        write(pictures, stacked(open_source(f"idx:{given.data}").array, given.stacks, seed=0))
    reader = open_features("mnist_v1")
    real = stacked(open_source(f"idx:{given.data}", "test").array, given.samples, seed=1)
    lines = [
        f"{given.samples:,} samples; published: {STEPS:,} steps, mean of 10 trials; "
        f"{common.where()}.",
        "",
        "| model | steps | modes of 1,000 | published | reverse KL | published | time |",
        "|---|---|---|---|---|---|---|",
        row("the data", "", modes(real, reader), 1000.0, 0.0, ""),
    ]
    for name in given.models:
        _, found, divergence = PUBLISHED[name]
        workdir = folder / name
        common.train(
            f"{'r3gan' if name == 'r3gan' else 'dcgan'}_fashion_mnist",
            workdir,
            *overrides(given, pictures, name),
        )
        model = experiment.load_run(workdir, "last")
        scores = modes(model.generate(given.samples, seed=0), reader)
        steps, minutes = f"{model.steps_done:,}", f"{common.minutes(workdir):.1f} min"
        lines.append(row(f"`{name}`", steps, scores, found, divergence, minutes))
    return "\n".join(lines)


def overrides(given: flags.FlagValues, pictures: Path, name: str) -> list[str]:
    """Returns the changes to the recipe for Fashion-MNIST, as command-line flags."""
    every = max(1, given.steps // 10)
    entries = {
        "model_args.image_shape": "(32,32,3)",
        "model_args.packing": PUBLISHED[name][0],
        "generator.filters": given.filters,
        "discriminator.filters": given.filters,
        "data.source": f"npz:{pictures}",
        "data.batch_size": 64,
        "train.steps": given.steps,
        "train.log_every": every,
        "train.sample_every": every,
        "train.checkpoint_every": every,
        "evaluate.metrics": "()",
        "evaluate.best": False,
    }
    if name != "r3gan":
        entries["model_args.ema_half_life"] = "none"
    return [f"--config.{key}={value}" for key, value in entries.items()]


def row(name: str, steps: str, scores: dict, found: float, divergence: float, time: str) -> str:
    """Returns a line of the table."""
    return (
        f"| {name} | {steps} | {scores['modes']:.0f} | {found:g} | {scores['reverse_kl']:.2f} | "
        f"{divergence:.2f} | {time} |"
    )


def stacked(digits: np.ndarray, num: int, seed: int) -> np.ndarray:
    """Stacks random digits as channels.

    Args:
        digits: Images `[B, H, W, 1]`, uint8.
        num: Number of images to make.
        seed: Seed of the choice.

    Returns:
        Images `[num, H, W, 3]`, uint8.
    """
    chosen = np.random.default_rng(seed).integers(len(digits), size=(num, 3))
    return np.stack([digits[chosen[:, i], ..., 0] for i in range(3)], axis=-1)


def write(path: Path, images: np.ndarray) -> None:
    """Writes images for `npz:`, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_replacing(path) as file:
        np.savez(file, images=images)


def modes(images: np.ndarray, reader: Callable[[np.ndarray], Sequence]) -> dict[str, float]:
    """Reads each channel's digit and scores coverage of the 1,000 triples.

    Args:
        images: Images `[B, H, W, 3]`; `reader` takes each of their channels.
        reader: From images with one channel to (features, logits).
    """
    from tfgan_zoo.metrics.mode_coverage import class_coverage, stacked_labels

    read = [np.argmax(reader(images[..., i : i + 1])[1], axis=1) for i in range(3)]
    return class_coverage(stacked_labels(np.stack(read, axis=1)), 1000)
