"""Trains `pix2pix_hd` on figures/labels with and without its parts, and tabulates what they do.

  python -m benchmarks.label_maps                              # one after the other
  python -m benchmarks.label_maps --variants=whole,no_boundaries --steps=500
  python -m benchmarks.label_maps --output=docs/results.md

Each variant is the recipe but for one entry. Finished runs in --workdir are only scored, on the
test split: the shares of instances that are one clean figure of their class at their place, of
those in the colour of the true image, and of edges between touching instances of one class that
are found. The true images are scored too, and so are images of one colour for each class, in which
no edge can be found.

Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- label_maps:begin -->` and `<!-- label_maps:end -->`.
"""

from pathlib import Path

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: The steps of the stages before a run.
STAGES = ("pretraining.steps", "pretraining.frozen_steps")
#: Overrides of the recipe by variant, and what it is.
VARIANTS = {
    "whole": ((), "the recipe"),
    "no_stages": (tuple(f"{entry}=0" for entry in STAGES), "without stages"),
    "no_matching": (("model_args.feature_matching=0",), "without feature matching"),
    "one_scale": (("model_args.num_scales=1",), "one scale"),
    "no_styles": (("model_args.style_size=0",), "without the encoder"),
    "no_boundaries": (
        ("model_args.style_size=0", "model_args.boundaries=false"),
        "without encoder and boundaries",
    ),
}

_HEADER = f"| variant | clean | colour | edge | steps | time | images/s |\n|{'---|' * 7}"


def cells(scores: dict[str, float]) -> str:
    """Returns the cells of scores; a dash for those that have no meaning."""
    found = (scores.get(name, np.nan) for name in ("clean", "colour", "edge"))
    return " | ".join("—" if np.isnan(value) else f"{value:.3f}" for value in found)


def main(argv: list[str]) -> None:
    """Trains the variants and writes the table."""
    given = cli.Flags()
    given.define_list("variants", list(VARIANTS), "Variants.")
    given.define_path("workdir", "runs", "Folder of the run folders.")
    given.define_integer("steps", None, "Steps of each stage; the recipe's by default.")
    given.define_integer("samples", 500, "Images to score.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    if not set(given.variants) <= set(VARIANTS) or not given.variants:
        raise SystemExit(f"--variants: expected some of {', '.join(VARIANTS)}.")
    common.check_places(given.output, "label_maps")
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    folders = {name: Path(given.workdir) / f"label_maps_{name}" for name in given.variants}
    for name, folder in folders.items():
        entries = list(VARIANTS[name][0])
        if given.steps is not None:
            stages = () if name == "no_stages" else STAGES
            entries += [f"{entry}={given.steps}" for entry in ("train.steps", *stages)]
        common.train("pix2pix_hd", folder, *(f"--config.{entry}" for entry in entries))

    from tfgan_zoo import pictures
    from tfgan_zoo.data.figures import BACKGROUND_RGB, COLOUR_RGB, scenes
    from tfgan_zoo.metrics.scenes import scene_scores
    from tfgan_zoo.run import experiment

    wanted = scenes.scenes("test", given.samples)
    drawn = scenes.render(wanted, 64)
    maps = np.stack([drawn["label"], drawn["inst"]], axis=-1).astype(np.int16)
    lines = []
    for name, folder in folders.items():
        model = experiment.load_run(folder)
        styles = None
        if model.style_size:
            styles = model.encode_styles(drawn["image"], maps[..., 1], batch_size=8)
        told = maps[..., : model.source_shape("a_to_b")[-1]]
        made = pictures.to_uint8(model.translate(told, styles=styles, batch_size=8))
        scores = scene_scores(made, wanted, colours=bool(model.style_size))
        cost = common.cost(folder, model.steps_done)
        lines.append(f"| {VARIANTS[name][1]} | {cells(scores)} | {cost} |")
    by_class = np.concatenate([BACKGROUND_RGB[:1], COLOUR_RGB])[drawn["label"]]
    for what, images in (("the true images", drawn["image"]), ("one colour a class", by_class)):
        scores = scene_scores(images.astype(np.uint8), wanted, colours=what == "the true images")
        lines.append(f"| {what} | {cells(scores)} | — | — | — |")
    intro = f"{len(wanted):,} images of the test split; {common.where()}."
    common.show("\n".join([intro, "", _HEADER, *lines]), given.output, "label_maps")


if __name__ == "__main__":
    cli.run(main)
