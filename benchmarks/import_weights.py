"""Compares imported networks with PyTorch's, for every family and two sizes of images.

  python -m benchmarks.import_weights --torch_python=/path/to/venv/bin/python \
      --output=docs/importing.md

`import_weights_torch` builds the networks in PyTorch, with random weights, and saves them as their
authors' code does. `tfgan_zoo.import_weights` makes models of the files, and these translate the
same images. Prints the table and, with --output, puts it into a Markdown file between the lines
`<!-- import_weights:begin -->` and `<!-- import_weights:end -->`.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: The largest difference allowed.
TOLERANCE = 1e-4

_HEADER = """\
| family | network | numbers | sizes of images | spread of results | largest difference |
|---|---|---|---|---|---|"""


def row(file: Path, folder: Path) -> str:
    """Imports a file and compares results; returns a line of the table.

    Args:
        file: The weights; beside them a .npz of images and PyTorch's results.
        folder: Where to import to.
    """
    from tfgan_zoo.importing import FAMILIES
    from tfgan_zoo.run import import_weights, load_run

    family = file.name.partition(".")[0]
    made = import_weights(family, file, folder / file.stem)
    model = load_run(made.path)
    pairs = np.load(file.with_suffix(".npz"))
    apart, spread, sizes = 0.0, [], []
    for i in (0, 1):
        images, expected = pairs[f"images_{i}"], pairs[f"results_{i}"]
        if FAMILIES[family].enlarges:  # from [0, 1] to the range of all models here
            images, expected = 2 * images - 1, 2 * expected - 1
        found = model.translate(images)
        if found.shape != expected.shape:
            raise SystemExit(f"{file.stem}: expected shape {expected.shape}, got {found.shape}.")
        apart = max(apart, float(np.max(np.abs(found - expected))))
        spread.append(float(expected.std()))
        sizes.append("x".join(map(str, images.shape[1:3])))
    if not apart <= TOLERANCE:
        raise SystemExit(f"{file.stem}: expected differences up to {TOLERANCE}, got {apart:.2g}.")
    text, _, numbers = made.text.rpartition("; ")
    scale = f", x{model.scale}" if model.scale > 1 else ""
    return (
        f"| `{family}` | {text.partition(', from ')[0]}{scale} | "
        f"{numbers.removesuffix(' numbers')} | {', '.join(sizes)} | {np.mean(spread):.2f} | "
        f"{apart:.1e} |"
    )


def main(argv: list[str]) -> None:
    """Makes the files, imports them, and writes the table."""
    given = cli.Flags()
    given.define_path("torch_python", None, "A Python with PyTorch.", required=True)
    given.define_path("output", None, "A Markdown file, such as docs/importing.md.")
    cli.parse(given, argv, __doc__)
    common.check_places(given.output, "import_weights")
    common.check_torch(given.torch_python)
    cli.quiet_tensorflow()
    script = Path(__file__).with_name("import_weights_torch.py")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([given.torch_python, str(script), folder], check=True)
        version = Path(folder, "version").read_text()
        for file in sorted(Path(folder).glob("*.pth")):
            lines.append(row(file, Path(folder) / "imported"))
            print(lines[-1], flush=True)
            file.unlink()
    intro = f"{common.where()}; float32; PyTorch {version} in evaluation mode."
    common.show("\n".join([intro, "", _HEADER, *lines]), given.output, "import_weights")


if __name__ == "__main__":
    cli.run(main)
