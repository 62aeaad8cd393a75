r"""Translates image files with a trained CycleGAN or Pix2Pix, or enlarges them with an SRGAN.

  python -m tfgan_zoo.translate --workdir=runs/pix2pix --input=drawing.png --output=photo.png
  python -m tfgan_zoo.translate --workdir=runs/cyclegan --input=horses/ --output=zebras/
  python -m tfgan_zoo.translate --preset=pix2pix_figures --input=outline.png --output=figure.png
  python -m tfgan_zoo.translate --workdir=runs/cyclegan --direction=b_to_a --input=z.jpg --output=h/
  python -m tfgan_zoo.translate --workdir=runs/srgan --input=small.png --output=large.png

A result has the size of its image, times the scale of an SRGAN. An image much larger than those of
training is translated at their size, and the result is resized back; --size says at which, and
--size=0 translates every image at its own size. A folder is read with its sub-folders, and results
keep names and places; files other than .png and .jpg become .png. Images are read by the rules of
the run's data; results are sRGB. For images of more than 8 bits, --white says which value is white,
such as 4095 for 12 bits.

  python -m tfgan_zoo.translate --workdir=runs/pix2pix_hd --input=label/ --instances=inst/ \
      --style=3 --output=photos/

A Pix2PixHD of label maps takes files of class numbers. If it has boundaries or styles, it also
needs maps of instances; of each class it has ten styles.
"""

from pathlib import Path
from typing import Any

from tfgan_zoo import cli, progress
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.pictures import files, large_tiff, tiling


def main(argv: list[str]) -> None:
    """Translates and writes images."""
    given = cli.Flags()
    given.define_string("workdir", None, "The run folder, or a .keras file.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_string("input", None, "An image file or a folder.", required=True)
    given.define_string("output", None, "A .png, a .jpg, or a folder.", required=True)
    given.define_string("direction", None, "a_to_b (the default) or b_to_a.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_bool("compare", "Also write NAME_compare.png: input and result.")
    given.define_string("instances", None, "Of label maps: their instance maps, a file or folder.")
    given.define_integer("style", None, "Of label maps: the style of each class, 0 to 9.")
    given.define_string("style_of", None, "Of label maps: a picture that gives each class' style.")
    given.define_string("style_labels", None, "The label map of --style_of.")
    given.define_string("style_instances", None, "The instance map of --style_of.")
    given.define_integer("size", None, "The shorter side for the model; 0 for the image's own.")
    given.define_integer("tile", 0, "The side of a tile in pixels.")
    given.define_integer("overlap", None, "Pixels that tiles share: 64; half a tile with --blend.")
    given.define_bool("blend", "Fade tiles into each other over all that they share.")
    given.define_bool("ensemble", "Enlarged: the mean over flips and turns, in 8 times the time.")
    given.define_bool("all_frames", "All frames of animations and pages of TIFFs, not the first.")
    given.define_enum(
        "frames_as", "container", ["container", "files"], "A file as the input, or numbered PNGs."
    )
    given.define_integer("bits", 8, "16 reads and writes 16 bits per channel, as PNG or TIFF.")
    given.define_bool("overwrite", "Replace results that exist.")
    given.define_bool("skip_existing", "Leave out images whose results exist.")
    given.define_enum("on_error", "raise", ["raise", "skip"], "At an unreadable image.")
    given.define_float("white", None, "The value of white in images of more than 8 bits.")
    cli.parse(given, argv, __doc__)
    cli.use_preset(given, "translate")

    if given.white is not None:
        check_number("--white", given.white, above=0)
    if given.size is not None and given.size < 0:
        raise InputError(f"--size: expected a number of pixels or 0, got {given.size}.")
    if given.tile < 0:
        raise InputError(f"--tile: expected a number of pixels or 0, got {given.tile}.")
    tile = given.tile or tiling.TILE
    overlap = given.overlap if given.overlap is not None else tile // 2 if given.blend else 64
    tiling.check_overlap(overlap, tile, given.blend)
    if not given.all_frames:
        given.refuse(["frames_as"], "expected --all_frames beside it, got none.")
    if given.bits not in (8, 16):
        raise InputError(f"--bits: expected 8 or 16, got {given.bits}.")
    if given.skip_existing and given.overwrite:
        raise InputError("--skip_existing: expected without --overwrite, got both.")
    plain = given.bits == 8 and not given.all_frames
    if plain and large_tiff.is_wanted(given.input, given.output):
        _translate_tiff(given)
        return
    outputs: dict[str, Any] = {n: given[n].value for n in ("compare", "on_error", "bits")}
    outputs["frames"] = given.frames_as if given.all_frames else None
    planned, existing = files.plan_missing(
        given.input,
        given.output,
        overwrite=given.overwrite,
        skip_existing=given.skip_existing,
        **outputs,
    )
    if not planned:
        print(f"0 images, {existing} there already: {given.output}")
        return
    cli.quiet_tensorflow()
    from tfgan_zoo.run.label_translation import Maps
    from tfgan_zoo.run.translation import translate_files

    names = ("checkpoint", "direction", "size", "tile", "overlap", "blend", "ensemble", "white")
    inputs: dict[str, Any] = {n: given[n].value for n in names}
    maps = Maps(**{name: given[name].value for name in Maps._fields})
    num, seconds = translate_files(given.workdir, planned, maps=maps, **outputs, **inputs)
    pace = f"in {seconds:.1f} s ({progress.per_second(num / seconds)} images/s)"
    count, others = files.counted(num, len(planned), existing)
    print(f"{count} {pace}{others}: {given.output}")


def _translate_tiff(given: cli.Flags) -> None:
    if given.on_error == "skip":
        raise InputError("--on_error: expected raise for a single TIFF, got 'skip'.")
    maps = ("instances", "style", "style_of", "style_labels", "style_instances")
    for name in ("compare", "size", "white", *maps):
        if given[name].value or (name == "style" and given.style is not None):
            raise InputError(
                f"--{name}: expected none for a TIFF that becomes a TIFF, which is translated in "
                f"bands at its own size, got {given[name].value!r}; leave it out, or give a .png "
                "as --output."
            )
    source, output = (Path(each).expanduser() for each in (given.input, given.output))
    if given.skip_existing and output.exists():
        print(f"0 images, 1 there already: {given.output}")
        return
    large_tiff.check(source, output, given.overwrite)
    cli.quiet_tensorflow()
    from tfgan_zoo.run.translation import translate_tiff

    names = ("checkpoint", "direction", "tile", "overlap", "blend", "ensemble")
    options: dict[str, Any] = {name: given[name].value for name in names}
    seconds = translate_tiff(given.workdir, source, output, **options)
    print(f"1 image in {seconds:.1f} s: {given.output}")


if __name__ == "__main__":
    cli.run(main)
