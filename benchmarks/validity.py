"""Plots validity over minutes of training on the figures, beside PyTorch's usual DCGAN.

  python -m benchmarks.validity --torch_python=/path/to/venv/bin/python
  python -m benchmarks.validity --recipes=dcgan,dcgan_conditional --output=docs/results.md

Trains quick recipes one after the other, each scored `--points` times as it trains; finished runs
in --workdir are only read. With --torch_python, `validity_torch` trains the network that PyTorch's
tutorial gives for DCGAN for --minutes, on the same images. Minutes are those of training alone,
with the first steps' tracing and without sampling and scoring.

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- validity:begin -->` and `<!-- validity:end -->`.
"""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import common, plots
from tfgan_zoo import cli

_ALL = ["dcgan", "wgan_gp", "r3gan_unconditional", "dcgan_conditional"]
_TUTORIAL = "PyTorch DCGAN"
_MARKS = (0.5, 0.8, 0.95)


class Point(NamedTuple):
    """Scores after some minutes of training."""

    minutes: float
    validity: float
    modes: int
    reverse_kl: float


def trained(recipe: str, folder: Path, count: int, samples: int) -> list[Point]:
    """Trains a recipe unless it is finished; returns its scores.

    Args:
        recipe: Its name.
        folder: The run folder.
        count: Scores.
        samples: Images of each score.
    """
    from tfgan_zoo.config.load import load_config

    config = load_config(recipe)
    every = max(1, config.train.steps // count)
    entries = {
        "train.log_every": every,
        "train.sample_every": every,
        "train.checkpoint_every": every,
        "evaluate.samples": samples,
        "evaluate.metrics": "('figures',)",
    }
    common.train(recipe, folder, *(f"--config.{key}={value}" for key, value in entries.items()))
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return points(list(map(json.loads, lines)), images_per_step(folder, config.data.batch_size))


def images_per_step(folder: Path, batch_size: int) -> int:
    """Returns the real images that a step of a run takes."""
    from tfgan_zoo.run import experiment

    return experiment.load_run(folder).samples_per_step(batch_size)


def points(lines: list[dict], images: int) -> list[Point]:
    """Returns the scores in the lines of a log, over the time of training between them.

    Args:
        lines: Of `metrics.jsonl`, with `step`, `images_per_second` and, in some, scores.
        images: Real images of a step.
    """
    found, seconds, step = [], 0.0, 0
    for line in lines:
        seconds += (line["step"] - step) * images / line["images_per_second"]
        step = line["step"]
        if "validity" in line:
            scores = (line["validity"], int(line["modes"]), line["reverse_kl"])
            found.append(Point(seconds / 60, *scores))
    return found


def torch_points(python: str, folder: Path, *numbers: float) -> list[Point]:
    """Trains PyTorch's DCGAN unless that is finished; returns its scores.

    Args:
        python: A Python with PyTorch.
        folder: For its files.
        *numbers: Minutes, scores, and images of each score.
    """
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import figure_scores

    folder.mkdir(parents=True, exist_ok=True)
    samples = folder / "samples.npz"
    if not samples.exists():
        images = folder / "images.npy"
        np.save(images, figures.load()["image"])
        script = Path(__file__).with_name("validity_torch.py")
        command = [python, script, images, samples, *numbers]
        subprocess.run(list(map(str, command)), check=True)
        images.unlink()
    with np.load(samples) as saved:
        drawn = list(zip(saved["seconds"], saved["images"], strict=True))
    scored = [(seconds / 60, figure_scores(images)) for seconds, images in drawn]
    return [Point(m, s["validity"], int(s["modes"]), s["reverse_kl"]) for m, s in scored]


def row(name: str, curve: list[Point]) -> str:
    """Returns a line of the table: the end, and the minutes up to each mark."""
    end = curve[-1]
    reached = [next((p.minutes for p in curve if p.validity >= mark), None) for mark in _MARKS]
    cells = ["never" if minutes is None else f"{minutes:.1f} min" for minutes in reached]
    return (
        f"| {name} | {end.validity:.3f} | {end.modes} | {end.reverse_kl:.3f} | "
        f"{end.minutes:.1f} min | {' | '.join(cells)} |"
    )


def main(argv: list[str]) -> None:
    """Trains what is missing; draws the plot and writes the table."""
    given = cli.Flags()
    given.define_list("recipes", _ALL, "Recipes.")
    given.define_path("workdir", "runs/validity", "Folder of the run folders.")
    given.define_integer("points", 20, "Scores of each recipe.")
    given.define_integer("samples", 1000, "Images of each score.")
    given.define_path("torch_python", None, "A Python with PyTorch; none by default.")
    given.define_float("minutes", 10.0, "Minutes of PyTorch's training.")
    given.define_path("picture", None, "The plot's file; in --workdir by default.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    common.check_places(given.output, "validity")
    common.check_torch(given.torch_python)
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures

    workdir, scored = Path(given.workdir), (given.points, given.samples)
    curves = {f"`{name}`": trained(name, workdir / name, *scored) for name in given.recipes}
    if given.torch_python:
        folder = workdir / "pytorch_dcgan"
        curves[_TUTORIAL] = torch_points(given.torch_python, folder, given.minutes, *scored)
    picture = Path(given.picture or workdir / "validity.png")
    lines = {n.strip("`"): [(p.minutes, p.validity) for p in c] for n, c in curves.items()}
    pictures.save_image(picture, plots.plot(lines, "validity", "minutes of training"))
    marks = " | ".join(f"{mark:g} after" for mark in _MARKS)
    header = f"| game | validity | of 48 | reverse KL | time | {marks} |"
    table = [
        f"{given.samples:,} samples of each score; {common.where()}.",
        "",
        header,
        "|---" * (5 + len(_MARKS)) + "|",
        *(row(*item) for item in curves.items()),
    ]
    common.show("\n".join(table), given.output, "validity")
    print(f"plot: {picture}")


if __name__ == "__main__":
    cli.run(main)
