"""Trains the quick recipes of the translation models and scores them exactly.

  python -m benchmarks.translation                   # cyclegan and pix2pix, one after the other
  python -m benchmarks.translation --workdir=runs    # finished runs there are only scored

The inputs are all figures of the test split, which training has not seen. Prints the table and,
with --output, puts it into a Markdown file between the lines `<!-- translation:begin -->` and
`<!-- translation:end -->`.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli

_MODELS = flags.DEFINE_list("models", ["pix2pix", "cyclegan"], "Models.")
_WORKDIR = flags.DEFINE_string("workdir", "runs", "Folder of the run folders.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.")

_SCORES = ("fill", "shape", "colour", "place", "kept", "all")
_HEADER = f"""\
| model | direction | {" | ".join(_SCORES)} | mean absolute error | steps | time | images/s |
|{"---|" * (len(_SCORES) + 6)}"""


def rows(name: str, workdir: Path) -> list[str]:
    """Scores a finished run; returns a line of the table for each direction."""
    import dataclasses

    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import translation_scores
    from tfgan_zoo.run import experiment

    model = experiment.load_run(workdir)
    view = {"cyclegan": "unpaired", "pix2pix": "paired"}[name]
    lines = []
    for direction in model.translators():
        source, target = direction.split("_to_")
        drawn = figures.attributes(view, "test", domain=source)
        fill = figures.attributes(view, "test", domain=target).fill
        wanted = dataclasses.replace(drawn, fill=fill)
        made = pictures.to_uint8(model.translate(figures.render(drawn), direction, batch_size=50))
        scores = translation_scores(made, wanted)
        error = np.abs(made.astype(float) - figures.render(wanted)).mean() / 255
        lines.append(
            f"| `{name}` | `{direction}` | "
            + " | ".join(f"{scores[key]:.3f}" for key in _SCORES)
            + f" | {error:.4f} | {common.cost(workdir, model.steps_done)} |"
        )
    return lines


def main(argv: list[str]) -> None:
    """Trains the models and writes the table."""
    del argv
    common.check_places(_OUTPUT.value, "translation")
    folders = {name: Path(_WORKDIR.value) / name for name in _MODELS.value}
    for name, folder in folders.items():
        common.train(name, folder)
    cli.quiet_tensorflow()
    lines = [line for name, folder in folders.items() for line in rows(name, folder)]
    intro = f"2,000 images for each direction; {common.where()}."
    common.show("\n".join([intro, "", _HEADER, *lines]), _OUTPUT.value, "translation")


if __name__ == "__main__":
    app.run(main)
