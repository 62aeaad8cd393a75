"""Draws a trained model's images: a grid, single files, or a walk between samples.

  python -m tfgan_zoo.generate --workdir=runs/dcgan --output=grid.png
  python -m tfgan_zoo.generate --workdir=runs/dcgan --num=1000 --output=images/
  python -m tfgan_zoo.generate --workdir=runs/dcgan --interpolate --num=5 --output=walk.gif

What comes out follows from the output's name: a .png is one picture (a grid, or the strips of a
walk), a .gif the animation of a walk, anything else a folder of single files. Its contents follow
from --seed.
"""

from pathlib import Path

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Generates and writes."""
    given = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "The run folder.", given, required=True)
    flags.DEFINE_string("output", None, "A .png, a .gif, or a folder.", given, required=True)
    flags.DEFINE_integer("num", None, "Images (64), or samples of a walk (5).", flag_values=given)
    flags.DEFINE_integer("seed", 0, "The same seed gives the same images.", flag_values=given)
    flags.DEFINE_bool("interpolate", False, "Walk from sample to sample.", given)
    flags.DEFINE_enum("path", "spherical", ["spherical", "linear"], "A walk's way.", given)
    flags.DEFINE_integer("frames", 12, "Images from sample to sample.", flag_values=given)
    flags.DEFINE_string("checkpoint", "best", "best, last, or a step.", given)
    flags.DEFINE_bool("overwrite", False, "Replace what --output names.", given)
    cli.parse(given, argv, __doc__)

    num = given.num if given.num is not None else 5 if given.interpolate else 64
    for flag, value, minimum in (
        ("num", num, 2 if given.interpolate else 1),
        ("frames", given.frames, 2),
    ):
        if value < minimum:
            raise InputError(f"--{flag}: expected a whole number from {minimum} up, got {value}.")
    output, kind = Path(given.output), Path(given.output).suffix.lower()
    if kind == ".gif" and not given.interpolate:
        raise InputError("--output: a .gif shows a walk; add --interpolate.")
    if kind in (".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".mp4"):
        raise InputError(f"--output: expected a .png, a .gif or a folder, got {given.output!r}.")
    if output.exists() and not given.overwrite:
        raise InputError(f"--output: {given.output!r} exists; add --overwrite to replace it.")
    cli.quiet_tensorflow()
    from tfgan_zoo import experiment, pictures
    from tfgan_zoo.models import ImageToImage

    model = experiment.load_run(given.workdir, given.checkpoint)
    if isinstance(model, ImageToImage):
        raise InputError(
            f"--workdir: {given.workdir!r} translates images; use tfgan_zoo.translate."
        )
    latents = model.sample_latents(num, given.seed)
    if given.interpolate:
        latents = pictures.walk(latents, given.frames, given.path, closed=kind == ".gif")
    samples = model.generate(latents=latents)
    if kind == ".png":
        pictures.save_png(
            output, pictures.sheet(samples, columns=given.frames if given.interpolate else None)
        )
    elif samples.ndim == 2:
        raise InputError(f"--output: {given.workdir!r} makes points, which are drawn as a .png.")
    elif kind == ".gif":
        pictures.save_gif(output, [pictures.enlarge(i, 256) for i in pictures.to_uint8(samples)])
    else:
        pictures.save_folder(output, pictures.to_uint8(samples))
    print(f"{len(samples)} {'points' if samples.ndim == 2 else 'images'}: {output}")


if __name__ == "__main__":
    cli.run(main)
