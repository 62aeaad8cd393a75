"""Scores what a run's model makes, or enlarged images against the originals.

  python -m tfgan_zoo.evaluate --workdir=runs/dcgan
  python -m tfgan_zoo.evaluate --workdir=runs/dcgan --metrics=fid,kid --inception=inception.tgz
  python -m tfgan_zoo.evaluate --workdir=runs/cyclegan --metrics=kid,figures --split=test --num=500
  python -m tfgan_zoo.evaluate --workdir=runs/srgan --data=folder:Set5
  python -m tfgan_zoo.evaluate --baseline=bicubic --data=folder:Set5 --output=set5.csv

Of models that draw from noise or texts, or translate, distributions are compared: samples with as
many images of --split, by default of what the run was trained on, in the features of a network.
They are --features=inception for numbers like published ones, or small networks that come along:
figures_v1, mnist_v1, fashion_mnist_v1. Numbers and protocol are added to evaluation.jsonl in the
run folder.

Images that an srgan enlarged, or MATLAB's imresize as a --baseline, are scored one by one: all of
--data, by default what the run was scored on in training. Of a folder with files *_HR and *_LR, or
folders HR and LR, those are used; of any other images, smaller ones are made, by imresize too.
"""

import contextlib
from pathlib import Path
from typing import Any

from absl import flags

from tfgan_zoo import atomic, cli
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError

#: Flags of one way to score alone.
_OF_SAMPLES = ("num", "features", "inception", "seed", "direction")
_OF_ENLARGED = ("scale", "channel", "border", "output", "overwrite")
_OF_RUNS = ("checkpoint", "raw_weights")


def main(argv: list[str]) -> None:
    """Scores, prints and writes."""
    given = flags.FlagValues()
    cli.define_path("workdir", None, "The run folder.", given)
    flags.DEFINE_string("baseline", None, "Instead of a run: bicubic or nearest.", given)
    flags.DEFINE_string("checkpoint", "best", "best, last, or a step.", given)
    flags.DEFINE_list("metrics", None, "What to calculate; docs/evaluation.md has all.", given)
    flags.DEFINE_string("data", None, "A data source; by default the run's.", given)
    flags.DEFINE_string("split", None, "A split, or a part of one.", given)
    cli.define_path("data_dir", None, "Where tfds: keeps its data.", given)
    flags.DEFINE_integer("num", 10_000, "Samples to make.", flag_values=given)
    flags.DEFINE_string(
        "features", "auto", "Those that fit the data; inception, or another.", given
    )
    cli.define_path("inception", None, "Inception's .pb or .tgz; else downloaded.", given)
    flags.DEFINE_integer("seed", 0, "Of the samples.", flag_values=given)
    flags.DEFINE_bool("raw_weights", False, "Of the weights, not their average.", given)
    flags.DEFINE_enum("direction", "a_to_b", ["a_to_b", "b_to_a"], "Of a translation.", given)
    flags.DEFINE_integer(
        "scale", None, "Enlarged: the factor; the model's, or 4.", flag_values=given
    )
    flags.DEFINE_enum("channel", "y", ["y", "rgb"], "Enlarged: luma, or all channels.", given)
    flags.DEFINE_integer("border", None, "Enlarged: pixels left out; --scale.", flag_values=given)
    cli.define_path("output", None, "Enlarged: a .csv for the table.", given)
    flags.DEFINE_bool("overwrite", False, "Replace what --output names.", given)
    cli.parse(given, argv, __doc__)
    if (given.baseline is None) == (given.workdir is None):
        raise InputError(
            "Give --workdir or --baseline: a run, or bicubic or nearest, by which the images are "
            "enlarged."
        )
    if given.workdir is not None:
        cli.quiet_tensorflow()
        from tfgan_zoo.evaluation import runs
        from tfgan_zoo.models import SRGAN

        if not issubclass(runs.model_of_run(given.workdir), SRGAN):
            return samples(given)
    return pairs(given)


