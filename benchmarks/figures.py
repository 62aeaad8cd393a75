"""Trains the quick recipes on the embedded figures and tabulates what they learned.

  python -m benchmarks.figures                       # all noise->image models, one after the other
  python -m benchmarks.figures --models=dcgan,wgan_gp
  python -m benchmarks.figures --workdir=runs        # runs that are finished there are only scored

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- figures:begin -->` and `<!-- figures:end -->`.
"""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

from absl import app, flags

from tfgan_zoo import cli

_ALL = ["gan", "dcgan", "lsgan", "wgan", "wgan_gp", "relativistic_gan"]
_MODELS = flags.DEFINE_list("models", _ALL, "Which.")
_WORKDIR = flags.DEFINE_string("workdir", "runs", "Where the run folders are or will be.")
_SAMPLES = flags.DEFINE_integer("samples", 5000, "Images scored for each model.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.")

_HEADER = """\
| model | validity | combinations of 48 | reverse KL | SWD | steps | time | images/s |
|---|---|---|---|---|---|---|---|"""


def train(name: str, workdir: Path) -> None:
    """Trains one recipe in a process of its own, unless it is finished, and notes the time."""
    clock = workdir / "wall_seconds.json"
    start = time.monotonic()
    command = [sys.executable, "-m", "tfgan_zoo.train", f"--model={name}", f"--workdir={workdir}"]
    subprocess.run(command, check=True)
    if not clock.exists():
        clock.write_text(json.dumps(time.monotonic() - start))


def row(name: str, workdir: Path) -> str:
    """Scores a finished run; returns its line of the table."""
    import numpy as np

    from tfgan_zoo import experiment, pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import figure_scores
    from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein

    model = experiment.load_run(workdir)
    samples = model.generate(_SAMPLES.value, seed=3)
    scores = figure_scores(pictures.to_uint8(samples))
    held_out = figures.load(split="test", num=_SAMPLES.value)["image"] / np.float32(127.5) - 1
    swd = sliced_wasserstein(samples, held_out)
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    speed = float(np.median([line["images_per_second"] for line in lines]))
    minutes = json.loads((workdir / "wall_seconds.json").read_text()) / 60
    return (
        f"| `{name}` | {scores['validity']:.3f} | {scores['modes']:.0f} | "
        f"{scores['reverse_kl']:.3f} | {swd:.4f} | {model.steps_done:,} | {minutes:.1f} min | "
        f"{speed:,.0f} |"
    )


def main(argv: list[str]) -> None:
    """Trains, scores, writes."""
    del argv
    folders = {name: Path(_WORKDIR.value) / name for name in _MODELS.value}
    for name, folder in folders.items():
        train(name, folder)
    cli.quiet_tensorflow()
    rows = [row(name, folder) for name, folder in folders.items()]
    where = f"{platform.machine()}, {os.cpu_count()} CPU cores, {datetime.date.today()}"
    table = "\n".join([f"{_SAMPLES.value:,} samples for each; {where}.", "", _HEADER, *rows])
    print(table)
    if _OUTPUT.value:
        path = Path(_OUTPUT.value)
        begin, end = "<!-- figures:begin -->", "<!-- figures:end -->"
        text = re.sub(
            f"{begin}.*{end}",
            lambda _: f"{begin}\n{table}\n{end}",
            path.read_text(),
            flags=re.DOTALL,
        )
        path.write_text(text)


if __name__ == "__main__":
    app.run(main)
