"""Converts a public data set, as published, into a folder that `folder:` reads.

  python -m tfgan_zoo.prepare --dataset=fxemoji --input=fxemoji --output=datasets/fxemoji

| --dataset | --input | what comes out |
|---|---|---|
| fxemoji | a folder with images/ and names.csv | images with captions, for gan_cls_fxemoji |

Nothing is downloaded.
"""

from absl import flags

from tfgan_zoo import cli


def main(argv: list[str]) -> None:
    """Prepares a data set, and prints the number of images."""
    given = flags.FlagValues()
    flags.DEFINE_enum("dataset", None, ["fxemoji"], "Name of the data set.", given, required=True)
    cli.define_path("input", None, "The folder as published.", given, required=True)
    cli.define_path("output", None, "A new folder.", given, required=True)
    cli.parse(given, argv, __doc__)

    from tfgan_zoo.data import fxemoji

    num = fxemoji.prepare(given.input, given.output)
    print(f"{num:,} images with captions: {given.output}")


if __name__ == "__main__":
    cli.run(main)
