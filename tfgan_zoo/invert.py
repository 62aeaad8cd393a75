r"""Draws what each layer of a network keeps of a photograph, by inverting its features.

  python -m tfgan_zoo.invert --features=efficientnet_lite0 --layers=stem,block3,block7 \
      --input=photo.jpg --output=sheet.png
  python -m tfgan_zoo.invert --features=figures_v1 --input=drawings/ --output=sheets/
  python -m tfgan_zoo.invert --features=vgg19 --layers=4_2 --style=painting.jpg \
      --input=photo.jpg --output=sheet.png

Nothing is trained: from noise, an image is changed until its features are those of the photograph.
A sheet shows the photograph and one image for each layer, with its normalised error, |phi(x) -
phi(x0)|^2 / |phi(x0)|^2. --centre=5 inverts the middle 5x5 positions of each layer alone. --style
adds the style of a picture, as all of --layers see it. A command that was stopped continues with
the next layer: what is done is kept in OUTPUT.parts until the sheet is complete.
"""

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files


def main(argv: list[str]) -> None:
    """Inverts features and writes sheets."""
    given = cli.Flags()
    given.define_string("features", None, "A network: see docs/feature_losses.md.", required=True)
    given.define_list("layers", None, "Its layers, with commas; by default all.")
    given.define_string("input", None, "An image file or a folder.", required=True)
    given.define_string("output", None, "A .png, a .jpg, or a folder.", required=True)
    given.define_path("features_file", None, "A file of VGG19's weights.")
    given.define_path("style", None, "A picture whose style is added.")
    given.define_float("style_weight", 1.0, "The weight of the style.")
    given.define_integer("centre", None, "Invert the middle NxN positions of each layer.")
    given.define_integer("size", None, "The shorter side in pixels; by default up to 224.")
    given.define_integer("steps", None, "Steps for each layer: by default 300, or 400 of sgd.")
    given.define_enum("optimizer", "adam", ["adam", "sgd"], "sgd is the authors'.")
    given.define_float("learning_rate", None, "By default 0.05, or 0.004 of sgd.")
    given.define_float("tv_weight", 0.5, "The weight of total variation.")
    given.define_float("tv_beta", 2.0, "Its exponent; 1 allows sharp edges.")
    given.define_float("alpha_weight", 0.106, "The weight of the alpha norm.")
    given.define_integer("jitter", 0, "Pixels by which the image moves between steps.")
    given.define_integer("seed", 0, "The seed of the noise.")
    given.define_bool("overwrite", "Replace sheets that exist.")
    given.define_bool("skip_existing", "Leave out images whose sheets exist.")
    cli.parse(given, argv, __doc__)

    if given.style is None:
        given.refuse(["style_weight"], "expected --style beside it, got none.")
    if given.skip_existing and given.overwrite:
        raise InputError("--skip_existing: expected without --overwrite, got both.")
    if given.size is not None and given.size < 1:
        raise InputError(f"--size: expected a number of pixels from 1 up, got {given.size}.")
    planned, existing = files.plan_missing(
        given.input,
        given.output,
        overwrite=given.overwrite,
        skip_existing=given.skip_existing,
    )
    if not planned:
        print(f"0 images, {existing} there already: {given.output}")
        return
    cli.quiet_tensorflow()
    from tfgan_zoo.commands.inversion import Settings, invert_files

    names = ("optimizer", "learning_rate", "steps", "tv_weight", "tv_beta", "alpha_weight")
    settings = Settings(
        features=given.features,
        layers=tuple(given.layers or ()),
        style=given.style,
        style_weight=given.style_weight,
        centre=given.centre,
        size=given.size,
        options={name: given[name].value for name in (*names, "jitter", "seed", "features_file")},
    )
    invert_files(planned, settings)
    count, others = files.counted(len(planned), len(planned), existing)
    print(f"{count}{others}: {given.output}")


if __name__ == "__main__":
    cli.run(main)
