"""Scores enlarged images against the originals, image by image and on average.

  python -m tfgan_zoo.evaluate --data=folder:Set5 --baseline=bicubic
  python -m tfgan_zoo.evaluate --data=folder:DIV2K --split=val --baseline=nearest --output=div2k.csv
  python -m tfgan_zoo.evaluate --data=folder:Set5 --workdir=runs/srgan

A baseline enlarges by MATLAB's imresize and needs no training; a run's model, as far as it has
learnt to. Of a folder with files *_HR and
*_LR, or folders HR and LR, those are used; of any other images, smaller ones are made, by imresize
too.
"""

from pathlib import Path

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Scores, prints and writes."""
    given = flags.FlagValues()
    flags.DEFINE_string("data", None, "A data source.", given, required=True)
    flags.DEFINE_string("split", "train", "A split, or a part of one.", given)
    flags.DEFINE_string("data_dir", None, "Where tfds: keeps its data.", given)
    flags.DEFINE_string("baseline", None, "bicubic or nearest.", given)
    flags.DEFINE_string("workdir", None, "The run folder of an srgan.", given)
    flags.DEFINE_string("checkpoint", "best", "best, last, or a step.", given)
    flags.DEFINE_integer("scale", None, "The factor: the model's, or 4.", flag_values=given)
    flags.DEFINE_list("metrics", "psnr,ssim,ssim_daala", "What to calculate.", given)
    flags.DEFINE_enum("channel", "y", ["y", "rgb"], "Luma, or all channels.", given)
    flags.DEFINE_integer("border", None, "Pixels left out at edges; --scale.", flag_values=given)
    flags.DEFINE_string("output", None, "A .csv for the table.", given)
    flags.DEFINE_bool("overwrite", False, "Replace what --output names.", given)
    cli.parse(given, argv, __doc__)

    from tfgan_zoo import evaluation
    from tfgan_zoo.data.names import did_you_mean
    from tfgan_zoo.data.super_resolution import open_super_resolution

    known = " or ".join(evaluation.BASELINES)
    if (given.baseline is None) == (given.workdir is None):
        raise InputError(
            f"Give --workdir or --baseline: a run, or {known}, by which the images are enlarged."
        )
    if given.baseline is not None and given.baseline not in evaluation.BASELINES:
        raise InputError(f"--baseline: expected {known}, got {given.baseline!r}.")
    for flag, value, least in (("scale", given.scale or 4, 2), ("border", given.border or 0, 0)):
        if value < least:
            raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
    for metric in given.metrics:
        if metric not in evaluation.METRICS:
            hint = did_you_mean(metric, evaluation.METRICS)
            raise InputError(f"--metrics: there is no {metric!r}{hint}")
    if given.output:
        if Path(given.output).suffix.lower() != ".csv":
            raise InputError(f"--output: expected a .csv, got {given.output!r}.")
        if Path(given.output).exists() and not given.overwrite:
            raise InputError(f"--output: {given.output!r} exists; add --overwrite to replace it.")
    scale, upscale = given.scale or 4, None
    if given.workdir is not None:
        cli.quiet_tensorflow()
        from tfgan_zoo import experiment
        from tfgan_zoo.models import SRGAN

        model = experiment.load_run(given.workdir, given.checkpoint)
        if not isinstance(model, SRGAN):
            raise InputError(f"--workdir: expected a run of srgan, {given.workdir!r} is another.")
        if given.scale not in (None, model.scale):
            raise InputError(f"--scale: expected {model.scale}, the model's, got {given.scale}.")
        scale, upscale = model.scale, evaluation.by_model(model)
    opened = open_super_resolution(given.data, given.split, scale=scale, data_dir=given.data_dir)
    images = evaluation.enlarged(opened, upscale or evaluation.baseline(given.baseline, scale))
    border = scale if given.border is None else given.border
    scores = evaluation.score_images(
        images, given.metrics, border=border, channel=given.channel, num=len(opened.hr)
    )
    print(evaluation.table(scores))
    if given.output:
        evaluation.write_csv(given.output, scores)
        print(f"{len(scores.images)} images: {given.output}")


if __name__ == "__main__":
    cli.run(main)
