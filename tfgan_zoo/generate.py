"""Draws a trained model's images: a grid, single files, or a walk between samples.

  python -m tfgan_zoo.generate --workdir=runs/dcgan --output=grid.png
  python -m tfgan_zoo.generate --workdir=runs/dcgan --num=1000 --output=images/
  python -m tfgan_zoo.generate --workdir=runs/dcgan --interpolate --num=5 --output=walk.gif

What comes out follows from the output's name: a .png is one picture (a grid, or the strip of a walk), a
.gif the animation of a walk, anything else a folder of single files. All of it follows from --seed.
"""

from pathlib import Path

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError

_WORKDIR = flags.DEFINE_string("workdir", None, "The run folder.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "A .png, a .gif, or a folder.", required=True)
_NUM = flags.DEFINE_integer("num", 64, "Images; with --interpolate, points the walk visits.", 1)
_SEED = flags.DEFINE_integer("seed", 0, "The same seed gives the same images.", 0)
_INTERPOLATE = flags.DEFINE_bool("interpolate", False, "Walk from sample to sample.")
_PATH = flags.DEFINE_enum(
    "path", "spherical", ["spherical", "linear"], "How a walk leads from latent to latent."
)
_FRAMES = flags.DEFINE_integer("frames", 12, "Images on each stretch of a walk.", 1)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "best, last, or a step.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace what --output names.")


def main() -> None:
    """Generates and writes."""
    output = Path(_OUTPUT.value)
    kind = output.suffix.lower()
    if kind == ".gif" and not _INTERPOLATE.value:
        raise InputError("--output: a .gif shows a walk; add --interpolate.")
    if _INTERPOLATE.value and _NUM.value < 2:
        raise InputError("--num: a walk needs two points or more.")
    if output.exists() and not _OVERWRITE.value:
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")
    cli.quiet_tensorflow()
    from tfgan_zoo import experiment, pictures

    model = experiment.load_run(_WORKDIR.value, _CHECKPOINT.value)
    latents = model.sample_latents(_NUM.value, _SEED.value)
    if _INTERPOLATE.value:
        latents = pictures.interpolate_latents(
            latents, _FRAMES.value, _PATH.value, closed=kind == ".gif"
        )
    samples = model.generate(latents=latents)
    if samples.ndim == 2 and kind != ".png":
        raise InputError(f"--output: {_WORKDIR.value!r} makes points, drawn as a .png; give one.")
    if kind == ".gif":
        frames = [pictures.enlarge(image, 256) for image in pictures.to_uint8(samples)]
        pictures.save_gif(output, frames)
    elif kind == ".png" and samples.ndim == 4 and _INTERPOLATE.value:
        pictures.save_png(output, pictures.grid(pictures.to_uint8(samples[:-1]), _FRAMES.value))
    elif kind == ".png":
        pictures.save_png(output, pictures.sheet(samples))
    else:
        for i, image in enumerate(pictures.to_uint8(samples)):
            pictures.save_png(output / f"{i:06d}.png", image)
    print(f"{len(samples)} images: {output}")


if __name__ == "__main__":
    cli.run(main)
