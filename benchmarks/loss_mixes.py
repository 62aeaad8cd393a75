"""Trains pix2pix with other losses for equally many steps: facades from labels at 128x128.

  python -m benchmarks.loss_mixes --facades=folder:FACADES
  python -m benchmarks.loss_mixes --facades=folder:FACADES --steps=20000 --output=docs/results.md

The folder has images side by side, the photograph on the left and its labels on the right. All runs
are of the recipe `pix2pix_facades_features`, which needs pip install 'tfgan_zoo[imagenet]':

  L1             the mean absolute difference alone
  + features     and squared differences in block2 and block3 of EfficientNet-Lite0
  + TV           and total variation
  + GAN          and the game against a discriminator, in the paper's proportion to L1, 1 to 100

Finished runs in --workdir are only scored, on pairs that training has not seen. Prints the table
and, with --output, puts it into a Markdown file between the lines `<!-- loss_mixes:begin -->` and
`<!-- loss_mixes:end -->`. The sheet is `loss_mixes.png` in --workdir.

KID is that of the pooled features of EfficientNet-Lite0: with tens of images, FID is mostly bias.
"""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

_RECIPE = "pix2pix_facades_features"
_SIDE = 128
#: Facades on the sheet.
_ROWS = 6
_LAYERS = ("block2", "block3", "block5")


def mixes(gan_weight: float) -> dict[str, dict[str, Any]]:
    """Returns the entries of `model_args` that differ from the recipe's, by the name of the mix."""
    return {
        "L1": {"feature_weight": 0.0, "tv_weight": 0.0},
        "+ features": {"tv_weight": 0.0},
        "+ TV": {},
        "+ GAN": {"gan_weight": gan_weight},
    }


def folder_of(mix: str) -> str:
    """Returns the name of a run folder."""
    return f"loss_mix_{mix.removeprefix('+ ').lower()}"


def main(argv: list[str]) -> None:
    """Trains the models, draws the sheet and writes the table."""
    given = cli.Flags()
    given.define_string("facades", "folder:datasets/facades", "Source of pairs.")
    given.define_string("train_split", "train[:360]", "Split to train on.")
    given.define_string("test_split", "train[360:]", "Split to score on.")
    given.define_string("workdir", "runs", "Folder of the run folders and the sheet.")
    given.define_integer("steps", 8000, "Steps of each run.")
    given.define_float("gan_weight", 0.01, "Weight of the adversarial loss; L1 has 1.")
    given.define_string("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    common.check_places(given.output, "loss_mixes")
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    from benchmarks import feature_distances
    from tfgan_zoo import losses, pictures
    from tfgan_zoo.data import load_pairs, open_domains
    from tfgan_zoo.metrics import kernel_distance, sliced_wasserstein
    from tfgan_zoo.metrics.features import open_features
    from tfgan_zoo.networks import feature_network

    (_, seen), (labels, wanted) = (
        load_pairs(
            open_domains(given.facades, split, layout="side_by_side", direction="b_to_a"),
            image_size=_SIDE,
        )
        for split in (given.train_split, given.test_split)
    )
    made, costs = {}, {}
    for mix, args in mixes(given.gan_weight).items():
        entries = {
            "data.source": given.facades,
            "data.split": given.train_split,
            "evaluate.split": given.test_split,
            "evaluate.samples": len(labels),
            **{f"model_args.{key}": value for key, value in args.items()},
        }
        model, workdir = common.trained(given, _RECIPE, folder_of(mix), entries, "last")
        made[mix] = pictures.to_uint8(model.translate(labels))
        costs[mix] = common.cost(workdir, model.steps_done)
    made["photographs"], costs["photographs"] = wanted, " | | "
    network = feature_network(f"efficientnet_lite0:{','.join(_LAYERS)}")
    pooled = open_features("efficientnet_lite0")
    # Distances are to the photographs of the training split: equal images have none.
    real, x = np.asarray(pooled(seen)[0]), pictures.from_uint8(seen)
    size = min(len(seen), len(wanted)) // 2
    lines = [
        f"{len(labels)} held-out facades; {common.where()}.",
        "",
        "| loss | MAE | SWD | KID | block2 + block3 | block5 | TV | steps | time | images/s |",
        f"|{'---|' * 10}",
    ]
    for mix, images in made.items():
        y = pictures.from_uint8(images)
        error = np.abs(images.astype(float) - wanted).mean() / 255
        swd = sliced_wasserstein(y, x)
        kid, _ = kernel_distance(real, np.asarray(pooled(images)[0]), subset_size=size)
        *compared, other = feature_distances.mean_squares(network, images, wanted)
        roughness = float(losses.total_variation(y, beta=1.0))
        lines.append(
            f"| {mix} | {error:.3f} | {swd:.3f} | {kid:.3f} | {sum(compared):.1f} | {other:.1f} | "
            f"{roughness:.4f} | {costs[mix]} |"
        )
    titles = ["labels", *made]
    columns = [images[:_ROWS] for images in (labels, *made.values())]
    pictures.save_png(Path(given.workdir) / "loss_mixes.png", pictures.titled_rows(titles, columns))
    common.show("\n".join(lines), given.output, "loss_mixes")


if __name__ == "__main__":
    cli.run(main)
