r"""Draws a trained model's images: a grid, single files, or a walk between samples.

  python -m tfgan_zoo.generate --workdir=runs/dcgan --output=grid.png
  python -m tfgan_zoo.generate --preset=r3gan_figures --output=grid.png
  python -m tfgan_zoo.generate --workdir=runs/dcgan --num=1000 --output=images/
  python -m tfgan_zoo.generate --workdir=runs/dcgan --interpolate --num=5 --output=walk.gif
  python -m tfgan_zoo.generate --workdir=runs/vae --interpolate --input=a.png --input=b.png \
      --output=walk.png
  python -m tfgan_zoo.generate --workdir=runs/labelled --all_labels --output=classes.png
  python -m tfgan_zoo.generate --workdir=runs/gan_3d --turntable --output=solids.gif
  python -m tfgan_zoo.generate --workdir=runs/gan_3d --largest_component --output=solid.obj
  python -m tfgan_zoo.generate --workdir=runs/gan_cls --text="a small red circle" --output=red.png
  python -m tfgan_zoo.generate --workdir=runs/attribute_to_image --sweep=angle:0:360:36 \
      --attribute=shape=star --output=turning.gif

The name of the output says what to write: a .png is one picture (a grid, or the strips of a walk),
a .gif or a .mp4 (which needs ffmpeg) the animation of a walk, anything else a folder of single
files. The same --seed gives the same images. For a model that draws texts, a .png has a row for
each --text, and a walk goes from text to text; a folder holds the texts in captions.jsonl. For a
model that knows classes, a .png has a row for each --label, or for every class with --all_labels;
without either, the classes come in turn. With --interpolate and two labels or more, each row is a
walk from class to class from one latent. A model that encodes images walks between the codes of
two or more --input images. A model that draws from attributes takes --attribute=NAME=VALUE; what is
not given is random, or in the middle of its range in a --sweep and a walk.

Voxels are drawn as shaded cubes. They are written to a .npz (all of them: occupancies, or with
--threshold True and False), a .binvox, a .vox or a .obj (one of them), or with --format a folder of
these. With --turntable, a .gif or a .mp4 shows them from all sides.
"""

from pathlib import Path

from tfgan_zoo import cli
from tfgan_zoo.pictures import drawing


def main(argv: list[str]) -> None:
    """Draws and writes samples."""
    given = cli.Flags()
    given.define_path("workdir", None, "The run folder.")
    given.define_string("preset", None, "Instead of a run: one of `python -m tfgan_zoo.presets`.")
    given.define_path("output", None, "A picture, voxels, or a folder.", required=True)
    given.define_integer("num", None, "Images (64), samples of a walk (5), images of a text (8).")
    given.define_strings("text", "What to draw; may be repeated.")
    given.define_strings("label", "A class to draw, by name or number; may be repeated.")
    given.define_bool("all_labels", "Draw every class.")
    given.define_strings("input", "With --interpolate: an image to walk from or to.")
    given.define_strings("attribute", "NAME=VALUE to draw from; may be repeated.")
    given.define_string("sweep", None, "NAME:FIRST:LAST:FRAMES, an attribute that changes.")
    given.define_path("text_file", None, "A file with one text per line.")
    given.define_integer("seed", 0, "The same seed gives the same images.")
    given.define_bool("interpolate", "Walk from sample to sample.")
    given.define_enum(
        "path",
        None,
        ["spherical", "linear"],
        "Between latents: walk on an arc, the default, or on a line as between all else.",
    )
    given.define_integer("frames", 12, "Images of a walk from sample to sample.")
    given.define_float("truncation", None, "Latents within this distance from 0, such as 0.7.")
    given.define_float("threshold", None, "Of voxels: the occupancy from which one is full (0.5).")
    given.define_bool("largest_component", "Of voxels: keep the largest part of each object.")
    given.define_bool("turntable", "Of voxels: show them from all sides.")
    formats = ["png", "binvox", "vox", "obj"]
    given.define_enum("format", "png", formats, "Of voxels in a folder: what the files are.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_bool("overwrite", "Replace the output if it exists.")
    cli.parse(given, argv, __doc__)
    cli.use_preset(given, "generate")

    if not given.interpolate:
        given.refuse(("path", "frames"), "expected --interpolate beside it, got none.")
    if given.input:
        given.refuse(["seed"], "expected none beside --input, as nothing random is drawn.")
    if given.sweep is not None:
        given.refuse(("num", "seed"), "expected none beside --sweep, which --attribute completes.")
    output = Path(given.output)
    request = drawing.DrawRequest(
        given.workdir,
        given.num,
        given.seed,
        drawing.read_texts(given.text, given.text_file),
        given.label,
        all_labels=given.all_labels,
        interpolate=given.interpolate,
        frames=given.frames,
        path=given.path,
        closed=output.suffix.lower() in drawing.ANIMATIONS,
        truncation=given.truncation,
        inputs=given.input,
        attributes=given.attribute,
        sweep=given.sweep,
        voxels=drawing.VoxelOptions(
            given.threshold, given.largest_component, given.turntable, f".{given.format}"
        ),
    )
    request.check()
    request = drawing.of_one_object(request, output)
    walks = given.interpolate or given.sweep is not None
    drawing.check_output(output, given.overwrite, walks, request.voxels)
    cli.quiet_tensorflow()
    from tfgan_zoo.run.drawing import draw_run

    print(draw_run(request, output, given.checkpoint))


if __name__ == "__main__":
    cli.run(main)
