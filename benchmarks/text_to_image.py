"""Trains the quick GAN-CLS with and without mismatching texts and scores their images.

  python -m benchmarks.text_to_image                    # about half an hour on two CPU cores
  python -m benchmarks.text_to_image --workdir=runs     # finished runs there are only scored

Each of the 2,000 captions of the test split is drawn once, and the figure is read back. "Seen" are
shapes in colours that occur in training, "held out" those that never do. The discriminators are
also tested on which of two captions fits a real image. Prints the table and, with --output, puts it
into a Markdown file between the lines `<!-- text_to_image:begin -->` and
`<!-- text_to_image:end -->`.
"""

from pathlib import Path

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

_SCORES = ("shape", "colour", "place", "background", "all")
_HEADER = f"""\
| | captions | valid | {" | ".join(_SCORES)} |
|{"---|" * (len(_SCORES) + 3)}"""


def caption_accuracy(workdir: Path, num: int | None = None) -> float:
    """Returns how often a run's D prefers a test image's own caption to another's.

    Args:
        workdir: The run, or a `.keras` file with the discriminator.
        num: How many test images; None for all.
    """
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.run import experiment

    test, model = figures.load("captions", "test"), experiment.load_run(workdir)
    test = {name: test[name][:num] for name in ("image", "caption")}
    other = np.roll(test["caption"], 1)
    images = pictures.from_uint8(test["image"])
    own_score, other_score = (
        model.logits(images, "test", (model.embed(list(each)),), training=False).numpy()[:, 0]
        for each in (test["caption"], other)
    )
    return float((own_score > other_score)[test["caption"] != other].mean())


def rows(label: str, workdir: Path, shuffled: bool = False) -> list[str]:
    """Scores a finished run; returns the table's lines for seen and for held-out captions."""
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics.figures import caption_scores, read
    from tfgan_zoo.run import experiment

    wanted = figures.attributes("captions", "test")
    captions = figures.captions(wanted)
    if shuffled:
        captions = [captions[i] for i in np.random.default_rng(0).permutation(len(captions))]
    made = pictures.to_uint8(experiment.load_run(workdir).generate(captions, seed=1))
    scores, valid = caption_scores(made, wanted), read(made).valid
    held_out = figures.is_held_out(wanted)
    return [
        f"| {label} | {name} | {valid[part].mean():.3f} | "
        + " | ".join(f"{scores[f'{key}_{score}']:.3f}" for score in _SCORES)
        + " |"
        for name, key, part in (("seen", "seen", ~held_out), ("held out", "held_out", held_out))
    ]


def main(argv: list[str]) -> None:
    """Trains the models and writes the table."""
    given = cli.Flags()
    given.define_path("workdir", "runs", "Folder of the run folders.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    common.check_places(given.output, "text_to_image")
    aware, unaware = (Path(given.workdir) / name for name in ("gan_cls", "gan_cls_unaware"))
    common.train("gan_cls", aware)
    common.train("gan_cls", unaware, "--config.model_args.matching_aware=false")
    cli.quiet_tensorflow()
    lines = [
        *rows("`gan_cls`", aware),
        *rows("`gan_cls`, captions shuffled", aware, shuffled=True),
        *rows("without mismatching texts", unaware),
    ]
    intro = (
        f"`gan_cls`: {common.minutes(aware):.1f} minutes, {common.speed(aware):,.0f} images/s, "
        f"the text encoder's training included; {common.where()}."
    )
    preference = (
        "Of two captions for a real image, its own and another's, the discriminator prefers its "
        f"own in {caption_accuracy(aware):.3f}; without mismatching texts in "
        f"{caption_accuracy(unaware):.3f}."
    )
    table = "\n".join([intro, "", _HEADER, *lines, "", preference])
    common.show(table, given.output, "text_to_image")


if __name__ == "__main__":
    cli.run(main)
