"""Turns a public data set, as it is published, into a folder that `folder:` reads.

  python -m tfgan_zoo.prepare --dataset=fxemoji --input=fxemoji --output=datasets/fxemoji

| --dataset | --input | result |
|---|---|---|
| fxemoji | a folder with images/ and names.csv | images with captions, for gan_cls_fxemoji |

Nothing is downloaded.
"""

from tfgan_zoo import cli
from tfgan_zoo.progress import counted


def main(argv: list[str]) -> None:
    """Prepares the data set, and prints what it wrote."""
    given = cli.Flags()
    given.define_enum("dataset", None, ["fxemoji"], "Which data set.", required=True)
    given.define_path("input", None, "The folder as published.", required=True)
    given.define_path("output", None, "A new folder, or an empty one.", required=True)
    cli.parse(given, argv, __doc__)

    from tfgan_zoo.data import fxemoji

    num = fxemoji.prepare(given.input, given.output)
    print(f"{counted(num, 'image')} with captions: {given.output}")


if __name__ == "__main__":
    cli.run(main)
