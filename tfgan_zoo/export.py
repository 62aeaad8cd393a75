"""Exports a trained model: for TF Serving, or converted to TensorFlow Lite or ONNX.

  python -m tfgan_zoo.export --workdir=runs/dcgan --output=served/dcgan
  python -m tfgan_zoo.export --preset=r3gan_figures --output=served/figures
  python -m tfgan_zoo.export --workdir=runs/dcgan --output=lite --format=tflite
  python -m tfgan_zoo.export --workdir=runs/srgan --output=lite --format=tflite --height=0 --width=0

A SavedModel is written to the next free --output/1, --output/2, ..., where a server looks for
versions; the server's settings are beside them. Other formats write a file for each endpoint, such
as --output/generate.tflite. What is written has been loaded and gave the model's own answers.
"""

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError
from tfgan_zoo.serving.formats import FORMATS


def main(argv: list[str]) -> None:
    """Exports, and prints what it wrote."""
    given = cli.Flags()
    given.define_path("workdir", None, "The run folder, or a .keras file.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_path("output", None, "A folder, named like the model on a server.", required=True)
    given.define_enum("format", FORMATS[0], list(FORMATS), "The format.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_bool("raw_weights", "The generator's weights, not their moving average.")
    given.define_integer("height", None, "Of images that a .tflite or .onnx takes; 0 for any.")
    given.define_integer("width", None, "The same for their width.")
    given.define_bool("overwrite", "Replace a .tflite or .onnx that exists.")
    cli.parse(given, argv, __doc__)
    cli.use_preset(given)

    if given.format == "saved_model":
        given.refuse(
            ("height", "width"), "expected none, as a SavedModel takes images of any size."
        )
        given.refuse(["overwrite"], "expected none, as a SavedModel goes to the next free number.")
    size = _size(given.height, given.width)
    cli.quiet_tensorflow()
    from tfgan_zoo.run import experiment
    from tfgan_zoo.serving import saved_model

    if given.format == "saved_model":
        path = experiment.export_run(
            given.workdir, given.output, given.checkpoint, given.raw_weights
        )
        print(f"{saved_model.size(path) / 1e6:.1f} MB: {path}")
        return
    with cli.stderr_held_back():
        written = experiment.convert_run(
            given.workdir,
            given.output,
            given.format,
            given.checkpoint,
            raw_weights=given.raw_weights,
            overwrite=given.overwrite,
            size=size,
        )
    for path in written:
        print(f"{path.stat().st_size / 1e6:.1f} MB: {path}")


def _size(height: int | None, width: int | None) -> tuple[int | None, int | None] | None:
    """Returns the size that both flags state, None for an open side; None without them."""
    if height is None and width is None:
        return None
    if height is None or width is None or min(height, width) < 0:
        raise InputError(
            f"--height, --width: expected two numbers of pixels, 0 for any, got {height} and "
            f"{width}."
        )
    return height or None, width or None


if __name__ == "__main__":
    cli.run(main)
