r"""Makes a model from weights that PyTorch saved, without PyTorch.

  python -m tfgan_zoo.import_weights --family=realesrgan --input=RealESRGAN_x4plus.pth \
      --output=imported/realesrgan
  python -m tfgan_zoo.import_weights --family=cyclegan --input=latest_net_G_A.pth \
      --input_b_to_a=latest_net_G_B.pth --output=imported/horse2zebra
  python -m tfgan_zoo.import_weights --family=pix2pix --input=latest_net_G.pth --output=maps.keras

A folder is a run that translate, export and evaluate take as --workdir; translate and export take
a .keras file as well, and load_model both. The file of weights may be a .pth of any version of
PyTorch, a .safetensors or a .npz. Nothing in it is executed: a file that asks for more than tensors
is refused by the name of what it asks for.
"""

from pathlib import Path

from tfgan_zoo import cli
from tfgan_zoo.importing import FAMILIES, Request, opened


def main(argv: list[str]) -> None:
    """Imports, and prints what it made."""
    given = cli.Flags()
    given.define_string("family", None, f"{', '.join(FAMILIES)}.", required=True)
    given.define_path("input", None, "A .pth, .safetensors or .npz.", required=True)
    given.define_path("output", None, "A folder for a run, or a .keras file.", required=True)
    given.define_path("input_b_to_a", None, "CycleGAN's generator of the other direction.")
    given.define_string("key", None, "The key of the weights in the file, such as params.")
    given.define_enum("inference", "frozen", ["frozen", "paper"], "Of pix2pix: see Pix2Pix.")
    given.define_bool("overwrite", "Replace a model that was imported before.")
    cli.parse(given, argv, __doc__)

    files = tuple(Path(each) for each in (given.input, given.input_b_to_a) if each is not None)
    request = Request(
        given.family, files, Path(given.output), given.key, given.inference, given.overwrite
    )
    with opened(request) as sources:
        cli.quiet_tensorflow()
        from tfgan_zoo.run.importing import import_opened

        made = import_opened(request, sources)
    print(f"{made.model}: {made.text}: {made.path}")


if __name__ == "__main__":
    cli.run(main)
