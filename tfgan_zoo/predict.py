"""Asks a model that TF Serving serves for images.

  python -m tfgan_zoo.predict --url=http://localhost:8501/v1/models/dcgan --num=16 --output=images/
  python -m tfgan_zoo.predict --url=... --text="a red circle" --seed=7 --output=circle.png
  python -m tfgan_zoo.predict --url=... --signature=b_to_a --input=zebras/ --output=horses/
  python -m tfgan_zoo.predict --grpc=localhost:8500 --model_name=srgan --input=s.png --output=l.png
  python -m tfgan_zoo.predict --url=... --list

What a model takes is asked of the server. Images are made of the seeds --seed, --seed + 1, ...; the
same seed gives the same image, which is called by it: 000007.png. Of several texts each is drawn
from all these seeds, the first as 1_000007.png.
"""

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError, check_number


def main(argv: list[str]) -> None:
    """Asks and writes."""
    given = flags.FlagValues()
    flags.DEFINE_string("url", None, "http://HOST:8501/v1/models/NAME, for REST.", given)
    flags.DEFINE_string("grpc", None, "HOST:8500, for gRPC.", given)
    flags.DEFINE_string("model_name", None, "The model's name, for gRPC.", given)
    flags.DEFINE_integer("version", None, "A version; the newest.", flag_values=given)
    flags.DEFINE_string("label", None, "A version's label, instead.", given)
    flags.DEFINE_string("signature", None, "One of --list; the first that fits.", given)
    flags.DEFINE_bool("list", False, "Print what the model takes and gives.", given)
    flags.DEFINE_integer("num", 1, "Images.", flag_values=given)
    flags.DEFINE_integer("seed", 0, "Of the first image.", flag_values=given)
    flags.DEFINE_multi_string("text", [], "What they are to show; may be repeated.", given)
    flags.DEFINE_string("input", None, "An image file or a folder to be translated.", given)
    flags.DEFINE_string("output", None, "A .png for one image, or a folder.", given)
    flags.DEFINE_integer("batch_size", 16, "Images asked for at a time.", flag_values=given)
    flags.DEFINE_float("timeout", 60.0, "Seconds to wait for an answer.", flag_values=given)
    flags.DEFINE_integer("retries", 4, "If the server is busy or away.", flag_values=given)
    flags.DEFINE_bool("overwrite", False, "Replace files that exist.", given)
    flags.DEFINE_enum("on_error", "raise", ["raise", "skip"], "At an unreadable image.", given)
    flags.DEFINE_float(
        "white", None, "The value of white in images of more than 8 bits.", flag_values=given
    )
    cli.parse(given, argv, __doc__)

    from tfgan_zoo import pictures
    from tfgan_zoo.data.images import DecodingRules
    from tfgan_zoo.pictures import files
    from tfgan_zoo.serving import requests as asking

    for flag, value, least in (("num", given.num, 1), ("batch_size", given.batch_size, 1)):
        if value < least:
            raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
    if given.white is not None:
        check_number("--white", given.white, above=0)
    if given.timeout <= 0 or given.retries < 0:
        raise InputError("--timeout, --retries: expected seconds above 0, and a number from 0 up.")
    if given.output is None and not given.list:
        raise InputError("--output: expected a .png or a folder, got none.")
    if given.output is not None and given.input is None:
        pictures.check_ending(given.output, [".png"])
    seeds = asking.check_seeds(given.seed, given.num)
    if given.grpc is not None:
        cli.quiet_tensorflow()
    client = asking.connect(
        given.url,
        given.grpc,
        given.model_name,
        given.version,
        given.label,
        timeout=given.timeout,
        retries=given.retries,
    )
    signatures = client.signatures()
    if given.list:
        print(asking.table(signatures))
    elif given.input is not None:
        planned = files.plan(
            given.input, given.output, overwrite=given.overwrite, on_error=given.on_error
        )
        chosen = asking.choose(signatures, ["images_bytes"], given.signature)
        number = asking.channels(signatures, chosen)
        num = files.convert(
            planned,
            asking.converter(client, chosen),
            number,
            on_error=given.on_error,
            rules=DecodingRules(given.white),
        )
        left_out = f", {len(planned) - num} left out" if num < len(planned) else ""
        print(f"{num} {'image' if num == 1 else 'images'} by {chosen}{left_out}: {given.output}")
    else:
        paths = asking.paths(given.output, seeds, given.text, given.overwrite)
        inputs = ["seed", "text"] if given.text else ["seed"]
        chosen = asking.choose(signatures, inputs, given.signature)
        made = asking.drawn(client, chosen, seeds, given.text, given.batch_size)
        for path, file in zip(paths, made, strict=True):
            asking.save(path, file)
        num = len(paths)
        print(f"{num} {'image' if num == 1 else 'images'} by {chosen}: {given.output}")


if __name__ == "__main__":
    cli.run(main)
