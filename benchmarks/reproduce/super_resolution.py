"""Rows of SRGAN's table 2 that need no network: enlargement by four of Set5 and Set14.

Ledig et al. 2017, https://arxiv.org/abs/1609.04802: PSNR and SSIM of luma without a border of 4
pixels, SSIM as in the paper, which used daala's. `benchmarks.super_resolution` scores networks.
"""

from absl import flags

from benchmarks import common
from benchmarks.reproduce.experiment import verdict

#: (set, enlarged by) -> (PSNR, SSIM), as published.
PUBLISHED = {
    ("Set5", "nearest"): (26.26, 0.7552),
    ("Set5", "bicubic"): (28.43, 0.8211),
    ("Set14", "nearest"): (24.64, 0.7100),
    ("Set14", "bicubic"): (25.99, 0.7486),
    ("BSD100", "nearest"): (25.02, 0.6606),
    ("BSD100", "bicubic"): (25.94, 0.6935),
}
BANDS = (0.02, 0.002)


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list(
        "sets", None, "Comma-separated NAME=SOURCE for Set5, Set14, BSD100.", given, required=True
    )


def run(given: flags.FlagValues) -> str:
    """Scores each set, enlarged both ways; returns the table."""
    from tfgan_zoo.data import open_super_resolution
    from tfgan_zoo.errors import InputError
    from tfgan_zoo.evaluation import BASELINES, baseline, enlarged, score_images

    known = sorted({name for name, _ in PUBLISHED})
    lines = [
        f"Within {BANDS[0]} dB and {BANDS[1]}; {common.where()}.",
        "",
        "| set | enlarged by | PSNR | published | | SSIM (daala) | published | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, _, source in (entry.partition("=") for entry in given.sets):
        if name not in known or not source:
            raise InputError(f"--sets: expected NAME=SOURCE, of {', '.join(known)}, got {name!r}.")
        opened = open_super_resolution(source, "train", scale=4)
        for way in sorted(BASELINES, reverse=True):
            images = enlarged(opened, baseline(way, 4))
            psnr, ssim = score_images(images, ("psnr", "ssim_daala")).means().values()
            best_psnr, best_ssim = PUBLISHED[name, way]
            # Both as printed, because the published figures are rounded too.
            lines.append(
                f"| {name} | {way} | {psnr:.2f} | {best_psnr:.2f} | "
                f"{verdict(round(psnr, 2), best_psnr, BANDS[0])} | {ssim:.4f} | {best_ssim:.4f} | "
                f"{verdict(round(ssim, 4), best_ssim, BANDS[1])} |"
            )
    return "\n".join(lines)
