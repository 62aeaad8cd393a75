"""Compares augmentations of the discriminator's inputs on few images.

  python -m benchmarks.small_data                                        # 500 figures
  python -m benchmarks.small_data --source=folder:emoji --train_split='train[~::10]' \\
      --test_split='train[::10]'
  python -m benchmarks.small_data --output=docs/results.md --picture=docs/images/small_data.png

Trains the recipe for own images without augmentation, with DiffAugment at every step, with a
probability that adapts (ADA), and with or without R2 beside R1; scores every checkpoint on
held-out images. The table has the best and the last score; ADA's last probability; how far the
discriminator overfits, see `Memory`; and how near samples are to training images: the median
distance from a sample to the nearest one, divided by that of held-out images. A model that copies
has 0. Sheets in --workdir show samples above their nearest training images.

Finished runs in --workdir are only scored. Prints the table and, with --output, puts it into a
Markdown file between the lines `<!-- small_data_NAME:begin -->` and `<!-- small_data_NAME:end -->`,
NAME being the source up to a colon.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common, plots
from tfgan_zoo import cli

#: Setting -> entries of the model.
SETTINGS = {
    "none": {"ada_target": None, "r2_gamma": 0.0},
    "DiffAugment": {"diff_augment": "color,translation,cutout", "r2_gamma": 0.0},
    "ADA": {"r2_gamma": 0.0},
    "DiffAugment, R1 + R2": {"diff_augment": "color,translation,cutout"},
    "ADA, R1 + R2": {},
    "ADA ten times as fast, R1 + R2": {"ada_speed": 50_000},
}
#: Samples on a sheet.
_SHOWN = 12


def train(setting: str, workdir: Path, given: cli.Flags) -> None:
    """Trains the recipe with a setting, unless it is trained."""
    every = max(1, given.steps // given.checkpoints)
    entries: dict[str, Any] = {
        "data.source": given.source,
        "data.split": given.train_split,
        "train.steps": given.steps,
        "train.log_every": every,
        "train.sample_every": every,
        "train.checkpoint_every": every,
        "train.keep_checkpoints": given.checkpoints,
        "evaluate.metrics": "()",
        **{f"model_args.{key}": value for key, value in SETTINGS[setting].items()},
    }
    common.train("images", workdir, *(f"--config.{key}={v}" for key, v in entries.items()))


def images_of(config: Any, split: str, most: int) -> np.ndarray:
    """Returns images of a split as the run sees them, `[N, H, W, C]` in [-1, 1].

    Args:
        config: The run's.
        split: A split of its source.
        most: The most images.
    """
    from tfgan_zoo import data, pictures

    *side, channels = config["model_args"]["image_shape"]
    source = data.open_source(config["data"]["source"], split, resolution=max(side))
    options = {key: config["data"][key] for key in ("crop", "fit")}
    fitting = data.fit_for(source, image_size=side, channels=channels, **options)
    images = data.load_images(source, fitting, min(most, len(source)))
    return images if images.dtype == np.float32 else pictures.from_uint8(images)


def nearest(images: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the index of the nearest training image of each image, and its distance.

    Args:
        images: `[N, H, W, C]`.
        training: `[M, H, W, C]`.

    Returns:
        Indices `[N]`, and root mean squared differences of pixels, `[N]`.
    """
    a, b = (x.reshape(len(x), -1).astype("float64") for x in (images, training))
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    squares = np.maximum(squares, 0) / a.shape[1]
    return squares.argmin(1), np.sqrt(squares.min(1))


class Memory(NamedTuple):
    """What a run knows by heart.

    Attributes:
        overfitting: (E C(training) - E C(held out)) / (E C(training) - E C(samples)): 0 if the
            discriminator cannot tell training images from new ones, 1 if new images look to it
            like samples (Karras et al. 2020, section 3).
        nearness: The median distance from a sample to the nearest training image, divided by that
            of held-out images.
    """

    overfitting: float
    nearness: float


