"""Trains the quick recipes that are told classes, and tabulates how well they draw what is asked.

  python -m benchmarks.conditional                             # one after the other
  python -m benchmarks.conditional --recipes=acgan,biggan
  python -m benchmarks.conditional --controls                  # and short trainings that must fail
  python -m benchmarks.conditional --output=docs/results.md

Finished runs in --workdir are only scored, on samples of all 48 classes in turn. For the recipe
with the most samples that are right, there is a table and a picture of truncated latents. Its
samples with shuffled labels are a control, and so are, with --controls, two short trainings: a
discriminator that is not told the class, and training images with each other's labels. Training
images are scored too, and a short training without a fault, which must obey. A control that obeys
ends the command with an error, after the tables.

Prints the tables and, with --output, puts them into a Markdown file between the lines
`<!-- conditional:begin -->` and `<!-- conditional:end -->`.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli

_ALL = ["dcgan_conditional", "cgan", "acgan", "sngan", "biggan", "r3gan"]
_RECIPES = flags.DEFINE_list("recipes", _ALL, "Recipes.")
_WORKDIR = flags.DEFINE_string("workdir", "runs", "Folder of the run folders.")
_STEPS = flags.DEFINE_integer("steps", None, "Steps of each recipe; its own by default.")
_SAMPLES = flags.DEFINE_integer("samples", 5000, "Images to score of each run.")
_CONTROLS = flags.DEFINE_boolean("controls", False, "Whether to train the controls.")
_CONTROL_STEPS = flags.DEFINE_integer("control_steps", 3000, "Steps of a control.")
_PICTURE = flags.DEFINE_string("picture", None, "The picture's file; in --workdir by default.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.")

#: Truncations of the best recipe's latents.
_TRUNCATIONS = (2.0, 1.0, 0.5)
#: Short trainings of `dcgan_conditional`, by what is wrong with them.
_SHORT = {
    "short": "short training",
    "untold": "short, discriminator not told the class",
    "mislabelled": "short, training labels shuffled",
}

_COLUMNS = "validity | obedience | combinations of 48 | spread of place | of size"
_HEADER = f"| recipe | {_COLUMNS} | steps | time | images/s |\n|{'---|' * 9}"
_TRUNCATED = f"| truncation of `{{}}` | {_COLUMNS} |\n|{'---|' * 6}"


def short_training(kind: str, workdir: Path) -> None:
    """Trains `dcgan_conditional` for a short time; see `_SHORT`."""
    from benchmarks import obedience

    # Labels of other images make scores of the figures' classes meaningless.
    overrides = [f"--config.train.steps={_CONTROL_STEPS.value}", "--config.evaluate.metrics=()"]
    if kind == "untold":
        overrides += ["--config.discriminator.name=benchmarks.obedience:untold_discriminator"]
    if kind == "mislabelled":
        source = obedience.mislabelled_figures(workdir.parent / "mislabelled.npz")
        overrides += [f"--config.data.source={source}"]
    common.train("dcgan_conditional", workdir, *overrides)


def main(argv: list[str]) -> None:
    """Trains the models and writes the tables and the picture."""
    del argv
    if not set(_RECIPES.value) <= set(_ALL) or not _RECIPES.value:
        raise SystemExit(f"--recipes: expected some of {', '.join(_ALL)}.")
    common.check_places(_OUTPUT.value, "conditional")
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    folder = Path(_WORKDIR.value)
    steps = [] if _STEPS.value is None else [f"--config.train.steps={_STEPS.value}"]
    for name in _RECIPES.value:
        common.train(name, folder / name, *steps)
    short = {kind: folder / f"control_{kind}" for kind in _SHORT} if _CONTROLS.value else {}
    for kind, workdir in short.items():
        short_training(kind, workdir)

    from benchmarks import obedience
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.run import experiment

    num = _SAMPLES.value
    labels = obedience.asked(num)
    held_out = figures.load(split="test", num=num)
    data = obedience.spreads(held_out["image"], held_out["label"])

    lines, controls, obedient, found = [], {}, {}, {}

    def tell(name: str, scores: obedience.Scores, spent: str = "— | — | —") -> None:
        lines.append(f"| {name} | {obedience.cells(scores)} | {spent} |")

    for name in _RECIPES.value:
        model = experiment.load_run(folder / name)
        images = obedience.draw(model, labels)
        found[name] = obedience.score(images, labels, data), images, model
        tell(f"`{name}`", found[name][0], common.cost(folder / name, model.steps_done))
    best = max(found, key=lambda name: obedience.right(found[name][0]))
    scores, images, model = found[best]

    name = f"`{best}`, labels of its samples shuffled"
    shuffled = np.random.default_rng(0).permutation(labels)
    controls[name] = obedience.score(images, shuffled, data)
    tell(name, controls[name])
    for kind, workdir in short.items():
        name, trained = f"`dcgan_conditional`, {_SHORT[kind]}", experiment.load_run(workdir, "last")
        score = obedience.score(obedience.draw(trained, labels), labels, data)
        (obedient if kind == "short" else controls)[name] = score
        tell(name, score, common.cost(workdir, trained.steps_done))
    seen = figures.load(num=num)
    obedient["training images"] = obedience.score(seen["image"], seen["label"], data)
    tell("training images", obedient["training images"])

    truncated = [f"| none | {obedience.cells(scores)} |"]
    for truncation in _TRUNCATIONS:
        images = obedience.draw(model, labels, truncation)
        cells = obedience.cells(obedience.score(images, labels, data))
        truncated.append(f"| {truncation:g} | {cells} |")
    picture = Path(_PICTURE.value or folder / "conditional_truncation.png")
    pictures.save_image(picture, obedience.truncated_rows(model, _TRUNCATIONS))

    intro = f"{num:,} samples for each; {common.where()}."
    tables = [intro, "", _HEADER, *lines, "", _TRUNCATED.format(best), *truncated]
    common.show("\n".join(tables), _OUTPUT.value, "conditional")
    if wrong := obedience.failures(controls, obedient):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    app.run(main)
