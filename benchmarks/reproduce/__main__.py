"""Reproduces a published table and compares the figures.

  python -m benchmarks.reproduce ring --workdir=runs/reproduce/ring
  python -m benchmarks.reproduce theory --output=docs/results.md
  python -m benchmarks.reproduce NAME --help

NAME: ring, grid, ring_causes, lsgan_stability, theory, super_resolution, stacked_mnist,
fashion_mnist, r3gan.
Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- reproduce_NAME:begin -->` and `<!-- reproduce_NAME:end -->`.
"""

import functools
from pathlib import Path

from absl import flags

from benchmarks import common
from benchmarks.reproduce import (
    fashion_mnist,
    lsgan_stability,
    points,
    r3gan,
    ring_causes,
    stacked_mnist,
    super_resolution,
    theory,
)
from benchmarks.reproduce.experiment import Experiment
from tfgan_zoo import cli
from tfgan_zoo.errors import InputError

EXPERIMENTS = {
    "ring": Experiment(points.define, functools.partial(points.run, "ring")),
    "grid": Experiment(points.define, functools.partial(points.run, "grid")),
    "ring_causes": Experiment(ring_causes.define, ring_causes.run),
    "lsgan_stability": Experiment(lsgan_stability.define, lsgan_stability.run),
    "theory": Experiment(theory.define, theory.run),
    "super_resolution": Experiment(super_resolution.define, super_resolution.run),
    "stacked_mnist": Experiment(stacked_mnist.define, stacked_mnist.run),
    "r3gan": Experiment(r3gan.define, r3gan.run),
    "fashion_mnist": Experiment(fashion_mnist.define, fashion_mnist.run),
}


def main(argv: list[str]) -> None:
    """Runs the experiment named by the first argument."""
    name, *rest = argv or ["--help"]
    if name in ("--help", "-h"):
        cli.parse(flags.FlagValues(), ["--help"], __doc__)
    if name not in EXPERIMENTS:
        raise InputError(f"NAME: expected one of {', '.join(EXPERIMENTS)}, got {name!r}.")
    experiment = EXPERIMENTS[name]
    given = flags.FlagValues()
    flags.DEFINE_string(
        "workdir", f"runs/reproduce/{name}", "Folder to work in or resume from.", given
    )
    flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.", given)
    experiment.define(given)
    cli.parse(given, rest, __doc__)
    common.check_places(given.output, f"reproduce_{name}")
    cli.quiet_tensorflow()
    Path(given.workdir).mkdir(parents=True, exist_ok=True)
    common.show(experiment.run(given), given.output, f"reproduce_{name}")


if __name__ == "__main__":
    cli.run(main)
