"""Lists the presets: `python -m tfgan_zoo.presets`, or `tfgan_zoo presets` once it is installed."""

from tfgan_zoo.presets.cards import list_presets


def main(argv: list[str] | None = None) -> None:
    """Prints the table of all presets, and how to use one; there are no flags."""
    print(list_presets())
    print("\nGive one to a command as --preset=NAME, or to tfgan_zoo.from_preset.")


if __name__ == "__main__":
    main()
