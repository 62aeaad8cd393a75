"""Writes a page about training runs: curves, samples, scores, configs.

  python -m tfgan_zoo.report --workdir=runs/dcgan
  python -m tfgan_zoo.report --workdir=runs/a --workdir=runs/b --output=compared.html
  python -m tfgan_zoo.report --workdir=runs/dcgan --interpolate --overwrite

The page is one HTML file that needs no network: open it in any browser, send it, print it. By
default it is report.html in the first run folder. Several runs are overlaid, and a run may still be
training. --interpolate adds walks between latents, for which the models are loaded; for a model
that draws texts, walks between those of --text.
"""

from pathlib import Path

from tfgan_zoo import atomic, cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Gathers and writes the page."""
    given = cli.Flags()
    given.define_strings("workdir", "A run folder; may be repeated.", required=True)
    given.define_string("output", None, "An .html; by default report.html in the first run folder.")
    given.define_bool("interpolate", "Show walks between samples.")
    given.define_strings("text", "With --interpolate: texts to walk between, two or more.")
    given.define_integer("seed", 0, "Seed of the walks' latents.")
    given.define_bool("overwrite", "Replace the output if it exists.")
    cli.parse(given, argv, __doc__)

    from tfgan_zoo import reporting

    output = Path(given.output or Path(given.workdir[0]) / "report.html").expanduser()
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--output: expected an .html, got {given.output!r}.")
    atomic.check_output(output)
    runs = reporting.gather(given.workdir)
    if output.exists() and not given.overwrite:
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")
    walks = []
    if given.interpolate:
        cli.quiet_tensorflow()
        from tfgan_zoo.run.drawing import walk_run

        for i, workdir in enumerate(given.workdir):
            walks.append(reporting.Walk(i, *walk_run(workdir, given.text, given.seed)))
    page = reporting.render(runs, walks)
    reporting.write_page(output, page)
    print(f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}, {len(page) / 1e6:.1f} MB: {output}")


if __name__ == "__main__":
    cli.run(main)
