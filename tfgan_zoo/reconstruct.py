"""Reconstructs image files with a trained autoencoder: encodes them, and decodes the codes.

  python -m tfgan_zoo.reconstruct --workdir=runs/autoencoder --input=photo.png --output=again.png
  python -m tfgan_zoo.reconstruct --preset=vae_figures --input=figure.png --output=again.png
  python -m tfgan_zoo.reconstruct --workdir=runs/vae --input=photos/ --output=again/ --compare

Images are read by the rules of the run's data, and resized to the model's size, which is that of
the results. A folder is read with its sub-folders, and results keep names and places; files other
than .png and .jpg become .png.
"""

from typing import Any

from tfgan_zoo import cli
from tfgan_zoo.pictures import files


def main(argv: list[str]) -> None:
    """Reconstructs and writes images."""
    given = cli.Flags()
    given.define_path("workdir", None, "The run folder.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_string("input", None, "An image file or a folder.", required=True)
    given.define_string("output", None, "A .png, a .jpg, or a folder.", required=True)
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_bool("compare", "Also write NAME_compare.png: input and result.")
    given.define_bool("overwrite", "Replace results that exist.")
    given.define_enum("on_error", "raise", ["raise", "skip"], "At an unreadable image.")
    cli.parse(given, argv, __doc__)
    cli.use_preset(given, "reconstruct")

    outputs: dict[str, Any] = {name: given[name].value for name in ("compare", "on_error")}
    planned = files.plan(given.input, given.output, overwrite=given.overwrite, **outputs)
    cli.quiet_tensorflow()
    from tfgan_zoo.run.coding import reconstruct_files

    num = reconstruct_files(given.workdir, planned, checkpoint=given.checkpoint, **outputs)
    count, others = files.counted(num, len(planned))
    print(f"{count}{others}: {given.output}")


if __name__ == "__main__":
    cli.run(main)
