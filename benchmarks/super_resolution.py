"""Scores enlargement by four: interpolation and the two stages of SRGAN.

  python -m benchmarks.super_resolution --srresnet=runs/srresnet_t91 --srgan=runs/srgan_t91 \\
      --sets=Set5=folder:Set5,Set14=folder:Set14 --output=docs/results.md --sheet=sheet.png

Each set consists of pairs of images, as for `tfgan_zoo.evaluate`. Scores are computed on luma,
without
a border of 4 pixels. Prints the table and, with --output, puts it into a Markdown file between the
lines
`<!-- super_resolution:begin -->` and `<!-- super_resolution:end -->`. The sheet shows the middle of
some images of the first set, with PSNR and SSIM of the whole image under each.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import common
from tfgan_zoo import cli

_SRRESNET = flags.DEFINE_string("srresnet", "runs/srresnet_t91", "A finished run.")
_SRGAN = flags.DEFINE_string("srgan", "runs/srgan_t91", "A finished run.")
_SETS = flags.DEFINE_list("sets", None, "Comma-separated NAME=SOURCE.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/results.md.")
_SHEET = flags.DEFINE_string("sheet", None, "A .png file for the sheet.")
_SIDE = flags.DEFINE_integer("side", 200, "Pixels that the sheet shows of an image's side.")

_METRICS = ("psnr", "ssim", "ssim_daala")


def main(argv: list[str]) -> None:
    """Scores the models, draws the sheet and writes the table."""
    del argv
    cli.quiet_tensorflow()
    from tfgan_zoo import pictures
    from tfgan_zoo.data import load_pair, open_super_resolution
    from tfgan_zoo.evaluation import baseline, by_model, enlarged, score_images
    from tfgan_zoo.run import experiment

    runs = {"SRResNet": _SRRESNET.value, "SRGAN": _SRGAN.value}
    models = {name: experiment.load_run(run) for name, run in runs.items()}
    ways = {
        "nearest": baseline("nearest", 4),
        "bicubic": baseline("bicubic", 4),
        **{name: by_model(model) for name, model in models.items()},
    }
    steps = ", ".join(f"{name} {model.steps_done:,}" for name, model in models.items())
    lines = [
        f"Steps: {steps}; {common.where()}.",
        "",
        "| set | enlarged by | PSNR | SSIM | SSIM (daala) |",
        "|---|---|---|---|---|",
    ]
    sheet: list[tuple[str, np.ndarray]] = []
    for i, (name, source) in enumerate(entry.split("=", 1) for entry in _SETS.value):
        opened = open_super_resolution(source, "train", scale=4)
        scores = {way: score_images(enlarged(opened, f), _METRICS) for way, f in ways.items()}
        for way, found in scores.items():
            psnr, ssim, daala = found.means().values()
            lines.append(f"| {name} | {way} | {psnr:.2f} | {ssim:.4f} | {daala:.4f} |")
        for j in range(len(opened.hr) if i == 0 and _SHEET.value else 0):
            small, large = load_pair(opened, j)
            for way in list(ways)[1:]:
                psnr, ssim, _ = scores[way].values[j]
                label = f"{way} {psnr:.2f}/{ssim:.3f}"
                sheet.append((label, middle(ways[way](small), _SIDE.value)))
            sheet.append(("original", middle(large, _SIDE.value)))
    common.show("\n".join(lines), _OUTPUT.value, "super_resolution")
    if sheet:
        labels, images = zip(*sheet, strict=True)
        picture = pictures.labelled_grid(labels, np.stack(images), columns=4)
        pictures.save_png(Path(_SHEET.value), picture)


def middle(image: np.ndarray, side: int) -> np.ndarray:
    """Returns the middle of an image, as RGB."""
    top, left = ((n - side) // 2 for n in image.shape[:2])
    part = image[top : top + side, left : left + side]
    return np.repeat(part, 3, axis=-1) if part.shape[-1] == 1 else part


if __name__ == "__main__":
    app.run(main)
