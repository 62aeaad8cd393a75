"""Compares the recipe for own images with another recipe's settings on the same images.

  python -m benchmarks.own_images --source=folder:emoji --rival=dcgan_celeba
  python -m benchmarks.own_images --source=idx:FASHION --image_size=32 \\
      --train_split=train --test_split=test --rival=dcgan_fashion_mnist

Both train for the same time: the speed of each is measured first, and its number of steps follows.
The rival keeps its networks, game, optimizers and batch size, and gets the size and data settings
of the recipe. Each is trained with several seeds, in turn, and scored on the images that are held
out. Finished runs in --workdir are only scored. Prints a table and, with --output, puts it into a
Markdown file between `<!-- own_images_NAME:begin -->` and `:end`, NAME being the rival.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli
from tfgan_zoo.atomic import write_atomically

_SOURCE = flags.DEFINE_string("source", None, "The images, a data source.", required=True)
_TRAIN = flags.DEFINE_string("train_split", "train[:90%]", "The split to train on.")
_TEST = flags.DEFINE_string("test_split", "train[90%:]", "The split to score on.")
_SIZE = flags.DEFINE_string("image_size", None, "As for tfgan_zoo.train.")
_RIVAL = flags.DEFINE_string("rival", None, "The other recipe.", required=True)
_MINUTES = flags.DEFINE_float("minutes", 10.0, "Time of each training, in minutes.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Trainings of each.")
_DRAWS = flags.DEFINE_integer("draws", 5, "Sets of samples that each run is scored with.")
_SAMPLES = flags.DEFINE_integer("samples", 10_000, "Samples of each set.")
_WORKDIR = flags.DEFINE_string("workdir", "runs/own_images", "Folder of the run folders.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/own_images.md.")

#: Seconds of training by which the speed is measured.
_MEASURED = 60.0

_HEADER = """\
| settings | seed | steps | time | images/s | SWD |
|---|---|---|---|---|---|"""


def settings(recipe: str, workdir: Path) -> list[str]:
    """Returns the command that trains a recipe on the images."""
    command = [
        *(sys.executable, "-m", "tfgan_zoo.train", f"--config={recipe}", f"--workdir={workdir}"),
        f"--config.data.source={_SOURCE.value}",
        f"--config.data.split={_TRAIN.value}",
        "--config.data.fit=pad",
        "--config.evaluate.metrics=()",
    ]
    if recipe == "images":
        return command if _SIZE.value is None else [*command, f"--image_size={_SIZE.value}"]
    printed = subprocess.run(
        [*settings("images", workdir), "--dry_run"], check=True, capture_output=True
    ).stdout
    ours = json.loads(printed)
    shape = ",".join(map(str, ours["model_args"]["image_shape"]))
    return [
        *command,
        f"--config.model_args.image_shape=({shape})",
        *(f"--config.data.{key}={ours['data'][key]}" for key in ("flip", "crop")),
    ]


def steps_per_second(recipe: str, folder: Path) -> float:
    """Measures how fast a recipe trains, in a run that is deleted again."""
    stored = folder / f"{recipe}.speed.json"
    if stored.exists():
        return json.loads(stored.read_text())
    workdir = folder / f"{recipe}.speed"
    shutil.rmtree(workdir, ignore_errors=True)
    endless = ["--config.train.log_every=5", "--config.train.steps=1000000"]
    process = subprocess.Popen([*settings(recipe, workdir), *endless])
    first: tuple[int, float] | None = None
    try:
        while process.poll() is None:
            time.sleep(0.1)
            step, now = _last_step(workdir), time.monotonic()
            if step and first is None:
                first = step, now
            elif first and now - first[1] > _MEASURED and step > first[0]:
                found = (step - first[0]) / (now - first[1])
                write_atomically(stored, json.dumps(found))
                return found
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(workdir, ignore_errors=True)
    raise SystemExit(f"{recipe}: the training has ended by itself.")


def _last_step(workdir: Path) -> int:
    file = workdir / "metrics.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return json.loads(lines[-1])["step"] if lines else 0


def score(workdir: Path) -> float:
    """Returns the mean sliced Wasserstein distance of several sets of samples from held-out images.

    The last weights are scored, or their moving average where there is one.
    """
    from tfgan_zoo.run.evaluation import evaluate_run
    from tfgan_zoo.tasks import Request

    requests = (
        Request(
            metrics=("swd",),
            split=_TEST.value,
            checkpoint="last",
            seed=seed,
            num=_SAMPLES.value,
        )
        for seed in range(_DRAWS.value)
    )
    return float(np.mean([evaluate_run(workdir, each).scores["swd"] for each in requests]))


def verdict(scores: dict[str, list[float]]) -> str:
    """Compares the means of the two recipes with the standard error of their difference.

    Example:
        >>> verdict({"images": [0.05, 0.07], "dcgan": [0.08, 0.10]})
        'images - dcgan: -0.0300, standard error 0.0141: not worse.'
    """
    (ours, a), (rival, b) = ((name, np.asarray(found)) for name, found in scores.items())
    error = float(np.sqrt(sum(np.var(x, ddof=1) / len(x) for x in (a, b))))
    difference = float(a.mean() - b.mean())
    found = "not worse" if difference <= error else "WORSE by more than one standard error"
    return f"{ours} - {rival}: {difference:.4f}, standard error {error:.4f}: {found}."


def main(argv: list[str]) -> None:
    """Trains, scores and writes the table."""
    del argv
    common.check_places(_OUTPUT.value, f"own_images_{_RIVAL.value}")
    folder = Path(_WORKDIR.value)
    folder.mkdir(parents=True, exist_ok=True)
    recipes = ("images", _RIVAL.value)
    runs: dict[tuple[str, int], Any] = {}
    for seed in range(_SEEDS.value):
        for recipe in recipes:
            workdir = folder / f"{recipe}-{seed}"
            if not (workdir / "wall_seconds.json").exists():
                shutil.rmtree(workdir, ignore_errors=True)  # its time is not known
                steps = max(1, round(steps_per_second(recipe, folder) * 60 * _MINUTES.value))
                more = f"--config.train.steps={steps}", f"--config.seed={seed}"
                common.clocked([*settings(recipe, workdir), *more], workdir)
            runs[recipe, seed] = workdir
    cli.quiet_tensorflow()
    scores: dict[str, list[float]] = {recipe: [] for recipe in recipes}
    lines = []
    for (recipe, seed), workdir in sorted(runs.items()):
        scores[recipe].append(score(workdir))
        trained = f"{_last_step(workdir):,} | {common.minutes(workdir):.1f} min"
        lines.append(
            f"| `{recipe}` | {seed} | {trained} | {common.speed(workdir):,.0f} | "
            f"{scores[recipe][-1]:.4f} |"
        )
    sets = f"{_DRAWS.value} set{'s' * (_DRAWS.value > 1)} of {_SAMPLES.value:,} samples"
    intro = f"SWD from held-out images, {sets}; {common.where()}."
    table = "\n".join([intro, "", _HEADER, *lines, "", verdict(scores)])
    common.show(table, _OUTPUT.value, f"own_images_{_RIVAL.value}")


if __name__ == "__main__":
    app.run(main)