def samples(given: flags.FlagValues) -> None:
    """Scores what a run's model makes."""
    from tfgan_zoo.evaluation import runs

    _refuse(given, _OF_ENLARGED, "is for enlarged images; scores of samples are added to the run.")
    typed = {name: given[name].value for name in runs.Asked._fields if name in given}
    typed["source"] = given.data
    asked: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
    print(runs.evaluate_run(given.workdir, runs.Asked(**asked)).report())
    print(f"added to {Path(given.workdir) / 'evaluation.jsonl'}")


def _refuse(given: flags.FlagValues, names: tuple[str, ...], why: str) -> None:
    """Raises an InputError where a flag was given that would have no effect."""
    for name in names:
        if given[name].present:
            raise InputError(f"--{name}: {why}")


def check_pairs(given: flags.FlagValues, metrics: list[str]) -> None:
    """Raises an InputError where enlarged images cannot be scored as the flags say."""
    from tfgan_zoo import evaluation
    from tfgan_zoo.suggestions import did_you_mean

    _refuse(given, _OF_SAMPLES, "is for samples and translations; enlarged images are all scored.")
    if given.baseline is not None:
        _refuse(given, _OF_RUNS, "is for a run; a --baseline has no weights.")
        if given.data is None:
            raise InputError("--data: expected a data source whose images to enlarge, got none.")
        if given.baseline not in evaluation.BASELINES:
            known = " or ".join(evaluation.BASELINES)
            raise InputError(f"--baseline: expected {known}, got {given.baseline!r}.")
    for flag, value, least in (("scale", given.scale or 4, 2), ("border", given.border or 0, 0)):
        if value < least:
            raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
    for metric in metrics:
        if metric not in evaluation.METRICS:
            hint = did_you_mean(metric, evaluation.METRICS)
            raise InputError(f"--metrics: there is no {metric!r}{hint}")
    if given.output:
        if Path(given.output).suffix.lower() != ".csv":
            raise InputError(f"--output: expected a .csv, got {given.output!r}.")
        atomic.check_name(Path(given.output), "--output")
        if Path(given.output).exists() and not given.overwrite:
            raise InputError(f"--output: {given.output!r} exists; add --overwrite to replace it.")


def pairs(given: flags.FlagValues) -> None:
    """Scores enlarged images."""
    from tfgan_zoo import evaluation
    from tfgan_zoo.data.resolutions import open_super_resolution

    metrics = ["psnr", "ssim", "ssim_daala"] if given.metrics is None else given.metrics
    check_pairs(given, metrics)
    scale, resolution = given.scale or 4, None
    weights: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    source, split, data_dir = given.data, given.split or "train", given.data_dir
    rules: dict[str, Any] = {}
    if given.workdir is None:
        upscale = evaluation.baseline(given.baseline, scale)
    else:
        from tfgan_zoo.run import experiment
        from tfgan_zoo.run.folder import Run

        model = experiment.load_run(given.workdir, given.checkpoint)
        if given.scale not in (None, model.scale):
            raise InputError(f"--scale: expected {model.scale}, the model's, got {given.scale}.")
        scale, resolution = model.scale, model.image_shape[0]
        upscale = evaluation.by_model(model)
        if given.raw_weights:
            weights = model.raw_weights()
        config = Run.open(given.workdir).config()
        rules = config_lib.decoding(config["data"])
        if source is None:
            scored, data = config["evaluate"], config["data"]
            source = scored["source"] or data["source"]
            split = given.split or scored["split"] or data["split"]
            data_dir = data_dir or data["data_dir"]
    opened = open_super_resolution(
        source, split, scale=scale, resolution=resolution, data_dir=data_dir, **rules
    )
    border = scale if given.border is None else given.border
    with weights:
        scores = evaluation.score_images(
            evaluation.enlarged(opened, upscale),
            metrics,
            border=border,
            channel=given.channel,
            num=len(opened.hr),
        )
    print(evaluation.table(scores))
    if given.output:
        evaluation.write_csv(given.output, scores)
        print(f"{len(scores.images)} images: {given.output}")


if __name__ == "__main__":
    cli.run(main)
