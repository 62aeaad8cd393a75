"""Draws figures of lectures on GANs with the models of the zoo.

  python -m benchmarks.gallery --list
  python -m benchmarks.gallery saturation rotation --output=docs/gallery
  python -m benchmarks.gallery interpolation --workdir=runs/dcgan --output=docs/gallery

Without names, draws all figures that need no finished run. Each is written to --output as NAME.png
or NAME.gif, and the page beside that folder, such as docs/gallery.md, shows all figures there.
Matplotlib is needed: pip install 'tfgan_zoo[docs]'.
"""

import datetime
import time
from pathlib import Path

from absl import flags

from benchmarks.gallery import page, style
from benchmarks.gallery.catalogue import FIGURES
from benchmarks.gallery.figure import Drawn
from tfgan_zoo import cli
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import did_you_mean


def main(argv: list[str]) -> None:
    """Draws the figures that the arguments name."""
    given = flags.FlagValues()
    flags.DEFINE_string("output", "runs/gallery", "Folder of the pictures.", given)
    flags.DEFINE_string("workdir", None, "A finished run, for figures that need one.", given)
    flags.DEFINE_bool("list", False, "Print names and titles, and draw nothing.", given)
    names = [word for word in argv if not word.startswith("-")]
    cli.parse(given, [word for word in argv if word.startswith("-")], __doc__)
    if given.list:
        for name, figure in FIGURES.items():
            needs = f" (needs a run of {figure.recipe})" if figure.recipe else ""
            print(f"{name:20} {figure.title}{needs}")
        return
    for name in names:
        if name not in FIGURES:
            raise InputError(
                f"NAME: expected figures that --list prints, got {name!r}"
                f"{did_you_mean(name, FIGURES)}."
            )
    chosen = names or [name for name, figure in FIGURES.items() if not figure.recipe]
    for name in chosen:
        if FIGURES[name].recipe and given.workdir is None:
            raise InputError(
                f"--workdir: expected a finished run of {FIGURES[name].recipe} for {name}, got "
                f"none; train one by python -m tfgan_zoo.train --config={FIGURES[name].recipe}."
            )
    with style.settings():
        cli.quiet_tensorflow()
        for name in chosen:
            draw(name, Path(given.output), given.workdir)


def draw(name: str, folder: Path, workdir: str | None = None) -> None:
    """Draws a figure into a folder, and renews the page beside it."""
    figure = FIGURES[name]
    print(f"{name}: {figure.title} ...", flush=True)
    start = time.process_time()
    drawn = figure.draw(*[Path(workdir or "")][: bool(figure.recipe)])
    style.save(folder / figure.file(name), drawn, figure.milliseconds)
    took = Drawn(round(time.process_time() - start, 1), str(datetime.date.today()))
    page.record(folder, name, took)
    page.write(folder)
    size = (folder / figure.file(name)).stat().st_size
    print(f"{name}: {took.seconds:g} s, {size / 1000:.0f} kB, {folder / figure.file(name)}")


if __name__ == "__main__":
    cli.run(main)
