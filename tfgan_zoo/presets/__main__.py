"""Lists the presets, the pretrained models that come with the library.

  python -m tfgan_zoo.presets
  python -m tfgan_zoo.presets --name=r3gan_figures

The first command prints a table, as wide as the terminal; the second all that is known of one.
"""

from tfgan_zoo import cli
from tfgan_zoo.presets.cards import find, list_presets


def main(argv: list[str]) -> None:
    """Prints the table of all presets, or the card of one."""
    given = cli.Flags()
    given.define_string("name", None, "The preset to describe; all in a table by default.")
    cli.parse(given, argv, __doc__)
    if given.name:
        print(find(given.name, "--name"))
    else:
        print(list_presets())
        print("\n--name=NAME describes one. Commands take it as --preset=NAME.")


if __name__ == "__main__":
    cli.run(main)
