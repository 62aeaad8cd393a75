"""Asks a model that TF Serving serves for images or voxels.

  python -m tfgan_zoo.predict --url=http://localhost:8501/v1/models/dcgan --num=16 --output=images/
  python -m tfgan_zoo.predict --url=... --text="a red circle" --seed=7 --output=circle.png
  python -m tfgan_zoo.predict --url=... --class_label=ring --num=16 --output=rings/
  python -m tfgan_zoo.predict --url=... --signature=b_to_a --input=zebras/ --output=horses/
  python -m tfgan_zoo.predict --grpc=localhost:8500 --model_name=srgan --input=s.png --output=l.png
  python -m tfgan_zoo.predict --url=.../models/gan_3d --num=16 --output=solids.npz
  python -m tfgan_zoo.predict --url=... --attribute=shape=star --attribute=angle=30 --output=a.png
  python -m tfgan_zoo.predict --url=... --input=label/ --instances=inst/ --style=3 --output=photos/
  python -m tfgan_zoo.predict --url=.../models/vae --input=photos/ --output=codes.npz
  python -m tfgan_zoo.predict --url=... --list

The server says what its model takes. Images are made from the seeds --seed, --seed + 1, ...; the
same seed gives the same image, and names its file: 000007.png. Each of several texts or classes is
drawn from all these seeds, the first as 1_000007.png.

A model that draws from attributes takes --attribute; what is not given is random, by the seed. Of
an attribute that is given several times, each value is drawn. Masks go beside images: 7_mask.png.

A model that encodes images writes the codes of --input to a .npz, as `encode` does, and otherwise
reconstructs. --crop and --fit are data.crop and data.fit of its run.

Voxels are written as `generate` writes them: a .npz holds all, a .png shows all, a .binvox, a .vox
or a .obj holds one, and a folder has a file of --format for each seed.
"""

from tfgan_zoo import cli
from tfgan_zoo.data.label_maps import CLASSES


def main(argv: list[str]) -> None:
    """Asks the server, and prints or writes what it answers."""
    given = cli.Flags()
    given.define_string("url", None, "http://HOST:8501/v1/models/NAME, for REST.")
    given.define_string("grpc", None, "HOST:8500, for gRPC.")
    given.define_string("model_name", None, "The model's name, for gRPC.")
    given.define_integer("version", None, "A version's number; by default the newest.")
    given.define_string("label", None, "Instead of --version: a version's label.")
    given.define_string("signature", None, "One of --list; by default the first that fits.")
    given.define_bool("list", "Print the signatures, with their inputs and outputs.")
    given.define_integer("num", 1, "Images to generate, or for each text or class.")
    given.define_integer("seed", 0, "Seed of the first image.")
    given.define_strings("text", "What images show; may be repeated.")
    given.define_strings("class_label", "A class, by name or number; may be repeated.")
    given.define_strings("attribute", "NAME=VALUE to draw from; may be repeated.")
    given.define_string("input", None, "An image file or a folder to translate; or label maps.")
    given.define_string("split", "train", "The split of a folder or a data source to encode.")
    given.define_integer("crop", None, "Of images to encode: first crop this square.")
    given.define_enum("fit", "resize", ["resize", "pad"], "How these reach the model's size.")
    given.define_string("instances", None, "Of label maps: their instance maps, a file or folder.")
    given.define_integer("style", None, "Of label maps: the style of each class, 0 to 9.")
    given.define_enum("classes", "values", [*CLASSES], "Of label maps: what their values mean.")
    given.define_integer("ignored", None, "Of label maps: the value of pixels of no class.")
    given.define_string("output", None, "A .png for one image, voxels, or a folder.")
    given.define_integer("batch_size", 16, "Images per request.")
    given.define_float("timeout", 60.0, "Seconds to wait for an answer.")
    given.define_integer("retries", 4, "Repetitions of a request if the server is busy or away.")
    given.define_strings("header", 'A header for --url, "Name: value"; may be repeated.')
    given.define_bool("tls", "Encrypt the connection of --grpc.")
    given.define_string("ca_file", None, "Certificates (PEM) to check the server with.")
    given.define_float("threshold", None, "Of voxels: the occupancy from which one is full (0.5).")
    given.define_bool("largest_component", "Of voxels: keep the largest part of each object.")
    given.define_bool("turntable", "Of voxels: show them from all sides.")
    formats = ["png", "binvox", "vox", "obj"]
    given.define_enum("format", "png", formats, "Of voxels in a folder: what the files are.")
    given.define_bool("overwrite", "Replace files that exist.")
    given.define_bool("skip_existing", "Leave out what exists.")
    given.define_enum(
        "on_error", "raise", ["raise", "skip"], "At an image that is unreadable, or refused."
    )
    given.define_integer("bits", 8, "16 sends and writes 16 bits per channel, as PNG or TIFF.")
    given.define_float("white", None, "The value of white in images of more than 8 bits.")
    cli.parse(given, argv, __doc__)

    from tfgan_zoo.commands import prediction

    prediction.check(given)
    if given.grpc is not None:
        cli.quiet_tensorflow()
    print(prediction.answer(given))


if __name__ == "__main__":
    cli.run(main)
