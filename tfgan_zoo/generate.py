"""Draws a trained model's images: a grid, single files, or a walk between samples.

  python -m tfgan_zoo.generate --workdir=runs/dcgan --output=grid.png
  python -m tfgan_zoo.generate --workdir=runs/dcgan --num=1000 --output=images/
  python -m tfgan_zoo.generate --workdir=runs/dcgan --interpolate --num=5 --output=walk.gif
  python -m tfgan_zoo.generate --workdir=runs/gan_cls --text="a small red circle" --output=red.png

What comes out follows from the output's name: a .png is one picture (a grid, or the strips of a
walk), a .gif the animation of a walk, anything else a folder of single files. Its contents follow
from --seed. Of a model that draws texts, a .png has a row for each --text, and a walk goes from
text to text; a folder holds the texts in captions.jsonl.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Generates and writes."""
    given = flags.FlagValues()
    cli.define_path("workdir", None, "The run folder.", given, required=True)
    cli.define_path("output", None, "A .png, a .gif, or a folder.", given, required=True)
    flags.DEFINE_integer(
        "num", None, "Images (64), samples of a walk (5), images of a text (8).", flag_values=given
    )
    flags.DEFINE_multi_string("text", [], "What to draw; may be repeated.", given)
    cli.define_path("text_file", None, "A file with a text a line.", given)
    flags.DEFINE_integer("seed", 0, "The same seed gives the same images.", flag_values=given)
    flags.DEFINE_bool("interpolate", False, "Walk from sample to sample.", given)
    flags.DEFINE_enum("path", "spherical", ["spherical", "linear"], "A walk's way.", given)
    flags.DEFINE_integer("frames", 12, "Images from sample to sample.", flag_values=given)
    flags.DEFINE_string("checkpoint", "best", "best, last, or a step.", given)
    flags.DEFINE_bool("overwrite", False, "Replace what --output names.", given)
    cli.parse(given, argv, __doc__)

    texts = read_texts(given.text, given.text_file)
    num = given.num if given.num is not None else default_num(given, texts)
    for flag, value, minimum in (
        ("num", num, 2 if given.interpolate and not texts else 1),
        ("frames", given.frames, 2),
    ):
        if value < minimum:
            raise InputError(f"--{flag}: expected a whole number from {minimum} up, got {value}.")
    if given.interpolate and len(texts) == 1:
        raise InputError("--interpolate: expected two texts or more to walk between, got one.")
    output, kind = Path(given.output), Path(given.output).suffix.lower()
    if kind == ".gif" and not given.interpolate:
        raise InputError("--output: a .gif shows a walk; add --interpolate.")
    check_output(output, given.overwrite)
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures
    from tfgan_zoo.models import GANCLS, ImageToImage, NoiseToImage
    from tfgan_zoo.models.texts import unknown_in_texts
    from tfgan_zoo.run import experiment

    model = experiment.load_run(given.workdir, given.checkpoint)
    if isinstance(model, ImageToImage):
        raise InputError(
            f"--workdir: {given.workdir!r} translates images; use tfgan_zoo.translate."
        )
    if not isinstance(model, (NoiseToImage, GANCLS)):
        raise InputError(
            f"--workdir: {given.workdir!r} is the first stage of a run and draws nothing; give the "
            "run itself, the folder that holds it."
        )
    if isinstance(model, GANCLS) != bool(texts):
        wants, what = ("", "texts") if isinstance(model, GANCLS) else ("no ", "noise alone")
        raise InputError(
            f"--text: expected {wants}text for {given.workdir!r}, which draws from {what}."
        )
    if texts:
        if message := unknown_in_texts(model.text_encoder, texts):
            cli.warn(f"--text: {message}")
        print(f"{draw(model, texts, num, given, output)} images: {output}")
        return
    latents = model.sample_latents(num, given.seed)
    if given.interpolate:
        latents = pictures.walk(latents, given.frames, given.path, closed=kind == ".gif")
    if kind not in (".png", ".gif") and len(model.image_shape) == 3:
        print(f"{pictures.save_folder(output, one_by_one(model, latents))} images: {output}")
        return
    samples = model.generate(latents=latents)
    if kind == ".png":
        pictures.save_png(
            output, pictures.sheet(samples, columns=given.frames if given.interpolate else None)
        )
    elif samples.ndim == 2:
        raise InputError(f"--output: {given.workdir!r} makes points, which are drawn as a .png.")
    else:
        pictures.save_gif(output, [pictures.enlarge(i, 256) for i in pictures.to_uint8(samples)])
    print(f"{len(samples)} {'points' if samples.ndim == 2 else 'images'}: {output}")