def memory(workdir: Path, given: cli.Flags) -> Memory:
    """Measures a run, and writes the sheet of its samples with their nearest training images."""
    from tfgan_zoo import pictures
    from tfgan_zoo.run import experiment
    from tfgan_zoo.run.folder import Run

    config = Run.open(workdir).config()
    training, held_out = (images_of(config, s, 2000) for s in (given.train_split, given.test_split))
    model = experiment.load_run(workdir)
    samples = np.asarray(model.generate(500, seed=1))
    scores = [
        float(np.mean(model.discriminator.predict(images, verbose=0)))
        for images in (training, held_out, samples)
    ]
    indices, distances = nearest(samples, training)
    pairs = np.stack([samples[:_SHOWN], training[indices[:_SHOWN]]])  # [2, N, H, W, C]
    sheet = pairs.transpose(0, 2, 1, 3, 4).reshape(2 * pairs.shape[2], -1, pairs.shape[-1])
    pictures.save_png(workdir / "nearest.png", pictures.to_uint8(sheet))
    return Memory(
        (scores[0] - scores[1]) / (scores[0] - scores[2]),
        float(np.median(distances) / np.median(nearest(held_out, training)[1])),
    )


def row(setting: str, found: dict[int, dict[str, float]], knows: Memory, last: dict) -> str:
    """Returns a line of the table.

    Args:
        setting: Name of the setting.
        found: Scores by step.
        knows: What the run knows by heart.
        last: The last line of its log.
    """
    cells = []
    for name in found[max(found)]:
        best = min(found, key=lambda step: found[step][name])
        cells += [f"{found[best][name]:.3g} at {best:,}", f"{found[max(found)][name]:.3g}"]
    probability = f"{last['d_augment']:.2f}" if "d_augment" in last else "—"
    cells += [probability, f"{knows.overfitting:.2f}", f"{knows.nearness:.2f}"]
    return f"| {setting} | {' | '.join(cells)} |"


def main(argv: list[str]) -> None:
    """Trains, scores and writes the table."""
    given = cli.Flags()
    given.define_string("source", "figures", "The images, a data source.")
    given.define_string("train_split", "train[:500]", "The split to train on.")
    given.define_string("test_split", "test", "The split to score on.")
    given.define_integer("steps", 5000, "Steps of each training.")
    given.define_integer("checkpoints", 10, "Checkpoints to score of each.")
    given.define_integer("samples", 2000, "Samples of each score.")
    given.define_list("metrics", ["swd", "fid"], "Scores, of which less is better.")
    given.define_path("workdir", "runs/small_data", "Folder of the run folders.")
    given.define_path("picture", None, "The plot's file; in --workdir by default.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures

    name = given.source.split(":")[0]
    common.check_places(given.output, f"small_data_{name}")
    folder = Path(given.workdir) / name
    rows, curves, header = [], {}, []
    for setting in SETTINGS:
        workdir = folder / re.sub(r"\W+", "_", setting.lower())
        train(setting, workdir, given)
        found = common.checkpoint_scores(
            workdir, metrics=tuple(given.metrics), split=given.test_split, num=given.samples
        )
        last = json.loads((workdir / "metrics.jsonl").read_text().splitlines()[-1])
        header = list(found[max(found)])
        curves[setting] = [(float(step), found[step][header[0]]) for step in sorted(found)]
        rows.append(row(setting, found, memory(workdir, given), last))
    picture = Path(given.picture or folder / "small_data.png")
    pictures.save_image(picture, plots.plot(curves, header[0], "steps", log=True))
    columns = " | ".join(f"{each}, best | last" for each in header)
    table = [
        f"`{given.source.split(':')[0]}`, `{given.train_split}`, {given.steps:,} steps; "
        f"{given.samples:,} samples of each score, against `{given.test_split}`; {common.where()}.",
        "",
        f"| augmentation | {columns} | probability | overfitting | distance to training images |",
        "|---" * (4 + 2 * len(header)) + "|",
        *rows,
    ]
    common.show("\n".join(table), given.output, f"small_data_{name}")
    print(f"plot: {picture}")


if __name__ == "__main__":
    cli.run(main)
