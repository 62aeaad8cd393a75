"""Writes a page about training runs: curves, samples, scores, configs.

  python -m tfgan_zoo.report --workdir=runs/dcgan
  python -m tfgan_zoo.report --workdir=runs/a --workdir=runs/b --output=compared.html
  python -m tfgan_zoo.report --workdir=runs/dcgan --interpolate --overwrite

The page is one HTML file that needs no network, to be opened in any browser, sent or printed; by
default report.html in the first run folder. Several runs are overlaid. A run may still be going on.
--interpolate adds walks between latents, for which the models are loaded; of a model that draws
texts, between those of --text.
"""

from pathlib import Path
from typing import Any

from absl import flags

from tfgan_zoo import atomic, cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Gathers and writes."""
    given = flags.FlagValues()
    flags.DEFINE_multi_string("workdir", None, "A run folder.", given, required=True)
    flags.DEFINE_string("output", None, "An .html; report.html in the run folder.", given)
    flags.DEFINE_bool("interpolate", False, "Show what lies between samples.", given)
    flags.DEFINE_multi_string("text", [], "What to walk between; two or more.", given)
    flags.DEFINE_integer("seed", 0, "Of the walks' latents.", flag_values=given)
    flags.DEFINE_bool("overwrite", False, "Replace what --output names.", given)
    cli.parse(given, argv, __doc__)

    from tfgan_zoo import reporting

    output = Path(given.output or Path(given.workdir[0]) / "report.html").expanduser()
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--output: expected an .html, got {given.output!r}.")
    atomic.check_name(output, "--output")
    runs = reporting.gather(given.workdir)
    if output.exists() and not given.overwrite:
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")
    walks = []
    if given.interpolate:
        cli.quiet_tensorflow()
        walks = [
            reporting.Walk(i, *walk(workdir, given.text, given.seed))
            for i, workdir in enumerate(given.workdir)
        ]
    page = reporting.render(runs, walks)
    reporting.write_page(output, page)
    print(f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}, {len(page) / 1e6:.1f} MB: {output}")


def walk(workdir: str, texts: list[str], seed: int, num: int = 6, frames: int = 12) -> Any:
    """Walks between samples of a run's best weights.

    Returns:
        (between what, uint8 images of shape (num, frames, height, width, channels)).

    Raises:
        InputError: if the run has no checkpoint, or its model nothing to walk between.
    """
    from tfgan_zoo import pictures
    from tfgan_zoo.models import GANCLS, ImageToImage
    from tfgan_zoo.run import experiment
    from tfgan_zoo.tasks import drawing

    model = experiment.load_run(workdir)
    if isinstance(model, GANCLS):
        if len(texts) < 2:
            raise InputError(f"--text: expected two or more to walk between, for {workdir!r}.")
        return " \u2192 ".join(texts), drawing.draw_between(model, texts, frames, num, seed)
    if isinstance(model, ImageToImage) or len(model.image_shape) != 3:
        raise InputError(f"--interpolate: {workdir!r} draws no images from latents; leave it out.")
    latents = pictures.walk(model.sample_latents(num + 1, seed), frames)
    images = pictures.to_uint8(model.generate(latents=latents))
    return "between latents", images.reshape(num, frames, *images.shape[1:])


if __name__ == "__main__":
    cli.run(main)
