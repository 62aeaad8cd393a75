"""Trains the quick recipes on the embedded figures and tabulates their scores.

  python -m benchmarks.figures                       # all noise->image models, one after the other
  python -m benchmarks.figures --models=dcgan,wgan_gp
  python -m benchmarks.figures --workdir=runs        # finished runs there are only scored

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- figures:begin -->` and `<!-- figures:end -->`.
"""

from pathlib import Path

from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli

_ALL = ["gan", "dcgan", "lsgan", "wgan", "wgan_gp", "relativistic_gan"]
_MODELS = flags.DEFINE_list("models", _ALL, "Models.")
_WORKDIR = flags.DEFINE_string("workdir", "runs", "Folder of the run folders.")
_SAMPLES = flags.DEFINE_integer("samples", 5000, "Images to score per model.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.")

_HEADER = """\
| model | validity | combinations of 48 | reverse KL | SWD | steps | time | images/s |
|---|---|---|---|---|---|---|---|"""


def row(name: str, workdir: Path) -> str:
    """Scores a finished run; returns its line of the table."""
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import figure_scores
    from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
    from tfgan_zoo.run import experiment

    model = experiment.load_run(workdir)
    samples = model.generate(_SAMPLES.value, seed=3)
    scores = figure_scores(pictures.to_uint8(samples))
    held_out = pictures.from_uint8(figures.load(split="test", num=_SAMPLES.value)["image"])
    swd = sliced_wasserstein(samples, held_out)
    return (
        f"| `{name}` | {scores['validity']:.3f} | {scores['modes']:.0f} | "
        f"{scores['reverse_kl']:.3f} | {swd:.4f} | {common.cost(workdir, model.steps_done)} |"
    )


def main(argv: list[str]) -> None:
    """Trains the models and writes the table."""
    del argv
    common.check_places(_OUTPUT.value, "figures")
    folders = {name: Path(_WORKDIR.value) / name for name in _MODELS.value}
    for name, folder in folders.items():
        common.train(name, folder)
    cli.quiet_tensorflow()
    rows = [row(name, folder) for name, folder in folders.items()]
    intro = f"{_SAMPLES.value:,} samples for each; {common.where()}."
    common.show("\n".join([intro, "", _HEADER, *rows]), _OUTPUT.value, "figures")


if __name__ == "__main__":
    app.run(main)
