"""Encodes images with a trained autoencoder: a vector for each, in one .npz file.

  python -m tfgan_zoo.encode --workdir=runs/autoencoder --input=photos/ --output=codes.npz
  python -m tfgan_zoo.encode --preset=vae_figures --input=figures --output=codes.npz
  python -m tfgan_zoo.encode --workdir=runs/vae --input=idx:mnist --split=test --output=codes.npz

Images are read by the rules of the run's data, and resized to the model's size. The file holds
`codes`, float32 with a row for each image, and their `names`; with classes, such as sub-folders,
also `labels`, class numbers, and `class_names`. A model that encodes distributions gives their
means, so that codes are the same at every call.
"""

from pathlib import Path

from tfgan_zoo import cli


def main(argv: list[str]) -> None:
    """Encodes images and writes their codes."""
    given = cli.Flags()
    given.define_path("workdir", None, "The run folder.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_string("input", None, "An image file, a folder or a data source.", required=True)
    given.define_path("output", None, "An .npz file.", required=True)
    given.define_string("split", "train", "The split of a data source, or of a folder with some.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_bool("overwrite", "Replace the output if it exists.")
    given.define_enum("on_error", "raise", ["raise", "skip"], "At an unreadable image.")
    cli.parse(given, argv, __doc__)
    cli.use_preset(given, "encode")

    if Path(given.input).expanduser().is_file():
        given.refuse(["split"], "expected none for an image file, which has no splits.")
    cli.quiet_tensorflow()
    from tfgan_zoo.data import codes
    from tfgan_zoo.run import coding

    output = codes.check_codes_file(given.output, given.overwrite)
    found = coding.encode_source(
        given.workdir,
        given.input,
        split=given.split,
        checkpoint=given.checkpoint,
        on_error=given.on_error,
    )
    found.save(output)
    print(f"{found.counted()}: {output}")


if __name__ == "__main__":
    cli.run(main)
