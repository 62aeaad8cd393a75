"""Scores what a run's model makes, one data source against another, or enlarged images.

  python -m tfgan_zoo.evaluate --workdir=runs/dcgan
  python -m tfgan_zoo.evaluate --workdir=runs/dcgan --metrics=fid,kid --inception=inception.tgz
  python -m tfgan_zoo.evaluate --workdir=runs/cyclegan --metrics=kid,figures --split=test --num=500
  python -m tfgan_zoo.evaluate --workdir=runs/srgan --data=folder:Set5
  python -m tfgan_zoo.evaluate --preset=r3gan_figures --metrics=figures
  python -m tfgan_zoo.evaluate --real=folder:photos --fake=folder:samples --metrics=fid,kid
  python -m tfgan_zoo.evaluate --baseline=bicubic --data=folder:Set5 --output=set5.csv

For models that draw from noise or texts, or translate, distributions are compared: samples with as
many images of --split, by default evaluate.split or test, in the features of a network. Those are
--features=inception for numbers like published ones, efficientnet_lite0 of tfgan_zoo[imagenet], or
the small networks figures_v1, mnist_v1, fashion_mnist_v1; only the first is downloaded. Scores and
protocol go to evaluation.jsonl in the run, or for a --preset to --output.

--real and --fake compare any two data sources in the same way, without a run. All images must be
squares of one size, or --image_size resizes their central squares. Voxels are compared by
--metrics=swd,solids. Scores and protocol go to --output, by default evaluation.jsonl.

Images that an srgan enlarged, or MATLAB's imresize as a --baseline, are scored one by one: all of
--data, by default what the run was scored on in training. A folder with files *_HR and *_LR, or
folders HR and LR, provides both; for other images, smaller ones are made by imresize too.
"""

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Scores, prints and writes."""
    given = cli.Flags()
    given.define_path("workdir", None, "The run folder.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_string("baseline", None, "Instead of a run: bicubic or nearest.")
    given.define_string("real", None, "Instead of a run: a data source of real images.")
    given.define_string("fake", None, "With --real: a data source of generated images.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_list(
        "metrics", None, "Such as fid,kid,swd; by default those of the kind of model."
    )
    given.define_string("data", None, "A data source; by default the run's.")
    given.define_string(
        "split", None, "A split, or a part of one; by default evaluate.split or test."
    )
    given.define_string("fake_split", "train", "With --fake: its split; --split is that of --real.")
    given.define_integer("image_size", None, "With --real: the side to resize all images to.")
    given.define_float("white", None, "With --real: white in images of more than 8 bits.")
    given.define_float("black", None, "With --real: black in them, if it is not 0.")
    given.define_path("data_dir", None, "Where tfds: keeps its data.")
    given.define_integer("num", 10_000, "Samples to generate, and the most real images to use.")
    given.define_string("features", "auto", "Those that fit the data; inception, or another.")
    given.define_path("inception", None, "Inception's .pb or .tgz; by default downloaded.")
    given.define_path("lpips_backbone", None, "For lpips: torchvision's alexnet or vgg16, a .pth.")
    given.define_path("lpips_heads", None, "For lpips: the authors' weights; else downloaded.")
    given.define_integer("seed", 0, "Seed of the samples.")
    given.define_bool("raw_weights", "Use the weights, not their moving average.")
    given.define_string("direction", "a_to_b", "Direction of a translation.")
    given.define_integer("scale", None, "Enlarged: the factor; by default the model's, or 4.")
    given.define_enum("channel", "y", ["y", "rgb"], "Enlarged: luma, or all channels.")
    given.define_integer(
        "border", None, "Enlarged: pixels left out at each edge; by default --scale."
    )
    given.define_bool("ensemble", "Enlarged: the mean over flips and turns, in 8 times the time.")
    given.define_path(
        "output", None, "Enlarged: a .csv for the table. --real, --preset: a .jsonl to add to."
    )
    given.define_bool("overwrite", "Replace the --output if it exists.")
    cli.parse(given, argv, __doc__)
    if given.preset is not None:
        cli.use_preset(given)
    sources = given.real is not None or given.fake is not None
    if (given.baseline is not None) + (given.workdir is not None) + sources != 1:
        raise InputError(
            "Give --workdir, --preset or --baseline: a run, a pretrained model, or bicubic or "
            "nearest, by which the images are enlarged; or give --real and --fake, two data "
            "sources."
        )
    if given.baseline is None or "lpips" in (given.metrics or ()):
        cli.quiet_tensorflow()
    from tfgan_zoo.commands import evaluation

    print(evaluation.evaluate(given))


if __name__ == "__main__":
    cli.run(main)
