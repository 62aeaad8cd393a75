"""Turns a public data set, as it is published, into a folder that `folder:` reads.

  python -m tfgan_zoo.prepare --dataset=fxemoji --input=fxemoji --output=datasets/fxemoji

| --dataset | --input | what comes out |
|---|---|---|
| fxemoji | a folder with images/ and names.csv | images with captions, for gan_cls_fxemoji |

Nothing is downloaded.
"""

from absl import flags

from tfgan_zoo import cli


def main(argv: list[str]) -> None:
    """Prepares and says what it wrote."""
    given = flags.FlagValues()
    flags.DEFINE_enum("dataset", None, ["fxemoji"], "Which one.", given, required=True)
    cli.define_path("input", None, "The folder as published.", given, required=True)
    cli.define_path("output", None, "A new folder.", given, required=True)
    cli.parse(given, argv, __doc__)

    from tfgan_zoo.data import fxemoji

    num = fxemoji.prepare(given.input, given.output)
    print(f"{num:,} images with captions: {given.output}")


if __name__ == "__main__":
    cli.run(main)
