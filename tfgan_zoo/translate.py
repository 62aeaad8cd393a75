"""Translates image files with a trained CycleGAN or Pix2Pix, or enlarges them with an SRGAN.

  python -m tfgan_zoo.translate --workdir=runs/pix2pix --input=drawing.png --output=photo.png
  python -m tfgan_zoo.translate --workdir=runs/cyclegan --input=horses/ --output=zebras/
  python -m tfgan_zoo.translate --workdir=runs/cyclegan --direction=b_to_a --input=z.jpg --output=h/
  python -m tfgan_zoo.translate --workdir=runs/srgan --input=small.png --output=large.png

A result has the size of its image, times the scale of an SRGAN. A folder is read with its
sub-folders, and results keep names and places; what is neither a .png nor a .jpg becomes a .png.
Images are read by the rules of the run's data; results are sRGB. Of images of more than 8 bits,
--white says which value is white, such as 4095 for 12 bits.
"""

import time

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.mechanics import tiling

#: Results of more pixels are made in tiles, unless --tile says otherwise.
WHOLE = 2**22
TILE = 1024


def main(argv: list[str]) -> None:
    """Translates and writes."""
    given = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "The run folder.", given, required=True)
    flags.DEFINE_string("input", None, "An image file or a folder.", given, required=True)
    flags.DEFINE_string("output", None, "A .png, a .jpg, or a folder.", given, required=True)
    flags.DEFINE_string("direction", None, "a_to_b (the default) or b_to_a.", given)
    flags.DEFINE_string("checkpoint", "best", "best, last, or a step.", given)
    flags.DEFINE_bool("compare", False, "Also write NAME_compare.png: input and result.", given)
    flags.DEFINE_integer("tile", 0, "Pixels of a tile's side.", flag_values=given)
    flags.DEFINE_integer("overlap", 64, "Pixels that tiles share.", flag_values=given)
    flags.DEFINE_bool("overwrite", False, "Replace results that exist.", given)
    flags.DEFINE_enum("on_error", "raise", ["raise", "skip"], "At an unreadable image.", given)
    flags.DEFINE_float(
        "white", None, "The value of white in images of more than 8 bits.", flag_values=given
    )
    cli.parse(given, argv, __doc__)

    if given.white is not None:
        check_number("--white", given.white, above=0)
    if given.tile < 0:
        raise InputError(f"--tile: expected a number of pixels or 0, got {given.tile}.")
    check_overlap(given.overlap, given.tile or TILE)
    cli.quiet_tensorflow()
    from tfgan_zoo.data.images import DecodingRules
    from tfgan_zoo.models import ImageToImage
    from tfgan_zoo.pictures import files
    from tfgan_zoo.run import experiment
    from tfgan_zoo.run.folder import Run

    planned = files.plan(
        given.input,
        given.output,
        compare=given.compare,
        overwrite=given.overwrite,
        on_error=given.on_error,
    )
    model = experiment.load_run(given.workdir, given.checkpoint)
    if not isinstance(model, ImageToImage):
        raise InputError(
            f"--workdir: {given.workdir!r} translates no images; tfgan_zoo.generate draws those of "
            "models that make them from noise or texts."
        )
    directions = list(model.translators())
    direction = given.direction or directions[0]
    if direction not in directions:
        raise InputError(f"--direction: expected {' or '.join(directions)}, got {direction!r}.")

    tile = given.tile or TILE // model.scale
    check_overlap(given.overlap, tile)

    def translate(image):
        return model.translate(image[None], direction)[0]

    def translate_any(image):
        if not given.tile and image.shape[0] * image.shape[1] * model.scale**2 <= WHOLE:
            return translate(image)
        return tiling.apply_tiled(translate, image, tile, given.overlap, model.scale)

    rules = Run.open(given.workdir).decoding()
    if given.white is not None:
        rules["white"] = given.white
    channels = model.source_shape(direction)[-1]
    start = time.perf_counter()
    num = files.convert(
        planned,
        translate_any,
        channels,
        compare=given.compare,
        on_error=given.on_error,
        rules=DecodingRules(**rules),
    )
    seconds = time.perf_counter() - start
    pace = f"in {seconds:.1f} s ({num / seconds:.1f} images/s)"
    left_out = f", {len(planned) - num} left out" if num < len(planned) else ""
    print(f"{num} {'image' if num == 1 else 'images'} {pace}{left_out}: {given.output}")


def check_overlap(overlap: int, tile: int) -> None:
    """Raises `InputError` if tiles cannot share so many pixels."""
    if not 0 <= overlap < tile:
        raise InputError(f"--overlap: expected 0 to {tile - 1}, less than a tile, got {overlap}.")


if __name__ == "__main__":
    cli.run(main)