def check_output(output: Path, overwrite: bool) -> None:
    """Refuses to replace what is there, unless asked to, and files of others always."""
    from tfgan_zoo import atomic
    from tfgan_zoo.pictures import check_ending, foreign_file

    atomic.check_name(output, "--output")
    check_ending(output, (".png", ".gif"))
    picture = output.suffix.lower() in (".png", ".gif")
    if output.is_dir() and picture:
        raise InputError(f"--output: expected a picture's name, {str(output)!r} is a folder.")
    if output.is_dir() and (other := foreign_file(output)):
        raise InputError(
            f"--output: {str(output)!r} holds files of others ({other}), which would be in the "
            "way; give a folder that is new or empty."
        )
    if output.exists() and not output.is_dir() and not picture:
        raise InputError(f"--output: expected a folder's name, {str(output)!r} is a file.")
    if output.exists() and not overwrite and (picture or any(output.iterdir())):
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")


def one_by_one(model: Any, latents: Any) -> Iterator[Any]:
    """Yields images, uint8, made some hundreds at a time, with a bar on a terminal."""
    from tfgan_zoo import progress
    from tfgan_zoo.pictures import to_uint8

    starts = range(0, len(latents), 512)
    batches = (to_uint8(model.generate(latents=latents[i : i + 512])) for i in starts)
    for images in progress.bar(batches, "generated", len(latents), "images", size=len):
        yield from images


def default_num(given: flags.FlagValues, texts: list[str]) -> int:
    """Returns how many images to make where --num does not say."""
    if texts:
        return 1 if given.interpolate else 8
    return 5 if given.interpolate else 64


def read_texts(texts: list[str], file: str | None) -> list[str]:
    """Returns the texts of both flags.

    Raises:
        InputError: if the file cannot be read or holds none.
    """
    if file is None:
        return texts
    try:
        lines = [line.strip() for line in Path(file).read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--text_file: cannot read {file!r}: {error}.") from error
    found = [line for line in lines if line]
    if not found:
        raise InputError(f"--text_file: expected a text a line, {file!r} has none.")
    return [*texts, *found]


def draw(model: Any, texts: list[str], num: int, given: flags.FlagValues, output: Path) -> int:
    """Draws texts, or the walk between them, and returns how many images that were."""
    from tfgan_zoo import pictures
    from tfgan_zoo.tasks.drawing import draw_between, draw_texts

    kind = output.suffix.lower()
    if given.interpolate:
        closed = kind == ".gif"
        images = draw_between(model, texts, given.frames, num, given.seed, closed)
        labels = [" -> ".join(texts)] * len(images)
    else:
        images, labels = draw_texts(model, texts, num, given.seed), texts
    if kind == ".png":
        pictures.save_png(output, pictures.labelled_rows(labels, images))
    elif kind == ".gif":
        walks = images.swapaxes(0, 1)
        pictures.save_gif(output, [pictures.enlarge(pictures.grid(i, num), 256) for i in walks])
    else:
        flat = images.reshape(-1, *images.shape[2:])
        captions = [label for label in labels for _ in range(images.shape[1])]
        pictures.save_folder(output, flat, captions)
    return images.shape[0] * images.shape[1]


if __name__ == "__main__":
    cli.run(main)
